/*
 * picture: is this a logo that may be shown to everybody?
 *
 * PNG by its chunks, SVG by a narrow reading: known elements only, no script, no handlers, no
 * style or link that leads out of the picture. What is not understood is refused.
 */
#ifndef TOCSIN_PICTURE_H
#define TOCSIN_PICTURE_H

#include <stddef.h>

#define PICTURE_MAX   65536 /* bytes */
#define PICTURE_PIXEL 4096  /* of a PNG, each way */

/* Its media type (static: image/png or image/svg+xml), or NULL with the rule that is broken.
 */
const char *picture_type(const void *bytes, size_t len, char *why, size_t size);

#endif
