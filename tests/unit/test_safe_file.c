/* safe_file: what is refused, what a crash leaves, what two writers do. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <cmocka.h>

#include "safe_file.h"

#define TRIES 1000

static char base[] = "/tmp/tocsin-safe.XXXXXX";
static struct safe_rule mine = {.nowners = 1, .max = 1 << 20};

static const char *in(const char *name)
{
    static char path[4][PATH_MAX];
    static int turn;

    turn = (turn + 1) % 4;
    snprintf(path[turn], PATH_MAX, "%s/%s", base, name);
    return path[turn];
}

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int make(void **)
{
    mine.owner[0] = geteuid();
    assert_non_null(mkdtemp(base));
    assert_int_equal(mkdir(in("app"), 0755), 0);
    put(in("app/.env"), "A=1\n");
    return 0;
}

static int drop(void **)
{
    char command[PATH_MAX + 10];

    snprintf(command, sizeof(command), "rm -r %s", base);
    return system(command);
}

static int read_it(const char *path, const struct safe_rule *rule, struct safe_file *file,
                   struct safe_fail *fail)
{
    struct safe_place place;
    int r;

    memset(file, 0, sizeof(*file));
    memset(fail, 0, sizeof(*fail));
    if (safe_open(&place, path, fail))
        return -1;
    r = safe_read(&place, rule, file, fail);
    safe_close(&place);
    return r;
}

static int write_it(const char *path, const char *bytes, size_t n, char stamp[SAFE_STAMP_SIZE],
                    struct safe_fail *fail)
{
    struct safe_place place;
    struct safe_file old = {0};
    int r;

    if (safe_open(&place, path, fail))
        return -1;
    r = safe_read(&place, &mine, &old, fail);
    if (!r)
        r = safe_replace(&place, &old, bytes, n, 5, stamp, fail);
    free(old.bytes);
    safe_close(&place);
    return r;
}

/* ---- the table of what must not be read, nor written through */

static const struct {
    const char *path; /* in the base folder, unless it begins with '!' */
    int status;
    const char *says;
} hostile[] = {
    {"app/../app/.env", 403, "must be absolute"},
    {"app//.env", 403, "must be absolute"},
    {"app/./.env", 403, "must be absolute"},
    {"app/", 403, "must be absolute"},
    {"!app/.env", 403, "must be absolute"},
    {"!/", 403, "must be absolute"},
    {"link", 403, "is a link"},
    {"dangling", 403, "is a link"},
    {"linked/.env", 403, "a link stands in the file's path"},
    {"app/.env/x", 403, "a link stands in the file's path, or what is no folder"},
    {"gone/.env", 409, "folder does not exist"},
    {"fifo", 403, "not a plain file"},
    {"app", 403, "not a plain file"},
    {"socket", 403, "not a plain file"},
    {"!/dev/null", 403, "not a plain file"},
    {"!/proc/self/environ", 403, ""},
    {"hard", 403, "hard link"},
    {"huge", 413, "larger than"},
    {"open/.env", 403, "everybody may write"},
};

static void make_hostile(void)
{
    assert_int_equal(symlink(in("app/.env"), in("link")), 0);
    assert_int_equal(symlink("/nowhere", in("dangling")), 0);
    assert_int_equal(symlink(in("app"), in("linked")), 0);
    assert_int_equal(mkfifo(in("fifo"), 0600), 0);
    assert_int_equal(mknod(in("socket"), S_IFSOCK | 0600, 0), 0);
    put(in("hard"), "A=1\n");
    assert_int_equal(link(in("hard"), in("hard2")), 0);
    put(in("huge"), "");
    assert_int_equal(truncate(in("huge"), (1 << 20) + 1), 0);
    assert_int_equal(mkdir(in("open"), 0755), 0);
    assert_int_equal(chmod(in("open"), 0777), 0);
    put(in("open/.env"), "A=1\n");
}

static void what_is_no_plain_file_of_ours_is_refused(void **state)
{
    char stamp[SAFE_STAMP_SIZE];

    if (!state || !*state)
        make_hostile();
    alarm(20); /* nothing waits for a FIFO's other end */
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        const char *path =
            hostile[i].path[0] == '!' ? hostile[i].path + 1 : in(hostile[i].path);
        struct safe_fail fail;
        struct safe_file file;

        if (read_it(path, &mine, &file, &fail) == 0)
            fail_msg("%s was read", path);
        if (fail.status != hostile[i].status || !strstr(fail.text, hostile[i].says))
            fail_msg("%s: %d %s", path, fail.status, fail.text);
        free(file.bytes);
        assert_int_equal(write_it(path, "X=1\n", 4, stamp, &fail), -1);
    }
    alarm(0);
}

