/* git: runs the program itself, never a shell: a message may hold anything. */
#include "git.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

#define WORDS_MAX 32

extern char **environ;

/* The exit status of git with these words; -1: it could not be run. */
static int run(const char *const *words, bool quiet)
{
    posix_spawn_file_actions_t files;
    int status, rc;
    pid_t pid;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, 2, 1); /* stdout is the command's own */
    if (quiet) {
        posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    }
    rc = posix_spawnp(&pid, "git", &files, NULL, (char *const *)words, environ);
    posix_spawn_file_actions_destroy(&files);
    if (rc != 0) {
        complain("git cannot be run: %s", strerror(rc));
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Appends the files that are there. */
static size_t add_files(const char **words, size_t n, const char *dir,
                        const char *const *files)
{
    char path[4096];

    words[n++] = "--";
    for (; *files && n < WORDS_MAX - 1; files++) {
        snprintf(path, sizeof(path), "%s/%s", dir, *files);
        if (access(path, F_OK) == 0)
            words[n++] = *files;
    }
    words[n] = NULL;
    return n;
}

int git_commit(const char *dir, const char *const *files, const char *message)
{
    const char *who[] = {"git", "-C", dir, "config", "--get", "user.email", NULL};
    const char *words[WORDS_MAX] = {"git", "-C", dir, "add", "-f"};
    size_t n = add_files(words, 5, dir, files);
    int rc;

    if (words[n - 1][0] == '-') /* none is there */
        return 0;
    if (run(words, false) != 0)
        return -1;
    words[3] = "diff";
    words[4] = "--cached";
    words[5] = "--quiet";
    add_files(words, 6, dir, files);
    rc = run(words, false);
    if (rc == 0)
        return 0;
    if (rc != 1)
        return -1;
    n = 3;
    if (run(who, true) != 0) {
        words[n++] = "-c";
        words[n++] = "user.name=tocsin";
        words[n++] = "-c";
        words[n++] = "user.email=tocsin@localhost";
    }
    words[n++] = "commit";
    words[n++] = "--quiet";
    words[n++] = "-m";
    words[n++] = message;
    add_files(words, n, dir, files);
    return run(words, false) == 0 ? 1 : -1;
}
