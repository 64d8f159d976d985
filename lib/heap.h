/*
 * heap: what is due first. A binary heap of nodes that live inside their owners' structs,
 * so that each can be moved or taken out in O(log n).
 *
 *     struct thing { struct heap_node node; ... };
 *     heap_set(&h, &thing->node, due);
 *     while ((n = heap_first(&h)) && n->key <= now) heap_remove(&h, n);
 */
#ifndef TOCSIN_HEAP_H
#define TOCSIN_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t key;
    size_t at; /* 1 + place in the array; 0: in no heap. Begin with zeroes. */
};

struct heap {
    struct heap_node **node;
    size_t n, room;
};

/* Put a node in, or move it to another key. -1: out of memory, the heap is as it was. */
int heap_set(struct heap *h, struct heap_node *node, int64_t key);

/* Take a node out; nothing when it is in no heap. */
void heap_remove(struct heap *h, struct heap_node *node);

/* The node with the least key, or NULL. */
struct heap_node *heap_first(const struct heap *h);

/* Free the array; the nodes are their owners'. */
void heap_free(struct heap *h);

#endif
