/*
 * env_helper: `tocsin-agent env-helper`, one request on standard input, one answer.
 *
 * The service manager starts it as root for each connection to a socket that only the agent
 * may connect to (tocsin-env.socket). So the agent itself can neither read nor write a file
 * of an app, and what it may ask for is what root's configuration names. See
 * docs/decisions/env-files.md.
 */
#define _GNU_SOURCE
#include "buf.h"
#include "env_service.h"
#include "words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUEST_MAX (8 << 20)
#define SECONDS_MAX 20

/* Up to the line's end. */
static int read_request(buf *in)
{
    ssize_t got;

    while (in->len < REQUEST_MAX) {
        got = read(STDIN_FILENO, buf_room(in, 65536), 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        in->len += (size_t)got;
        if (in->data[in->len - 1] == '\n')
            return 0;
    }
    return -1;
}

static int write_answer(const char *text)
{
    size_t n = strlen(text);

    while (n > 0) {
        ssize_t put = write(STDOUT_FILENO, text, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return -1;
        text += put;
        n -= (size_t)put;
    }
    return 0;
}

int word_env_helper(const struct asked *asked)
{
    json_t *request = NULL, *answer;
    struct conf conf;
    char *text;
    buf in = {0};
    int r = 1;

    alarm(SECONDS_MAX); /* who does not end his sentence is not waited for */
    umask(077);
    if (asked_conf(asked, &conf))
        return 1;
    if (read_request(&in) == 0)
        request = json_loadb(in.data, in.len, 0, NULL);
    if (json_is_object(request)) {
        answer = env_serve(&conf, request);
        text = json_dumps(answer, JSON_COMPACT);
        r = text && write_answer(text) == 0 ? 0 : 1;
        free(text);
        json_decref(answer);
    }
    else {
        fprintf(stderr, "tocsin-agent: no request came\n");
    }
    json_decref(request);
    buf_free(&in);
    conf_drop(&conf);
    return r;
}
