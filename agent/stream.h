/*
 * stream: a call answered by server-sent events.
 *
 * The client gets a comment each 15 s, so that both sides notice when the other is gone. A
 * client that does not take what it is sent is dropped: when more than 1 MiB waits for it,
 * or when it took nothing for 20 s.
 */
#ifndef AGENT_STREAM_H
#define AGENT_STREAM_H

#include "call.h"

#define STREAM_WAITING_MAX (1 << 20)

struct stream;

/*
 * Answer the call with a stream; the call is gone, its app and words with it: copy what you
 * need first. on_end(arg) is called once, when the client left or was dropped, never from
 * within stream_start; after it the stream is no more.
 */
struct stream *stream_start(struct call *c, void (*on_end)(void *arg), void *arg);

/* One event. event and id may be NULL; data is one line, without its end. false: the
 * client was dropped, on_end has been called. */
bool stream_send(struct stream *s, const char *event, const char *id, const char *data,
                 size_t len);

/* Bytes that the client has not taken yet. Who can stop his source does so above, say,
 * 256 KiB, and goes on in on_room. */
size_t stream_waiting(const struct stream *s);
/* fn(arg) is called once, as soon as less than `below` bytes wait. NULL takes it back. */
void stream_on_room(struct stream *s, size_t below, void (*fn)(void *arg), void *arg);

/* The last event was sent: end it; on_end is not called. */
void stream_end(struct stream *s);

#endif
