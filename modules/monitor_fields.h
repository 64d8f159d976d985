/*
 * monitor_fields: what a monitor is set to, and what its lists are asked for.
 */
#ifndef TOCSIN_MONITOR_FIELDS_H
#define TOCSIN_MONITOR_FIELDS_H

#include "mod_tocsin.h"

/* Bodies. The same table creates (url is required) and changes (nothing is). */
extern const tocsin_field monitor_settings[];
extern const tocsin_field monitor_test[];
extern const tocsin_field monitor_bulk[];
extern const tocsin_field monitor_bulk_set[];    /* args of a bulk `set` */
extern const tocsin_field monitor_bulk_filter[]; /* filter of any bulk operation */
extern const tocsin_field incident_new[];
extern const tocsin_field incident_edit[];
extern const tocsin_field incident_word[];    /* ack, resolve: with a comment or without */
extern const tocsin_field incident_comment[]; /* a comment itself */

/* Queries. */
extern const tocsin_field monitor_list_query[];
extern const tocsin_field monitor_admin_query[];
extern const tocsin_field monitor_checks_query[];
extern const tocsin_field monitor_series_query[];
extern const tocsin_field monitor_uptime_query[];
extern const tocsin_field monitor_daily_query[];
extern const tocsin_field monitor_page_query[];
extern const tocsin_field incident_list_query[];

#endif
