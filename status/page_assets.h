/*
 * page_assets: htdocs/status/page.css and page.js as C strings, made by make-assets.
 */
#ifndef TOCSIN_PAGE_ASSETS_H
#define TOCSIN_PAGE_ASSETS_H

extern const char page_css[], page_js[];

/* Names of the assets, "page-0123456789.css", static. */
const char *page_asset_css(void);
const char *page_asset_js(void);

#endif
