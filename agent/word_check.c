#include "config.h"
#include "words.h"

#include <stdio.h>

int asked_conf(const struct asked *asked, struct conf *conf)
{
    struct conf_error e;

    if (conf_load(conf, asked->conf_path, asked->own, &e) == 0)
        return 0;
    if (e.line > 0)
        fprintf(stderr, "%s:%d: %s\n", asked->conf_path, e.line, e.text);
    else
        fprintf(stderr, "%s: %s\n", asked->conf_path, e.text);
    conf_drop(conf);
    return -1;
}

int word_check(const struct asked *asked)
{
    struct conf conf;

    if (asked_conf(asked, &conf))
        return 1;
    printf("%s: fine, %d app%s\n", asked->conf_path, conf.napps, conf.napps == 1 ? "" : "s");
    conf_drop(&conf);
    return 0;
}

int word_version(const struct asked *)
{
    puts("tocsin-agent " PACKAGE_VERSION);
    return 0;
}
