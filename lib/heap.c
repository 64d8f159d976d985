#include "heap.h"

#include <stdlib.h>

static void put(struct heap *h, size_t at, struct heap_node *node)
{
    h->node[at] = node;
    node->at = at + 1;
}

static void up(struct heap *h, size_t at)
{
    struct heap_node *node = h->node[at];

    for (; at > 0 && h->node[(at - 1) / 2]->key > node->key; at = (at - 1) / 2)
        put(h, at, h->node[(at - 1) / 2]);
    put(h, at, node);
}

static void down(struct heap *h, size_t at)
{
    struct heap_node *node = h->node[at];
    size_t child;

    while ((child = 2 * at + 1) < h->n) {
        if (child + 1 < h->n && h->node[child + 1]->key < h->node[child]->key)
            child++;
        if (h->node[child]->key >= node->key)
            break;
        put(h, at, h->node[child]);
        at = child;
    }
    put(h, at, node);
}

int heap_set(struct heap *h, struct heap_node *node, int64_t key)
{
    struct heap_node **more;
    size_t room;
    int64_t old = node->key;

    if (node->at == 0) {
        if (h->n == h->room) {
            room = h->room ? h->room * 2 : 64;
            if (!(more = realloc(h->node, room * sizeof(*more))))
                return -1;
            h->node = more;
            h->room = room;
        }
        node->key = key;
        put(h, h->n++, node);
        up(h, h->n - 1);
        return 0;
    }
    node->key = key;
    if (key < old)
        up(h, node->at - 1);
    else
        down(h, node->at - 1);
    return 0;
}

void heap_remove(struct heap *h, struct heap_node *node)
{
    size_t at = node->at;
    struct heap_node *last;

    if (at == 0)
        return;
    node->at = 0;
    last = h->node[--h->n];
    if (last == node)
        return;
    put(h, at - 1, last);
    up(h, at - 1);
    down(h, last->at - 1);
}

struct heap_node *heap_first(const struct heap *h)
{
    return h->n ? h->node[0] : NULL;
}

void heap_free(struct heap *h)
{
    free(h->node);
    h->node = NULL;
    h->n = h->room = 0;
}
