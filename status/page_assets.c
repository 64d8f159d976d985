/* page_assets: style sheet and script, compiled in, under names that change with them. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "hash.h"
#include "page_assets.h"
#include "page_view.h"

static char css[32], js[32];

static void name(void)
{
    snprintf(css, sizeof(css), "page-%016llx.css",
             (unsigned long long)hash64(page_css, strlen(page_css), 1));
    snprintf(js, sizeof(js), "page-%016llx.js",
             (unsigned long long)hash64(page_js, strlen(page_js), 1));
}

/* Once, also in an httpd with threads. */
static void name_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, name);
}

const char *page_asset_css(void)
{
    name_once();
    return css;
}

const char *page_asset_js(void)
{
    name_once();
    return js;
}

int page_assets_write(const char *dir, char *error, size_t size)
{
    char path[4096];

    if (file_mkdirs(dir, error, size) < 0)
        return -1;
    snprintf(path, sizeof(path), "%s/%s", dir, page_asset_css());
    if (file_replace_if_changed(path, page_css, strlen(page_css), error, size) < 0)
        return -1;
    snprintf(path, sizeof(path), "%s/%s", dir, page_asset_js());
    return file_replace_if_changed(path, page_js, strlen(page_js), error, size) < 0 ? -1 : 0;
}
