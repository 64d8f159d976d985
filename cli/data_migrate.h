/* data_migrate: what the files of `tocsin status-data migrate` share. */
#ifndef TOCSIN_CLI_DATA_MIGRATE_H
#define TOCSIN_CLI_DATA_MIGRATE_H

#include "monitorrc.h"
#include "notes.h"
#include "store.h"

struct migration {
    const char *dir, *config, *site_title, *site_url;
    const char *database, *owner; /* e-mail address */
    int64_t now;                  /* ms */
    struct store *store;
    struct notes notes;
    struct monitorrc rc; /* systems of the configuration; none is fine */
};

/* Older files into the archives, then the 1.x tree. 0, or -1: said on stderr. */
int migrate_files(struct migration *m);
/* The tree into the database, or the database into the tree. */
int migrate_database(struct migration *m, bool out);

#endif
