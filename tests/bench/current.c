/* current DIR T N: appends N checks that end at T to the archives of DIR and rebuilds
 * current.json, and says how many milliseconds each took. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store.h"

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    int n = argc == 4 ? atoi(argv[3]) : 0;
    struct reading *r = calloc((size_t)n + 1, sizeof(*r));
    char(*name)[16] = calloc((size_t)n + 1, sizeof(*name)), error[4400];
    long long t = argc == 4 ? atoll(argv[2]) : 0;
    double began, appended, done;
    struct store *s;

    if (!n || !r || !name || !(s = store_open(argv[1], true, 1000, error, sizeof(error))))
        return 1;
    for (int i = 0; i < n; i++) {
        snprintf(name[i], sizeof(name[i]), "service-%02d", i);
        r[i] = (struct reading){.t = t - n + i, .svc = name[i], .code = 200, .lat = 42};
    }
    began = now();
    if (store_append(s, r, (size_t)n) < 0)
        return 1;
    appended = now();
    if (store_current(s, t, false) < 0)
        return 1;
    done = now();
    printf("%.3f %.3f\n", appended - began, done - appended);
    store_close(s);
    free(r);
    free(name);
    return 0;
}
