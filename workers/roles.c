/* roles: what the master has processes for. A new role is a line here and a file. */
#include "role.h"

const struct role *const roles[] = {
    &role_scheduler, &role_checker,   &role_status, &role_notifier,
    &role_keeper,    &role_publisher, &role_export, &role_fleet,
    &role_gateway,   &role_demo,      NULL,
};
