/*
 * env_service: what may be asked about env files, and the answer. It knows no network; it
 * runs as who may read and write the files (see env_helper.c) and waits for the disk.
 */
#ifndef AGENT_ENV_SERVICE_H
#define AGENT_ENV_SERVICE_H

#include "agent_conf.h"

#include <jansson.h>

/*
 * request: {"op":"list|read|write|backups|backup|restore","app","file","stamp","reveal",
 * "if_match","dry_run":bool,"body":{…}}; what the op does not need may be missing.
 * Returns {"status":200,"etag":"…" or missing,"body":…}; never NULL.
 */
json_t *env_serve(const struct conf *conf, const json_t *request);

#endif
