/* status_fields: see status_fields.h. Lengths here are bytes; SQL counts characters. */
#include "status_fields.h"

#define PHASES     "investigating|identified|monitoring|resolved"
#define SEVERITIES "critical|major|minor"

/* clang-format off */
#define PAGE_SETTINGS                                                                            \
    {"slug", T_STRING, .min = 1, .max = 63,                                                      \
     .help = "Its word in addresses: small letters, digits, hyphens; made of the title unless set."}, \
    {"description", T_STRING, F_TEXT, .max = 8000, .help = "Below the title; up to 2000 characters."}, \
    {"url", T_STRING, .max = 500,                                                                \
     .help = "Where it is read when it has a virtual host of its own."},                         \
    {"lang", T_STRING, .min = 2, .max = 12, .help = "Language of its words, such as en; en."},   \
    {"zone", T_STRING, .min = 1, .max = 64,                                                      \
     .help = "IANA time zone in which times are shown; UTC. Days are UTC always."},              \
    {"theme", T_ENUM, .choices = "light|dark|system", .help = "Colours; system."},               \
    {"accent", T_STRING, .min = 7, .max = 7,                                                     \
     .help = "Colour of links and marks as #rrggbb; contrast with the background at least 4.5:1."}, \
    {"link", T_STRING, .max = 500, .help = "Where the logo leads."},                             \
    {"robots", T_BOOL, .help = "May search engines index it; true."},                            \
    {"access", T_ENUM, .choices = "public|password|address", .help = "Who reads it; public."},   \
    {"password", T_STRING, F_SECRET | F_TEXT, .min = 8, .max = 256,                              \
     .help = "What readers type with access password; never given back."},                       \
    {"allow", T_STRINGS, .max = 100, .item_max = 50,                                             \
     .help = "Addresses and networks that read it with access address."},                        \
    {"publish", T_ENUM, .choices = "never|after",                                                \
     .help = "Whether outages that checks found are published by themselves; after."},           \
    {"publish_after", T_INT, .max = 86400,                                                       \
     .help = "Seconds that such an outage has lasted by then; 120."},                            \
    {"day_down", T_INT, .min = 60, .max = 86400,                                                 \
     .help = "Seconds of downtime from which on a day is shown as down; 1800."},                 \
    {"subscribe", T_BOOL, .help = "Whether readers may subscribe; true."},                       \
    {"enabled", T_BOOL, .help = "false: it has no files; true."}
#define COMPONENTS(flags)                                                                        \
    {"components", T_LIST, flags, .max = COMPONENTS_MAX,                                         \
     .help = "All of them in order: monitor or group, section, name, description, "              \
             "show_ms, show_uptime; id of one that stays."}

const tocsin_field page_settings[] = {
    {"title", T_STRING, F_REQUIRED, .min = 1, .max = 480, .help = "Its name; up to 120 characters."},
    PAGE_SETTINGS,
    COMPONENTS(0),
    {0},
};

const tocsin_field page_components[] = {COMPONENTS(F_REQUIRED), {0}};

const tocsin_field page_component[] = {
    {"id", T_ID, F_NULL, .help = "The component that this is, changed."},
    {"section", T_STRING, .max = 320, .help = "Components of one section stand together."},
    {"kind", T_ENUM, .choices = "monitor|group|host", .help = "What it shows."},
    {"monitor", T_ID, F_NULL, .help = "The monitor that it shows."},
    {"group", T_STRING, F_NULL, .max = 480, .help = "The group whose worst monitor it shows."},
    {"name", T_STRING, F_NULL, .max = 480, .help = "What the public reads; the monitor's name unless set."},
    {"description", T_STRING, F_TEXT, .max = 2000, .help = "A line about it."},
    {"show_ms", T_BOOL, .help = "Show response times; true."},
    {"show_uptime", T_BOOL, .help = "Show the 90 days; true."},
    {"monitor_name", T_STRING, F_NULL, .max = 2000, .help = "As it was read; ignored."},
    {0},
};

const tocsin_field page_preview[] = {
    {"title", T_STRING, .min = 1, .max = 480, .help = "Its name; up to 120 characters."},
    PAGE_SETTINGS,
    COMPONENTS(0),
    {"incident", T_OBJECT,
     .help = "An update about to be posted: id, or title, severity and monitors of a new one; phase, body."},
    {0},
};

const tocsin_field page_preview_incident[] = {
    {"id", T_ID, F_NULL, .help = "The incident; none for a new one."},
    {"title", T_STRING, .min = 1, .max = 800, .help = "Its title in public."},
    {"severity", T_ENUM, .choices = SEVERITIES, .help = "How bad."},
    {"monitors", T_IDS, .max = 500, .help = "What it affects."},
    {"phase", T_ENUM, .choices = PHASES, .help = "The phase from then on."},
    {"body", T_STRING, F_TEXT, .max = 40000, .help = "What is said; Markdown."},
    {0},
};

const tocsin_field incident_update[] = {
    {"phase", T_ENUM, .choices = PHASES, .help = "The phase from now on; stays unless set."},
    {"body", T_STRING, F_TEXT, .max = 40000, .help = "What to say; Markdown, up to 10000 characters."},
    {"public", T_BOOL,
     .help = "Whether the public reads it, which publishes the incident; as the incident is unless set."},
    {0},
};

const tocsin_field incident_publish[] = {
    {"public_title", T_STRING, .max = 200, .help = "What the public reads as its title."},
    {"body", T_STRING, F_TEXT, .max = 40000, .help = "The first update; Markdown, up to 10000 characters."},
    {0},
};

const tocsin_field postmortem_body[] = {
    {"body", T_STRING, F_REQUIRED | F_TEXT, .min = 1, .max = 200000,
     .help = "All of it; Markdown, up to 50000 characters."},
    {0},
};

const tocsin_field postmortem_publish[] = {
    {"revision", T_INT, .max = 2147483647, .help = "The revision to be public; the newest unless set; 0 for none."},
    {0},
};

const tocsin_field page_list_query[] = {
    {"limit", T_INT, .min = 1, .max = 200, .help = "How many at most; 50 unless set."},
    {"after", T_ID, .help = "`next` of the page before."},
    {"owner", T_ID, .help = "The owner's number."},
    {"q", T_STRING, .min = 1, .max = 200, .help = "Words in title or slug."},
    {0},
};

const tocsin_field preview_query[] = {
    {"incident", T_STRING, .min = 1, .max = 20,
     .help = "The page of this incident instead: its number, or `draft` for a new one."},
    {0},
};

const tocsin_field postmortem_query[] = {
    {"revision", T_INT, .min = 1, .max = 2147483647, .help = "The revision to read; the newest unless set."},
    {0},
};
/* clang-format on */
