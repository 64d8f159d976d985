#include "title.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static char *start;
static size_t room;

void title_init(int argc, char **argv)
{
    start = argv[0];
    room = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - argv[0]);
}

void title_set(const char *role)
{
    char name[16];

    snprintf(name, sizeof(name), "tocsind:%.7s", role);
    prctl(PR_SET_NAME, name);
    if (!start)
        return;
    memset(start, 0, room);
    snprintf(start, room, "tocsind: %s", role);
}
