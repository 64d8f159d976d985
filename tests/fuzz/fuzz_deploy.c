/*
 * Requests for a deploy: what the agent's folder has may be anything. What is taken has an id
 * and a ref that mean nothing to a shell, to a path or to git's options.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "deploy_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct deploy_request request;
    const char *why = NULL;

    if (deploy_request_parse((const char *)data, size, &request, &why) == 0) {
        hold(size <= DEPLOY_REQUEST_MAX);
        hold(strlen(request.id) == 36 && strspn(request.id, "0123456789abcdef-") == 36);
        hold(strlen(request.ref) < DEPLOY_REF_SIZE);
        hold(!strpbrk(request.ref, " \t\r\n~^:?*[]\\'\"`$;&|<>(){}!#%@=,"));
        hold(!strstr(request.ref, "..") && !strstr(request.ref, "//"));
        hold(!*request.ref ||
             (request.ref[0] != '-' && request.ref[0] != '/' && request.ref[0] != '.'));
        (void)deploy_ref_allowed("main release/* v*", request.ref);
    }
    else {
        hold(why && *why && !request.id[0] && !request.ref[0]);
    }
    return 0;
}
