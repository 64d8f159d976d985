/* page_embed: a bar of 64 pixels for a frame in somebody else's page. */
#include <string.h>

#include "page_view.h"

void page_out_embed(struct view *v)
{
    buf *o = v->out;

    v->live = true;
    view_open(v, v->page->title, "embed");
    html(o,
         "<main><a class=\"banner s%d\" id=\"banner\" href=\"../\" target=\"_blank\" "
         "rel=\"noopener\" title=\"%s\">",
         v->overall, language_word(v->lang, W_LINK_OPEN));
    view_icon(v, v->overall);
    buf_puts(o, "<div><h1 id=\"overall\">");
    view_banner_title(v, o);
    html(o, "</h1><p><bdi>%s</bdi></p></div><p class=\"when\">", v->page->title);
    buf_clear(&v->scratch);
    view_time(v, &v->scratch, v->page->now, true);
    language_say(o, v->lang, W_UPDATED, buf_end(&v->scratch), NULL);
    buf_puts(o, "</p></a></main>\n");
    view_close(v);
}
