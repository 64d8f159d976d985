/*
 * tocsin status-data config: edits .monitorrc.json.
 *
 * The file stays what it was but for what is asked: keys that we do not know, and the order
 * of all, are kept. It is replaced by rename, under a lock on its folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "file.h"
#include "monitorrc.h"
#include "options.h"
#include "status_data.h"

/* What the flags of add and update say. */
struct edit {
    const char *path, *name, *url, *method, *label, *description;
    long timeout, max, redirects;
    struct flag_list codes;
    bool hidden, visible;
};

static const struct edit nothing = {
    .path = MONITORRC_FILE, .method = "GET", .timeout = 10000, .max = 30000};

/* ---------------------------------------------------------------- the file */

/* One who edits at a time; the folder is locked, as the file is replaced. */
static int lock_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char dir[4096] = ".";
    int fd;

    if (slash)
        snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0)
        complain("cannot lock '%s': %s", dir, strerror(errno));
    return fd;
}

/* The file as JSON with a list of systems; with `make`, an empty one when there is none. */
static json_t *load(const char *path, bool make)
{
    json_error_t e;
    json_t *root;

    if (make && access(path, F_OK) != 0)
        return json_pack("{s:[]}", "systems");
    if (!(root = json_load_file(path, JSON_REJECT_DUPLICATES, &e))) {
        if (e.line > 0)
            complain("%s:%d:%d: %s", path, e.line, e.column, e.text);
        else
            complain("cannot read '%s': %s", path, e.text);
        return NULL;
    }
    if (json_is_array(json_object_get(root, "systems")))
        return root;
    complain("%s: no list of \"systems\"", path);
    json_decref(root);
    return NULL;
}

static int save(const char *path, json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(2)), error[512] = "out of memory";
    size_t len = text ? strlen(text) : 0;
    int rv = -1;

    if (text) {
        text[len] = '\n'; /* in place of its zero */
        rv = file_replace(path, text, len + 1, error, sizeof(error));
    }
    if (rv != 0)
        complain("%s", error);
    free(text);
    return rv;
}

/* Its place in the list, or the length of the list. */
static size_t find(json_t *systems, const char *name)
{
    json_t *one;
    size_t i;

    json_array_foreach(systems, i, one)
    {
        const char *it = json_string_value(json_object_get(one, "system"));

        if (it && !strcmp(it, name))
            break;
    }
    return i;
}

/* ---------------------------------------------------------------- add, update */

static json_t *codes_json(const struct flag_list *list, bool *ok)
{
    json_t *out = json_array();
    struct codes all = {{0}}, more;
    size_t i, j;
    int code;

    *ok = true;
    for (i = 0; i < list->n; i++) {
        *ok = *ok && codes_parse(&more, list->item[i]);
        for (j = 0; *ok && j < sizeof(all.bit); j++)
            all.bit[j] |= more.bit[j];
    }
    if (list->n == 0)
        json_array_append_new(out, json_integer(200));
    for (code = 100; code < 600; code++)
        if (codes_has(&all, code))
            json_array_append_new(out, json_integer(code));
    return out;
}

/* NULL when the flags make sense, or what does not. */
static const char *edit_wrong(struct edit *e, bool adding, char *method, size_t size)
{
    bool ok;

    if (name_wrong(e->name))
        return "--name is missing, or no text of up to 256 bytes";
    if ((adding || e->url) && url_wrong(e->url))
        return "--url is missing, or no http or https URL";
    if (!method_take(e->method, method, size))
        return "--method is none";
    if (e->hidden && e->visible)
        return "--hidden and --visible exclude each other";
    json_decref(codes_json(&e->codes, &ok));
    if (!ok)
        return "--expected-codes: no codes between 100 and 599";
    e->method = method;
    return NULL;
}

/* Sets the key when its flag was given; else, with `unset`, when it is not there yet. */
static void put(json_t *system, const char *key, const char *flag, bool unset, json_t *value)
{
    if (flags_given(flag) || (unset && !json_object_get(system, key)))
        json_object_set(system, key, value);
    json_decref(value);
}

static void put_text(json_t *system, const char *key, const char *flag, const char *value)
{
    if (value)
        put(system, key, flag, false, json_string(value));
}

