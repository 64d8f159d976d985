/*
 * sqldir: the SQL files that a release brings, in the order in which they apply.
 */
#ifndef TOCSIN_CLI_SQLDIR_H
#define TOCSIN_CLI_SQLDIR_H

#include <stddef.h>

struct sqlfile {
    int number;        /* of "schema/0007_pause.sql": 7; else 0 */
    char *name;        /* relative to the folder: "schema/0007_pause.sql" */
    char *text;        /* NUL-terminated */
    char checksum[65]; /* SHA-256, hexadecimal */
};

struct sqllist {
    struct sqlfile *files;
    size_t count;
};

/*
 * Append every .sql file of DIR/SUB, sorted by name; a missing folder has none.
 * 0, or -1 when a file cannot be read (said on stderr).
 */
int sqllist_add(struct sqllist *list, const char *dir, const char *sub);

/* Append one file, DIR/NAME. 0, or -1. */
int sqllist_add_file(struct sqllist *list, const char *dir, const char *name);

/* Every file of the list must be NNNN_name.sql, numbered 1, 2, 3 …; 0, or -1. */
int sqllist_number(struct sqllist *list);

void sqllist_free(struct sqllist *list);

#endif
