/*
 * folder: the folders that the publisher makes below status_dir, one a page.
 *
 * A folder is ours by the file .page in it, and only such a one is ever written into or
 * taken away. No link is followed out of status_dir. Errors are sentences.
 */
#ifndef TOCSIND_FOLDER_H
#define TOCSIND_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#define FOLDER_ASSETS "assets" /* what all pages share: no page has this name */

/* As the database checks it; nothing else becomes part of a path. */
bool folder_name_ok(const char *slug);

/*
 * Makes ROOT/SLUG ours: makes it if need be, refuses one that is a link or that somebody
 * else filled, takes away links inside it and what a killed process left. With
 * `access` that is its .access file, readable for httpd's group only; it is there before
 * anything else is. `path` gets the folder. 0 or -1.
 */
int folder_take(const char *root, const char *slug, const char *access, char *path,
                size_t path_size, char *error, size_t size);

/* After the page was written: without `access` it has no .access any more. */
void folder_open_to_all(const char *path, const char *access);

/* Takes ROOT/SLUG away when it is ours. 1: done, 0: there is none of ours, -1: see error. */
int folder_remove(const char *root, const char *slug, char *error, size_t size);

/* Calls `each` for every folder of ours; it may remove it. */
void folder_each(const char *root, void (*each)(const char *slug, void *arg), void *arg);

#endif