static void an_old_kernel_refuses_the_same(void **)
{
    static int again = 1;
    void *state = &again;

    safe_old_kernel = true;
    what_is_no_plain_file_of_ours_is_refused(&state);
    safe_old_kernel = false;
}

static void foreign_owners_are_refused(void **)
{
    struct safe_rule others = {.owner = {geteuid() + 1}, .nowners = 1, .max = 100};
    struct safe_fail fail;
    struct safe_file file;

    assert_int_equal(read_it(in("app/.env"), &others, &file, &fail), -1);
    assert_int_equal(fail.status, 403);
    assert_non_null(strstr(fail.text, "env_owner"));
}

/* ---- writing */

static void owner_mode_and_attributes_stay(void **)
{
    struct safe_fail fail = {0};
    char stamp[SAFE_STAMP_SIZE], value[8] = "";
    struct stat before, after;
    bool attributes;

    put(in("kept"), "A=1\n");
    assert_int_equal(chmod(in("kept"), 0604), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(in("kept"), 0, 33), 0);
        assert_int_equal(chmod(in("kept"), 0604), 0);
    }
    attributes = setxattr(in("kept"), "user.why", "test", 4, 0) == 0;
    assert_int_equal(stat(in("kept"), &before), 0);
    assert_int_equal(write_it(in("kept"), "A=2\n", 4, stamp, &fail), 0);
    assert_int_equal(stat(in("kept"), &after), 0);
    assert_int_equal(before.st_mode, after.st_mode);
    assert_int_equal(before.st_uid, after.st_uid);
    assert_int_equal(before.st_gid, after.st_gid);
    assert_true(before.st_ino != after.st_ino);
    if (attributes)
        assert_int_equal(getxattr(in("kept"), "user.why", value, sizeof(value)), 4);
}

