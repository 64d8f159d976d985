/* The groups of verbs that the agent has. */
#include "config.h"

#include "agent.h"

const char agent_version[] = PACKAGE_VERSION;

const struct part *const parts[] = {
    &state_part, &action_part, &env_part, &deploy_part, &log_part, NULL,
};
