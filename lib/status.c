#include "status.h"

static const char *const names[] = {"unknown", "up",          "degraded",
                                    "down",    "maintenance", "paused"};

const char *status_name(int status)
{
    if (status < 0 || status > STATUS_PAUSED)
        status = STATUS_UNKNOWN;
    return names[status];
}
