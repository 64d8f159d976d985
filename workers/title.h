/*
 * title: what ps(1) shows: "tocsind: checker".
 */
#ifndef TOCSIND_TITLE_H
#define TOCSIND_TITLE_H

/* Remember where the arguments stand; they are overwritten later. */
void title_init(int argc, char **argv);
void title_set(const char *role);

#endif
