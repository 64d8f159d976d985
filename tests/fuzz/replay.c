/*
 * replay: runs a fuzz target over the inputs that are kept, in `make check`.
 *
 * fuzz_NAME reads fuzz/corpus/NAME under $srcdir, or the files it is given. The same
 * target without this file is one for libFuzzer:
 *     clang -fsanitize=fuzzer,address,undefined -Ilib tests/fuzz/fuzz_NAME.c lib/….c
 */
#include <dirent.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each input is a block of its own, so that one byte too far is seen. */
static int run(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *all = malloc(INPUT_MAX);
    uint8_t *data;
    size_t n;

    if (!f || !all) {
        perror(path);
        exit(1);
    }
    n = fread(all, 1, INPUT_MAX, f);
    fclose(f);
    data = malloc(n ? n : 1);
    memcpy(data, all, n);
    free(all);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    const char *src = getenv("srcdir"), *name = strstr(basename(argv[0]), "fuzz_");
    char dir[2048], path[4096];
    struct dirent *e;
    DIR *d;
    int i, n = 0;

    for (i = 1; i < argc; i++)
        n += run(argv[i]);
    if (argc > 1 || !name)
        return n == 0;
    snprintf(dir, sizeof(dir), "%s/fuzz/corpus/%s", src ? src : ".", name + 5);
    if (!(d = opendir(dir))) {
        perror(dir);
        return 1;
    }
    while ((e = readdir(d)))
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
            n += run(path);
        }
    closedir(d);
    printf("[  PASSED  ] %d test(s).\n", n);
    return n == 0;
}
