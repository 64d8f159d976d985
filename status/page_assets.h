/*
 * page_assets: htdocs/status/page.css and page.js as C strings, made by make-assets.
 */
#ifndef TOCSIN_PAGE_ASSETS_H
#define TOCSIN_PAGE_ASSETS_H

extern const char page_css[], page_js[];

#endif
