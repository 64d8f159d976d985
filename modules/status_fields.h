/*
 * status_fields: what a status page is set to, and what is said of incidents in public.
 */
#ifndef TOCSIN_STATUS_FIELDS_H
#define TOCSIN_STATUS_FIELDS_H

#include "mod_tocsin.h"

#define COMPONENTS_MAX 500

/* Bodies. The same table creates (title is required) and changes (nothing is). */
extern const tocsin_field page_settings[];
extern const tocsin_field page_components[];
extern const tocsin_field page_component[]; /* an item of the list */
extern const tocsin_field page_preview[];
extern const tocsin_field page_preview_incident[]; /* its member */
extern const tocsin_field incident_update[];
extern const tocsin_field incident_publish[];
extern const tocsin_field postmortem_body[];
extern const tocsin_field postmortem_publish[];

/* Queries. */
extern const tocsin_field page_list_query[];
extern const tocsin_field preview_query[];
extern const tocsin_field postmortem_query[];

#endif
