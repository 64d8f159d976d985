/*
 * words: what `tocsin-agent WORD` does; a row of main.c's table each.
 */
#ifndef AGENT_WORDS_H
#define AGENT_WORDS_H

#include "agent_conf.h"

/* What every word is given. argv[0] is the word itself. */
struct asked {
    const char *conf_path;
    bool own; /* --own: files may belong to who runs this, not only to root */
    int argc;
    char **argv;
};

/* Exit codes: 0, 1: it failed, said on stderr; 2: wrong use. */
int word_run(const struct asked *asked);
int word_check(const struct asked *asked);
int word_deploy(const struct asked *asked);
int word_env_helper(const struct asked *asked);
int word_enrol_request(const struct asked *asked);
int word_enrol_accept(const struct asked *asked);
int word_polkit(const struct asked *asked);
int word_version(const struct asked *asked);

/* conf_load, or its error on stderr as "FILE:LINE: rule" and -1. */
int asked_conf(const struct asked *asked, struct conf *conf);

#endif
