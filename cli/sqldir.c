#include "sqldir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "cli.h"

#define FILE_MAX (4 * 1024 * 1024)

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "re");
    char *text = NULL;
    long size;

    if (!in || fseek(in, 0, SEEK_END) || (size = ftell(in)) < 0 || fseek(in, 0, SEEK_SET)) {
        complain("cannot open '%s': %s", path, strerror(errno));
        goto out;
    }
    if (size > FILE_MAX) {
        complain("'%s' is larger than %d bytes", path, FILE_MAX);
        goto out;
    }
    text = malloc((size_t)size + 1);
    if (!text || fread(text, 1, (size_t)size, in) != (size_t)size) {
        complain("cannot read '%s': %s", path, strerror(errno));
        free(text);
        text = NULL;
        goto out;
    }
    text[size] = '\0';
out:
    if (in)
        fclose(in);
    return text;
}

static void checksum(const char *text, char hex[65])
{
    unsigned char digest[32] = {0};
    size_t i;

    EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL);
    for (i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

int sqllist_add_file(struct sqllist *list, const char *dir, const char *name)
{
    struct sqlfile *more = realloc(list->files, (list->count + 1) * sizeof(*more));
    struct sqlfile *file;
    char path[PATH_MAX];

    if (!more) {
        complain("out of memory");
        return -1;
    }
    list->files = more;
    file = &list->files[list->count];
    memset(file, 0, sizeof(*file));
    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path)) {
        complain("path too long: %s/%s", dir, name);
        return -1;
    }
    file->text = read_file(path);
    file->name = strdup(name);
    if (!file->text || !file->name) {
        free(file->text);
        free(file->name);
        return -1;
    }
    checksum(file->text, file->checksum);
    list->count++;
    return 0;
}

static int is_sql(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 4 && !strcmp(entry->d_name + len - 4, ".sql");
}

/* By bytes: the locale has no say in the order of migrations. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int sqllist_add(struct sqllist *list, const char *dir, const char *sub)
{
    char path[PATH_MAX];
    struct dirent **entries = NULL;
    int n, i, rv = 0;

    snprintf(path, sizeof(path), "%s/%s", dir, sub);
    n = scandir(path, &entries, is_sql, by_name);
    if (n < 0) {
        if (errno == ENOENT)
            return 0;
        complain("cannot read folder '%s': %s", path, strerror(errno));
        return -1;
    }
    for (i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", sub, entries[i]->d_name);
        if (rv == 0)
            rv = sqllist_add_file(list, dir, path);
        free(entries[i]);
    }
    free(entries);
    return rv;
}

int sqllist_number(struct sqllist *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        const char *base = strrchr(list->files[i].name, '/');
        int number = 0, used = 0;

        base = base ? base + 1 : list->files[i].name;
        if (sscanf(base, "%4d_%n", &number, &used) != 1 || used != 5) {
            complain("'%s' is not named NNNN_what.sql", list->files[i].name);
            return -1;
        }
        if (number != (int)i + 1) {
            complain("'%s' should have number %04zu: migrations leave no gap",
                     list->files[i].name, i + 1);
            return -1;
        }
        list->files[i].number = number;
    }
    return 0;
}

void sqllist_free(struct sqllist *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        free(list->files[i].name);
        free(list->files[i].text);
    }
    free(list->files);
    memset(list, 0, sizeof(*list));
}
