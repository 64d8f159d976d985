/* page_incident: an incident on a page of its own, to be linked to. */
#include <string.h>

#include "page_view.h"

void page_out_incident(struct view *v, const struct page_incident *i)
{
    buf *o = v->out, title = {0};

    buf_puts(&title, i->title);
    buf_puts(&title, " – ");
    buf_puts(&title, v->page->title);
    view_head(v, buf_end(&title), W_BACK, "one");
    html(o, "<h1 dir=\"auto\">%s</h1>\n", view_name(i->title));
    view_incident(v, i, true);
    view_foot(v);
    buf_free(&title);
}
