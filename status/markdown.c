/* markdown: cmark reads, and each kind of node is written here by hand. */
#include <cmark.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "html.h"
#include "markdown.h"

#define OUT_MAX (8 * MARKDOWN_MAX) /* a quote is one byte and comes out as 25 */

struct writer {
    buf out;
    int heading, level;   /* of the last one: as it was written, and as it is here */
    int items[64], depth; /* of lists: the next number, 0: bullets */
};

static cmark_node *parse(const char *text, size_t len)
{
    if (len > MARKDOWN_MAX)
        for (len = MARKDOWN_MAX; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
            len--;
    return cmark_parse_document(text, len, CMARK_OPT_VALIDATE_UTF8);
}

/* Only what stands whole on its own: no relative links, for the text goes to feeds and mails.
 */
static bool address_ok(const char *url)
{
    return html_link_ok(url) &&
           (strncasecmp(url, "http", 4) == 0 || strncasecmp(url, "mailto:", 7) == 0);
}

static void link_html(struct writer *w, cmark_node *node, bool enter)
{
    const char *url = cmark_node_get_url(node);

    if (!address_ok(url))
        return;
    if (enter)
        html(&w->out, "<a href=\"%s\" rel=\"nofollow noopener noreferrer\">", url);
    else
        buf_puts(&w->out, "</a>");
}

static bool tight(cmark_node *paragraph)
{
    cmark_node *item = cmark_node_parent(paragraph);
    cmark_node *list = item ? cmark_node_parent(item) : NULL;

    return list && cmark_node_get_type(list) == CMARK_NODE_LIST &&
           cmark_node_get_list_tight(list);
}

/* The page has its own h1 to h3, and no level of an outline may be left out. */
static int level(struct writer *w, cmark_node *node, bool enter)
{
    int n = cmark_node_get_heading_level(node);

    if (!enter)
        return w->level;
    w->level += n > w->heading ? 1 : n - w->heading;
    if (w->level < 4)
        w->level = 4;
    if (w->level > 6)
        w->level = 6;
    w->heading = n;
    return w->level;
}

static void block_html(struct writer *w, cmark_node *node, bool enter)
{
    const char *end = enter ? "" : "/";
    buf *o = &w->out;

    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_PARAGRAPH:
        if (!tight(node))
            buf_puts(o, enter ? "<p>" : "</p>\n");
        break;
    case CMARK_NODE_HEADING:
        html(o, "<%sh%d>", end, level(w, node, enter));
        break;
    case CMARK_NODE_BLOCK_QUOTE:
        html(o, "<%sblockquote>", end);
        break;
    case CMARK_NODE_LIST:
        if (cmark_node_get_list_type(node) == CMARK_BULLET_LIST)
            html(o, "<%sul>", end);
        else if (enter && cmark_node_get_list_start(node) != 1)
            html(o, "<ol start=\"%d\">", cmark_node_get_list_start(node));
        else
            html(o, "<%sol>", end);
        break;
    case CMARK_NODE_ITEM:
        html(o, "<%sli>", end);
        break;
    case CMARK_NODE_CODE_BLOCK:
        html(o, "<pre><code>%s</code></pre>\n", cmark_node_get_literal(node));
        break;
    case CMARK_NODE_HTML_BLOCK:
        html(o, "<p>%s</p>\n", cmark_node_get_literal(node));
        break;
    case CMARK_NODE_THEMATIC_BREAK:
        buf_puts(o, "<hr>\n");
        break;
    default:
        break;
    }
}

static void inline_html(struct writer *w, cmark_node *node, bool enter)
{
    const char *end = enter ? "" : "/";
    buf *o = &w->out;

    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
    case CMARK_NODE_HTML_INLINE:
        html_text(o, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_CODE:
        html(o, "<code>%s</code>", cmark_node_get_literal(node));
        break;
    case CMARK_NODE_SOFTBREAK:
        buf_puts(o, "\n");
        break;
    case CMARK_NODE_LINEBREAK:
        buf_puts(o, "<br>\n");
        break;
    case CMARK_NODE_EMPH:
        html(o, "<%sem>", end);
        break;
    case CMARK_NODE_STRONG:
        html(o, "<%sstrong>", end);
        break;
    case CMARK_NODE_LINK:
    case CMARK_NODE_IMAGE:
        link_html(w, node, enter);
        break;
    default:
        block_html(w, node, enter);
    }
}

static void new_line(buf *o, int lines)
{
    while (o->len > 0 && (o->data[o->len - 1] == '\n' || o->data[o->len - 1] == ' '))
        o->len--;
    while (o->len > 0 && lines-- > 0)
        buf_add(o, "\n", 1);
}

static void item_text(struct writer *w)
{
    int *next = w->depth > 0 && w->depth <= 64 ? &w->items[w->depth - 1] : NULL;

    if (w->out.len > 0 && w->out.data[w->out.len - 1] != '\n')
        buf_add(&w->out, "\n", 1);
    if (next && *next) {
        text_int(&w->out, (*next)++);
        buf_puts(&w->out, ". ");
    }
    else
        buf_puts(&w->out, "- ");
}

static void node_text(struct writer *w, cmark_node *node, bool enter)
{
    const char *literal = cmark_node_get_literal(node), *url;
    buf *o = &w->out;

    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HEADING:
        if (!enter)
            new_line(o, tight(node) ? 1 : 2);
        break;
    case CMARK_NODE_LIST:
        if (enter && ++w->depth <= 64)
            w->items[w->depth - 1] = cmark_node_get_list_type(node) == CMARK_BULLET_LIST
                                         ? 0
                                         : cmark_node_get_list_start(node);
        else if (!enter) {
            w->depth--;
            new_line(o, 2);
        }
        break;
    case CMARK_NODE_ITEM:
        if (enter)
            item_text(w);
        break;
    case CMARK_NODE_SOFTBREAK:
    case CMARK_NODE_LINEBREAK:
        buf_puts(o, "\n");
        break;
    case CMARK_NODE_LINK:
    case CMARK_NODE_IMAGE:
        url = cmark_node_get_url(node);
        if (!enter && address_ok(url)) {
            buf_puts(o, " (");
            buf_puts(o, url);
            buf_puts(o, ")");
        }
        break;
    case CMARK_NODE_CODE_BLOCK:
    case CMARK_NODE_HTML_BLOCK:
        buf_puts(o, literal ? literal : "");
        new_line(o, 2);
        break;
    default:
        if (enter && literal)
            buf_puts(o, literal);
    }
}

static char *write_all(const char *text, size_t len, bool plain)
{
    struct writer w = {0};
    cmark_node *root = parse(text, len), *node;
    cmark_iter *iter = cmark_iter_new(root);
    cmark_event_type event;

    while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE && w.out.len < OUT_MAX) {
        node = cmark_iter_get_node(iter);
        if (plain)
            node_text(&w, node, event == CMARK_EVENT_ENTER);
        else
            inline_html(&w, node, event == CMARK_EVENT_ENTER);
    }
    if (event != CMARK_EVENT_DONE && !plain) { /* no half of a tag: as plain text then */
        w.out.len = 0;
        html_text_n(&w.out, text, len < MARKDOWN_MAX ? len : MARKDOWN_MAX);
    }
    if (plain)
        new_line(&w.out, 0);
    cmark_iter_free(iter);
    cmark_node_free(root);
    buf_end(&w.out);
    return w.out.data;
}

char *markdown_html(const char *text, size_t len)
{
    return write_all(text, len, false);
}

char *markdown_text(const char *text, size_t len)
{
    return write_all(text, len, true);
}
