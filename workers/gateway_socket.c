/*
 * gateway_socket: who may open it reaches every agent, so its mode is set before its name is
 * there. A new process takes the name over while the old one finishes what it has.
 */
#include "gateway_impl.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512

static int trouble(int fd, char *why, size_t size, const char *what, const char *path)
{
    snprintf(why, size, "%s '%s': %s", what, path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Given to the group only when it is not its already: some may not give at all. */
static int give(const char *path, const char *group)
{
    struct group *g = group ? getgrnam(group) : NULL;
    struct stat st;

    if (!group)
        return 0;
    if (!g) {
        errno = ESRCH;
        return -1;
    }
    if (stat(path, &st) == 0 && st.st_gid == g->gr_gid)
        return 0;
    return chown(path, (uid_t)-1, g->gr_gid);
}

int gateway_socket(const char *path, const char *group, char *why, size_t size)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;
    mode_t old;

    snprintf(at.sun_path, sizeof(at.sun_path), "%s.%d", path, (int)getpid());
    unlink(at.sun_path);
    old = umask(0177);
    r = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&at, sizeof(at));
    umask(old);
    if (r)
        return trouble(fd, why, size, "cannot make", at.sun_path);
    if (give(at.sun_path, group))
        r = trouble(fd, why, size, "fleet_socket_group: cannot give to the group", group);
    else if (chmod(at.sun_path, 0660) || listen(fd, BACKLOG) || rename(at.sun_path, path))
        r = trouble(fd, why, size, "cannot make", path);
    if (r)
        unlink(at.sun_path);
    return r ? -1 : fd;
}