static void a_new_file_is_for_its_owner_alone(void **)
{
    struct safe_fail fail = {0};
    char stamp[SAFE_STAMP_SIZE];
    struct stat st;

    assert_int_equal(write_it(in("app/new"), "A=1\n", 4, stamp, &fail), 0);
    assert_string_equal(stamp, "");
    assert_int_equal(stat(in("app/new"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_nlink, 1);
}

static void backups_are_kept_listed_and_pruned(void **)
{
    struct safe_fail fail = {0};
    struct safe_backup *list;
    struct safe_place place;
    struct safe_file old;
    char stamp[SAFE_STAMP_SIZE], last[SAFE_STAMP_SIZE] = "", text[20];
    struct stat st;

    put(in("app/b"), "N=0\n");
    put(in("app/b.c"), "other\n"); /* its backups are its own */
    assert_int_equal(write_it(in("app/b.c"), "x\n", 2, stamp, &fail), 0);
    for (int i = 1; i <= 9; i++) {
        snprintf(text, sizeof(text), "N=%d\n", i);
        assert_int_equal(write_it(in("app/b"), text, strlen(text), stamp, &fail), 0);
        assert_true(safe_stamp_ok(stamp));
        assert_true(strcmp(last, stamp) < 0);
        strcpy(last, stamp);
    }
    assert_int_equal(safe_open(&place, in("app/b"), &fail), 0);
    assert_int_equal(safe_backups(&place, &list, &fail), 5);
    assert_string_equal(list[0].stamp, last);
    assert_int_equal(safe_backup_read(&place, last, 1000, &old, &fail), 0);
    assert_string_equal(old.bytes, "N=8\n");
    free(old.bytes);
    assert_int_equal(safe_backup_read(&place, "../b", 1000, &old, &fail), -1);
    assert_int_equal(fail.status, 404);
    assert_int_equal(stat(in("app/.tocsin-backups"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    free(list);
    safe_close(&place);
}

static void a_foreign_backup_folder_is_not_used(void **)
{
    struct safe_fail fail = {0};
    char stamp[SAFE_STAMP_SIZE];

    assert_int_equal(mkdir(in("trap"), 0755), 0);
    put(in("trap/.env"), "A=1\n");
    assert_int_equal(symlink(in("app"), in("trap/.tocsin-backups")), 0);
    assert_int_equal(write_it(in("trap/.env"), "A=2\n", 4, stamp, &fail), -1);
    assert_int_equal(fail.status, 403);
}

static void what_changed_meanwhile_is_not_overwritten(void **)
{
    struct safe_fail fail = {0};
    struct safe_place place;
    struct safe_file old;
    char stamp[SAFE_STAMP_SIZE];

    put(in("app/m"), "A=1\n");
    assert_int_equal(safe_open(&place, in("app/m"), &fail), 0);
    assert_int_equal(safe_read(&place, &mine, &old, &fail), 0);
    put(in("app/m"), "A=7\n");
    assert_int_equal(safe_replace(&place, &old, "A=2\n", 4, 5, stamp, &fail), -1);
    assert_int_equal(fail.status, 412);
    free(old.bytes);
    safe_close(&place);
}

/* ---- crashes */

static int steps, die_at;

static void count_or_die(const char *)
{
    if (steps++ == die_at)
        kill(getpid(), SIGKILL);
}

/* Text number i: as many lines as it takes to need more than one write of a page. */
static size_t text_of(int i, char *out, size_t size)
{
    size_t n = 0;

    for (int line = 0; line < 100 + i % 400 && n + 40 < size; line++)
        n += (size_t)snprintf(out + n, size - n, "KEY_%d=value number %d\n", line, i);
    return n;
}

static void a_killed_writer_leaves_old_or_new(void **)
{
    static char text[1 << 16], was[1 << 16];
    char stamp[SAFE_STAMP_SIZE];
    struct safe_fail fail = {0};
    struct safe_file now;
    int all, old = 0, new = 0;
    size_t n;

    put(in("app/k"), "");
    n = text_of(0, was, sizeof(was));
    die_at = -1;
    safe_step = count_or_die;
    assert_int_equal(write_it(in("app/k"), was, n, stamp, &fail), 0);
    all = steps;
    for (int i = 1; i <= TRIES; i++) {
        size_t m = text_of(i, text, sizeof(text));
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            steps = 0;
            die_at = i % 4 ? i % all : 1000; /* each fourth is killed at any moment */
            write_it(in("app/k"), text, m, stamp, &fail);
            _exit(0);
        }
        if (i % 4 == 0) {
            usleep((useconds_t)(i * 7919 % 1500));
            kill(pid, SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(read_it(in("app/k"), &mine, &now, &fail), 0);
        if (now.n == m && !memcmp(now.bytes, text, m))
            new ++, memcpy(was, text, n = m);
        else if (now.n == n && !memcmp(now.bytes, was, n))
            old++;
        else
            fail_msg("try %d left %zu bytes, neither old nor new", i, now.n);
        free(now.bytes);
    }
    die_at = -1;
    assert_int_equal(write_it(in("app/k"), "A=1\n", 4, stamp, &fail), 0);
    assert_int_equal(access(in("app/.tocsin-backups/new.file"), F_OK), -1);
    assert_int_equal(access(in("app/.tocsin-backups/new.backup"), F_OK), -1);
    printf("%d tries at %d steps: %d left the old file, %d the new one\n", TRIES, all, old,
           new);
    assert_true(old > 100 && new > 100);
}

static void two_writers_do_not_mix(void **)
{
    struct safe_fail fail = {0};
    struct safe_file now;
    char stamp[SAFE_STAMP_SIZE], text[100];
    int status, won = 0;

    safe_step = count_or_die;
    die_at = -1;
    put(in("app/w"), "A=0\n");
    for (int i = 0; i < 8; i++)
        if (fork() == 0) {
            int ok = 0;

            for (int j = 0; j < 10; j++) {
                int n = snprintf(text, sizeof(text), "A=%d\nB=%d\nC=%d\n", i, i, i);

                ok += write_it(in("app/w"), text, (size_t)n, stamp, &fail) == 0;
            }
            _exit(ok);
        }
    while (wait(&status) > 0)
        won += WEXITSTATUS(status);
    assert_true(won > 0);
    assert_int_equal(read_it(in("app/w"), &mine, &now, &fail), 0);
    snprintf(text, sizeof(text), "A=%c\nB=%c\nC=%c\n", now.bytes[2], now.bytes[2],
             now.bytes[2]);
    assert_string_equal(now.bytes, text);
    free(now.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_plain_file_of_ours_is_refused),
        cmocka_unit_test(an_old_kernel_refuses_the_same),
        cmocka_unit_test(foreign_owners_are_refused),
        cmocka_unit_test(owner_mode_and_attributes_stay),
        cmocka_unit_test(a_new_file_is_for_its_owner_alone),
        cmocka_unit_test(backups_are_kept_listed_and_pruned),
        cmocka_unit_test(a_foreign_backup_folder_is_not_used),
        cmocka_unit_test(what_changed_meanwhile_is_not_overwritten),
        cmocka_unit_test(a_killed_writer_leaves_old_or_new),
        cmocka_unit_test(two_writers_do_not_mix),
    };

    return cmocka_run_group_tests(tests, make, drop);
}
