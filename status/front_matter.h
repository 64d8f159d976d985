/*
 * front_matter: the YAML between two lines of "---" at the beginning of an issue.
 *
 *     ---
 *     start: "@tomorrow 2am UTC"        # quotes may be left out
 *     end: 2025-11-15T04:00:00Z
 *     systems: [api, database]          # or a list of lines, or one name
 *     ---
 *
 * Blank lines and those of a "# heading" may stand before it, any other text means that
 * there is none. The lines may be indented, may end in CRLF, and the last one may lack its
 * end. What is not known is ignored. Anchors, aliases and tags are refused: nothing here
 * refers to anything.
 */
#ifndef TOCSIN_FRONT_MATTER_H
#define TOCSIN_FRONT_MATTER_H

#include <stddef.h>

#include "arena.h"

#define FRONT_MATTER_MAX  16384 /* bytes between the lines */
#define FRONT_SYSTEMS_MAX 200
#define FRONT_VALUE_MAX   200 /* bytes of one value */

struct front_matter {
    const char *type, *start, *end; /* NULL: not there */
    const char **system;
    int systems;
    const char *rest; /* the text that follows, inside of the one given; all without one */
};

/*
 * 1: read; 0: there is none; -1: there is one that cannot be used, why is in error
 * ("line 3: ..."). rest is right in each case. Strings live in the arena.
 */
int front_matter_read(struct front_matter *out, struct arena **memory, const char *text,
                      char *error, size_t size);

#endif