static void apply(json_t *system, const struct edit *e, bool adding)
{
    bool ok;

    put_text(system, "url", "url", e->url);
    put(system, "method", "method", adding, json_string(e->method));
    put(system, "timeout", "timeout", adding, json_integer(e->timeout));
    put(system, "expectedCodes", "expected-codes", adding, codes_json(&e->codes, &ok));
    put(system, "maxResponseTime", "max-response-time", adding, json_integer(e->max));
    put(system, "redirects", "redirects", false, json_integer(e->redirects));
    put_text(system, "displayName", "display-name", e->label);
    put_text(system, "description", "description", e->description);
    put(system, "display", "hidden", false, json_false());
    if (e->visible)
        json_object_del(system, "display");
}

static int write_edit(const struct command *self, const struct edit *e, bool adding)
{
    int lock = lock_folder(e->path), rv = -1;
    json_t *root = lock >= 0 ? load(e->path, adding) : NULL;
    json_t *systems = json_object_get(root, "systems");
    size_t at = root ? find(systems, e->name) : 0;
    bool fresh = at == json_array_size(systems);

    if (root && fresh && !adding) {
        complain("%s: no system '%s' in '%s'", self->name, e->name, e->path);
    }
    else if (root) {
        if (fresh)
            json_array_append_new(systems, json_pack("{s:s}", "system", e->name));
        apply(json_array_get(systems, at), e, adding);
        rv = save(e->path, root);
    }
    if (rv == 0)
        printf("%s '%s' in %s\n", fresh ? "added" : "updated", e->name, e->path);
    json_decref(root);
    if (lock >= 0)
        close(lock);
    return rv == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_edit(const struct command *self, int argc, char **argv, bool adding)
{
    struct edit e = nothing;
    const struct flag flags[] = {
        {"name", FLAG_TEXT, &e.name, "NAME", "of the system"},
        {"system", FLAG_TEXT, &e.name, "NAME", NULL},
        {"url", FLAG_TEXT, &e.url, "URL", "http or https"},
        {"method", FLAG_TEXT, &e.method, "METHOD", "how it is asked (GET)"},
        {"timeout", FLAG_MS, &e.timeout, "MS", "for all of a check (10000)", 1,
         MONITORRC_MS_MAX},
        {"expected-codes", FLAG_LIST, &e.codes, "LIST", "HTTP codes that are good (200)"},
        {"max-response-time", FLAG_MS, &e.max, "MS", "what is slower is degraded (30000)", 1,
         MONITORRC_MS_MAX},
        {"redirects", FLAG_INT, &e.redirects, "N", "follow so many (0)", 0, 20},
        {"display-name", FLAG_TEXT, &e.label, "TEXT", "what people read"},
        {"description", FLAG_TEXT, &e.description, "TEXT", "a sentence for the page"},
        {"hidden", FLAG_SWITCH, &e.hidden, NULL, "checked, not on the page"},
        {"visible", FLAG_SWITCH, &e.visible, NULL, "on the page again"},
        {"config", FLAG_TEXT, &e.path, "FILE", "the file (" MONITORRC_FILE ")"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);
    char method[24];
    const char *why;

    if (status >= 0)
        return status;
    if ((why = edit_wrong(&e, adding, method, sizeof(method)))) {
        complain("%s: %s", self->name, why);
        return CLI_USAGE;
    }
    return write_edit(self, &e, adding);
}

static int add(const struct command *self, int argc, char **argv)
{
    return run_edit(self, argc, argv, true);
}

static int update(const struct command *self, int argc, char **argv)
{
    return run_edit(self, argc, argv, false);
}

/* ---------------------------------------------------------------- remove, list, validate */

static int discard(const struct command *self, int argc, char **argv)
{
    const char *path = MONITORRC_FILE, *name = NULL;
    const struct flag flags[] = {
        {"name", FLAG_TEXT, &name, "NAME", "of the system"},
        {"system", FLAG_TEXT, &name, "NAME", NULL},
        {"config", FLAG_TEXT, &path, "FILE", "the file (" MONITORRC_FILE ")"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv), lock;
    json_t *root, *systems;
    size_t at;

    if (status >= 0)
        return status;
    if (!name) {
        complain("%s: --name is missing", self->name);
        return CLI_USAGE;
    }
    status = EXIT_FAILURE;
    lock = lock_folder(path);
    root = lock >= 0 ? load(path, false) : NULL;
    systems = json_object_get(root, "systems");
    at = root ? find(systems, name) : 0;
    if (root && at == json_array_size(systems))
        complain("%s: no system '%s' in '%s'", self->name, name, path);
    else if (root && json_array_remove(systems, at) == 0 && save(path, root) == 0)
        status = EXIT_SUCCESS;
    if (status == EXIT_SUCCESS)
        printf("removed '%s' from %s (its readings stay)\n", name, path);
    json_decref(root);
    if (lock >= 0)
        close(lock);
    return status;
}

static void print_system(json_t *one)
{
    const char *name = "?", *url = "", *method = "GET", *label = NULL;
    int display = 1;

    if (json_unpack(one, "{s?s, s?s, s?s, s?s, s?b}", "system", &name, "url", &url, "method",
                    &method, "displayName", &label, "display", &display) != 0)
        return;
    printf("%s  %s %s%s%s%s%s\n", name, method, url, label ? "  \"" : "", label ? label : "",
           label ? "\"" : "", display ? "" : "  (hidden)");
}

static int list(const struct command *self, int argc, char **argv)
{
    const char *path = MONITORRC_FILE;
    const struct flag flags[] = {
        {"config", FLAG_TEXT, &path, "FILE", "the file (" MONITORRC_FILE ")"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);
    json_t *root, *one;
    size_t i;

    if (status >= 0)
        return status;
    if (!(root = load(path, false)))
        return EXIT_FAILURE;
    json_array_foreach(json_object_get(root, "systems"), i, one)
    {
        print_system(one);
    }
    json_decref(root);
    return EXIT_SUCCESS;
}

static int validate(const struct command *self, int argc, char **argv)
{
    struct system unset = {.method = "GET", .timeout_ms = 10000, .max_ms = 30000};
    const char *path = MONITORRC_FILE;
    bool strict = false;
    const struct flag flags[] = {
        {"config", FLAG_TEXT, &path, "FILE", "the file (" MONITORRC_FILE ")"},
        {"strict", FLAG_SWITCH, &strict, NULL, "unknown keys and odd values are errors, too"},
        {NULL},
    };
    int status = flags_read(self, flags, argc, argv);
    struct monitorrc rc = {0};

    if (status >= 0)
        return status;
    status = EXIT_FAILURE;
    if (monitorrc_read(&rc, path, &unset) == 0) {
        printf("%s: %zu system%s, %d error%s, %d warning%s\n", path, rc.n,
               rc.n == 1 ? "" : "s", rc.errors, rc.errors == 1 ? "" : "s", rc.warnings,
               rc.warnings == 1 ? "" : "s");
        if (rc.errors == 0 && !(strict && rc.warnings))
            status = EXIT_SUCCESS;
    }
    monitorrc_free(&rc);
    return status;
}

/* ---------------------------------------------------------------- the table */

static const struct command config_add = {
    .name = "status-data config add",
    .args = "--name NAME --url URL [OPTION…]",
    .summary = "watch a system; one of that name is updated",
    .run = add,
};

static const struct command config_list = {
    .name = "status-data config list",
    .args = "[--config FILE]",
    .summary = "the systems that are watched",
    .run = list,
};

static const struct command config_remove = {
    .name = "status-data config remove",
    .args = "--name NAME [--config FILE]",
    .summary = "watch a system no more",
    .run = discard,
};

static const struct command config_update = {
    .name = "status-data config update",
    .args = "--name NAME [OPTION…]",
    .summary = "change what is said of a system",
    .run = update,
};

static const struct command config_validate = {
    .name = "status-data config validate",
    .args = "[--config FILE] [--strict]",
    .summary = "say what is wrong with the file: 1 when there are errors",
    .run = validate,
};

static const struct command *const rows[] = {
    &config_add, &config_list, &config_remove, &config_update, &config_validate,
};

static int run(const struct command *self, int argc, char **argv)
{
    static const struct {
        const char *old, *now;
    } names[] = {
        {"add-system", "add"}, {"remove-system", "remove"}, {"update-system", "update"}};
    size_t i;

    for (i = 0; argc > 1 && i < sizeof(names) / sizeof(*names); i++)
        if (!strcmp(argv[1], names[i].old))
            argv[1] = (char *)names[i].now;
    return flags_dispatch(self, rows, sizeof(rows) / sizeof(*rows), argc, argv);
}

const struct command data_config = {
    .name = "status-data config",
    .args = "COMMAND [OPTION…]",
    .summary = "which systems are watched: edits .monitorrc.json",
    .run = run,
};
