/*
 * git_head: which commit a working tree is at, read from its files: no program is run, and a
 * tree that is not ours to read is not known.
 */
#ifndef AGENT_GIT_HEAD_H
#define AGENT_GIT_HEAD_H

#define GIT_HEAD_ID   65
#define GIT_HEAD_NAME 256

/* Both "" when it is not known; branch "" when the head is on none. */
void git_head(const char *dir, char id[GIT_HEAD_ID], char branch[GIT_HEAD_NAME]);

#endif
