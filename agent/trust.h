/*
 * trust: is a file only root's to change?
 */
#ifndef AGENT_TRUST_H
#define AGENT_TRUST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Open a regular file, no link, that belongs to root (own: or to who runs this) and that
 * nobody else can write, nor replace by way of a folder above it. A descriptor, or -1 with
 * a sentence in why.
 */
int trust_open(const char *path, bool own, char *why, size_t size);

#endif
