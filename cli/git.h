/*
 * git: commits files that a command has written, for `--commit`.
 */
#ifndef TOCSIN_CLI_GIT_H
#define TOCSIN_CLI_GIT_H

/*
 * Commits these files of a folder (those that are there) with a message, whatever else is
 * staged stays as it is. Without a committer in git's configuration it is "tocsin". 1:
 * committed, 0: nothing has changed, -1: git failed, which is said.
 */
int git_commit(const char *dir, const char *const *files, const char *message);

#endif
