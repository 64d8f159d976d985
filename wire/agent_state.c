#include "agent_state.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"

#define BYTES 9007199254740992.0 /* 2^53: exact in JSON */
#define TIME  253402300799.0     /* the end of the year 9999 */
#define LISTS 64                 /* disks, networks, steps, subjects, names of an app */

enum kind { TEXT, WHOLE, REAL, FLAG, WORD, OBJECT, OBJECTS, TEXTS, NUMBERS, SCALAR };

/* A member that is known. */
struct field {
    const char *name;
    enum kind kind;
    double most;                 /* of numbers; bytes of a text, members of a list */
    const struct field *members; /* of OBJECT, OBJECTS */
    const char *words;           /* of WORD: " a b " */
};

static json_t *cut(const struct field *fields, const json_t *from);

/* ---------------------------------------------------------------- the shape */

/* clang-format off */
static const struct field agent_fields[] = {
    {"version", TEXT, 40, NULL, NULL},
    {"started_at", WHOLE, TIME, NULL, NULL},
    {"boot_id", TEXT, 64, NULL, NULL},
    {"conf_rev", SCALAR, 64, NULL, NULL},
    {"cert_not_after", WHOLE, TIME, NULL, NULL},
    {"now", WHOLE, TIME, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct field cpu_fields[] = {
    {"user", REAL, 1, NULL, NULL}, {"sys", REAL, 1, NULL, NULL},
    {"io", REAL, 1, NULL, NULL},   {"steal", REAL, 1, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct field memory_fields[] = {
    {"total", WHOLE, BYTES, NULL, NULL},      {"used", WHOLE, BYTES, NULL, NULL},
    {"cache", WHOLE, BYTES, NULL, NULL},      {"swap_total", WHOLE, BYTES, NULL, NULL},
    {"swap_used", WHOLE, BYTES, NULL, NULL},  {NULL, TEXT, 0, NULL, NULL},
};
static const struct field pressure_fields[] = {
    {"cpu", REAL, 100, NULL, NULL}, {"memory", REAL, 100, NULL, NULL},
    {"io", REAL, 100, NULL, NULL},  {NULL, TEXT, 0, NULL, NULL},
};
static const struct field disk_fields[] = {
    {"mount", TEXT, 180, NULL, NULL},            {"total", WHOLE, BYTES, NULL, NULL},
    {"used", WHOLE, BYTES, NULL, NULL},          {"free", WHOLE, BYTES, NULL, NULL},
    {"inodes_used_pct", REAL, 100, NULL, NULL},  {"read_bps", REAL, BYTES, NULL, NULL},
    {"write_bps", REAL, BYTES, NULL, NULL},      {NULL, TEXT, 0, NULL, NULL},
};
static const struct field net_fields[] = {
    {"name", TEXT, 64, NULL, NULL},      {"rx_bps", REAL, BYTES, NULL, NULL},
    {"tx_bps", REAL, BYTES, NULL, NULL}, {"rx_err", WHOLE, BYTES, NULL, NULL},
    {"tx_err", WHOLE, BYTES, NULL, NULL}, {NULL, TEXT, 0, NULL, NULL},
};
static const struct field host_fields[] = {
    {"name", TEXT, 100, NULL, NULL},      {"os", TEXT, 120, NULL, NULL},
    {"arch", TEXT, 32, NULL, NULL},       {"kernel", TEXT, 120, NULL, NULL},
    {"cores", WHOLE, 65536, NULL, NULL},  {"uptime_s", WHOLE, TIME, NULL, NULL},
    {"boot_at", WHOLE, TIME, NULL, NULL}, {"reboot_needed", FLAG, 0, NULL, NULL},
    {"cpu", OBJECT, 0, cpu_fields, NULL}, {"memory", OBJECT, 0, memory_fields, NULL},
    {"load", NUMBERS, 3, NULL, NULL},     {"pressure", OBJECT, 0, pressure_fields, NULL},
    {"disks", OBJECTS, LISTS, disk_fields, NULL},
    {"nets", OBJECTS, LISTS, net_fields, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct field exit_fields[] = {
    {"code", WHOLE, 1e6, NULL, NULL}, {"signal", SCALAR, 16, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct field health_fields[] = {
    {"ok", FLAG, 0, NULL, NULL},        {"ms", REAL, 1e8, NULL, NULL},
    {"message", TEXT, 300, NULL, NULL}, {"at", WHOLE, TIME, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct field app_fields[] = {
    {"id", TEXT, 63, NULL, NULL},         {"name", TEXT, 100, NULL, NULL},
    {"type", WORD, 0, NULL, " systemd docker "},
    {"unit", TEXT, 256, NULL, NULL},      {"container", TEXT, 256, NULL, NULL},
    {"state", WORD, 0, NULL,
     " running activating deactivating reloading failed stopped restarting paused missing unknown "},
    {"sub", TEXT, 64, NULL, NULL},        {"since", WHOLE, TIME, NULL, NULL},
    {"restarts", WHOLE, 1e9, NULL, NULL}, {"invocation", TEXT, 80, NULL, NULL},
    {"exit", OBJECT, 0, exit_fields, NULL},
    {"health", OBJECT, 0, health_fields, NULL},
    {"cpu", REAL, 65536, NULL, NULL},     {"memory", WHOLE, BYTES, NULL, NULL},
    {"memory_max", WHOLE, BYTES, NULL, NULL},
    {"fds", WHOLE, 1e9, NULL, NULL},      {"tasks", WHOLE, 1e9, NULL, NULL},
    {"pid", WHOLE, 1e9, NULL, NULL},      {"commit", TEXT, 64, NULL, NULL},
    {"branch", TEXT, 200, NULL, NULL},    {"env", TEXTS, 63, NULL, NULL},
    {"deploy", FLAG, 0, NULL, NULL},      {"running_deploy", TEXT, 36, NULL, NULL},
    {"last_deploy", TEXT, 36, NULL, NULL}, {"ports", TEXTS, 40, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct field step_fields[] = {
    {"name", TEXT, 100, NULL, NULL}, {"state", TEXT, 20, NULL, NULL},
    {"at", WHOLE, TIME, NULL, NULL}, {"ms", WHOLE, 1e10, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
static const struct field deploy_fields[] = {
    {"id", TEXT, 36, NULL, NULL},
    {"state", WORD, 0, NULL, " running succeeded failed rolled-back cancelled "},
    {"ref", TEXT, 255, NULL, NULL},      {"from", TEXT, 64, NULL, NULL},
    {"to", TEXT, 64, NULL, NULL},        {"subjects", TEXTS, 200, NULL, NULL},
    {"steps", OBJECTS, LISTS, step_fields, NULL},
    {"step", SCALAR, 100, NULL, NULL},   {"error", TEXT, 1000, NULL, NULL},
    {"started_at", WHOLE, TIME, NULL, NULL}, {"ended_at", WHOLE, TIME, NULL, NULL},
    {NULL, TEXT, 0, NULL, NULL},
};
/* clang-format on */

/* ---------------------------------------------------------------- one value */

/* At most so many bytes, never ended within a letter; control characters are blanks. */
static json_t *text(const json_t *from, double most)
{
    char out[1024];
    size_t n = json_string_length(from), room = (size_t)most;
    const char *s = json_string_value(from);

    if (!s)
        return json_null();
    if (room > sizeof(out))
        room = sizeof(out);
    if (n > room) {
        n = room;
        while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
            n--;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? ' ' : s[i];
    return json_stringn(out, n);
}

/* Nothing here is ever negative; what is not a number is null, never 0. */
static json_t *number(const json_t *from, double most, bool whole)
{
    double v = json_number_value(from);

    if (!json_is_number(from) || !isfinite(v) || v < 0 || v > most)
        return json_null();
    return whole ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *word(const json_t *from, const char *words)
{
    char padded[40];
    const char *s = json_string_value(from);

    if (!s || strlen(s) > 32 || strchr(s, ' '))
        return json_null();
    snprintf(padded, sizeof(padded), " %s ", s);
    return strstr(words, padded) ? json_string(s) : json_null();
}

static json_t *scalar(const json_t *from, double most)
{
    return json_is_string(from) ? text(from, most) : number(from, BYTES, true);
}

static json_t *list(const struct field *f, const json_t *from)
{
    size_t n = json_array_size(from), most = f->kind == NUMBERS ? (size_t)f->most : LISTS;
    json_t *out = json_array();

    for (size_t i = 0; i < n && i < most; i++) {
        const json_t *item = json_array_get(from, i);

        if (f->kind == NUMBERS)
            json_array_append_new(out, number(item, 1e6, false));
        else if (f->kind == OBJECTS && json_is_object(item))
            json_array_append_new(out, cut(f->members, item));
        else if (f->kind == TEXTS && (json_is_string(item) || json_is_integer(item)))
            json_array_append_new(out, scalar(item, f->most));
    }
    return out;
}

static json_t *value(const struct field *f, const json_t *from)
{
    switch (f->kind) {
    case TEXT:
        return text(from, f->most);
    case WHOLE:
        return number(from, f->most, true);
    case REAL:
        return number(from, f->most, false);
    case FLAG:
        return json_is_boolean(from) ? json_boolean(json_is_true(from)) : json_null();
    case WORD:
        return word(from, f->words);
    case SCALAR:
        return scalar(from, f->most);
    case OBJECT:
        return json_is_object(from) ? cut(f->members, from) : json_null();
    case OBJECTS:
    case TEXTS:
    case NUMBERS:
        return list(f, from);
    }
    return json_null();
}

/* All members that are known, null where nothing of use was said. */
static json_t *cut(const struct field *fields, const json_t *from)
{
    json_t *out = json_object();

    for (const struct field *f = fields; f->name; f++)
        json_object_set_new_nocheck(out, f->name, value(f, json_object_get(from, f->name)));
    return out;
}

/* ---------------------------------------------------------------- the whole */

static bool is_id(const char *s)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char later[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

    return s && s[0] && strchr(first, s[0]) && strlen(s) <= 63 &&
           strspn(s, later) == strlen(s);
}

json_t *agent_state_app(const json_t *app)
{
    json_t *out;

    if (!json_is_object(app) || !is_id(json_string_value(json_object_get(app, "id"))))
        return NULL;
    out = cut(app_fields, app);
    if (json_is_null(json_object_get(out, "state")))
        json_object_set_new(out, "state", json_string("unknown"));
    return out;
}

json_t *agent_state_deploy(const json_t *report)
{
    json_t *out;

    if (!json_is_object(report))
        return NULL;
    out = cut(deploy_fields, report);
    if (!json_is_null(json_object_get(out, "state")))
        return out;
    json_decref(out);
    return NULL;
}

static json_t *apps_of(const json_t *from)
{
    json_t *out = json_array(), *seen = json_object(), *app;
    size_t n = json_array_size(from);

    for (size_t i = 0; i < n && json_array_size(out) < AGENT_APPS_MAX; i++) {
        const char *id;

        if (!(app = agent_state_app(json_array_get(from, i))))
            continue;
        id = json_string_value(json_object_get(app, "id"));
        if (json_object_get(seen, id)) { /* the first of the same name counts */
            json_decref(app);
            continue;
        }
        json_object_set_new(seen, id, json_true());
        json_array_append_new(out, app);
    }
    json_decref(seen);
    return out;
}

json_t *agent_state_cut(const char *bytes, size_t len, char why[AGENT_WHY_MAX])
{
    json_error_t e;
    json_t *all, *out = NULL;

    why[0] = '\0';
    if (len > AGENT_STATE_MAX) {
        snprintf(why, AGENT_WHY_MAX, "the agent says more than %d KiB at once",
                 AGENT_STATE_MAX / 1024);
        return NULL;
    }
    if (!(all = json_loadb(bytes, len, 0, &e))) {
        snprintf(why, AGENT_WHY_MAX, "the agent's answer is not JSON (line %d)", e.line);
        return NULL;
    }
    if (json_is_object(json_object_get(all, "host")) &&
        json_is_array(json_object_get(all, "apps"))) {
        out = json_object();
        json_object_set_new(out, "agent", cut(agent_fields, json_object_get(all, "agent")));
        json_object_set_new(out, "host", cut(host_fields, json_object_get(all, "host")));
        json_object_set_new(out, "apps", apps_of(json_object_get(all, "apps")));
    }
    else {
        snprintf(why, AGENT_WHY_MAX, "the agent's answer holds no host or no apps");
    }
    json_decref(all);
    return out;
}

unsigned long long agent_state_print(const json_t *state)
{
    json_t *apps = json_object_get(state, "apps");
    size_t n = json_array_size(apps);
    unsigned long long print = n + 1;

    for (size_t i = 0; i < n; i++) {
        const json_t *app = json_array_get(apps, i);
        const char *id = json_string_value(json_object_get(app, "id"));
        const char *word_ = json_string_value(json_object_get(app, "state"));
        const char *life = json_string_value(json_object_get(app, "invocation"));
        const json_t *ok = json_object_get(json_object_get(app, "health"), "ok");
        char line[256];
        int len = snprintf(line, sizeof(line), "%s %s %s %d", id ? id : "", word_ ? word_ : "",
                           life ? life : "", ok ? (int)json_typeof(ok) : -1);

        print ^=
            hash64(line, (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1, print);
    }
    return print;
}
