/*
 * status_sheet: the small pages that a subscriber sees, in the language of the status page.
 * They need no script, load nothing, and tell nobody the address they have.
 */
#ifndef TOCSIN_STATUS_SHEET_H
#define TOCSIN_STATUS_SHEET_H

#include "tocsin_status.h"

enum sheet {
    SHEET_ASKED,     /* a mail is on its way */
    SHEET_CONFIRM,   /* do you mean it? */
    SHEET_CONFIRMED, /* and what do you want to hear of? */
    SHEET_SETTINGS,
    SHEET_GONE,    /* unsubscribed */
    SHEET_UNKNOWN, /* a link that is too old */
    SHEET_NONE,    /* nothing chosen */
};

/*
 * Sends one. `about` is what SQL said ({page, address, components, token}), NULL: nothing.
 * `action`: where its forms go, NULL: the address that was asked for.
 */
int sheet_send(request_rec *r, int status, enum sheet which, const json_t *about,
               const char *action);
/* From here on problems of this request are such pages. */
void sheet_problems(request_rec *r);

#endif
