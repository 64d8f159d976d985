/* The groups of verbs that the agent has. */
#include "agent.h"

const struct part *const parts[] = {
    &state_part,
    &env_part,
    NULL,
};
