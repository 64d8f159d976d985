/* Networks: /proc/net/dev without the loopback and the ends of containers' cables. */
#include "host.h"
#include "proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *host_nets(const struct conf *conf, struct host_rates *r, double seconds)
{
    struct host_rates fresh = {.n = 0};
    char *text = proc_all(conf, "/proc/net/dev", 1 << 18);
    json_t *all = json_array();

    for (const char *line = text; line && fresh.n < HOST_NETS_MAX; line = text_next(line)) {
        struct host_rate *now = &fresh.of[fresh.n], *before;
        unsigned long long in, in_errors, out, out_errors;
        char name[32];

        if (sscanf(line, " %31[^: \n]: %llu %*u %llu %*u %*u %*u %*u %*u %llu %*u %llu", name,
                   &in, &in_errors, &out, &out_errors) != 5 ||
            !strcmp(name, "lo") || !strncmp(name, "veth", 4))
            continue;
        before = host_rate(r, name);
        snprintf(now->name, sizeof(now->name), "%s", name);
        now->in = in;
        now->out = out;
        fresh.n++;
        json_array_append_new(
            all,
            json_pack("{s:s,s:o,s:o,s:I,s:I}", "name", name, "rx_bps",
                      host_per_second(before, before ? before->in : 0, in, seconds), "tx_bps",
                      host_per_second(before, before ? before->out : 0, out, seconds),
                      "rx_err", (json_int_t)in_errors, "tx_err", (json_int_t)out_errors));
    }
    free(text);
    *r = fresh;
    return all;
}
