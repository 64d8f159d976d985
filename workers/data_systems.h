/*
 * data_systems: which monitors status data is of, under which names, and what people say
 * about them.
 */
#ifndef TOCSIND_DATA_SYSTEMS_H
#define TOCSIND_DATA_SYSTEMS_H

#include <jansson.h>
#include <libpq-fe.h>

#include "notes.h"

struct data_system {
    long long monitor;
    char *svc; /* what its readings are called: unique, and so is its file_slug() */
    char *description;
};

struct data_systems {
    struct data_system *item; /* in the order they are shown */
    int n;
};

/* The rows of work.export_systems(), in the place of what there was. */
void data_systems_take(struct data_systems *s, const PGresult *res);
/* NULL: not one of them. */
const char *data_systems_svc(const struct data_systems *s, long long monitor);
/* "{1,2,3}" for the database, for free(). */
char *data_systems_ids(const struct data_systems *s);

/* A string in the JSON of work.export_notes(); "" when it is not there. */
const char *data_text(const json_t *told, const char *name);

/* The JSON of work.export_notes(), for notes_free(). `page` is a slug or "*". 0, or -1 with a
 * sentence. */
int data_notes(struct notes *out, const json_t *told, const struct data_systems *s,
               const char *public_url, const char *page, char *error, size_t size);

#endif
