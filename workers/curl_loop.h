/*
 * curl_loop: a libcurl multi handle whose sockets and timer are events of the role's loop.
 */
#ifndef TOCSIND_CURL_LOOP_H
#define TOCSIND_CURL_LOOP_H

#include <curl/curl.h>
#include <event2/event.h>

struct watch;

struct curl_loop {
    struct event_base *base;
    CURLM *multi;
    struct event *timer;
    struct watch *spare; /* socket events to be used again */
    /* A transfer is over; easy is still in multi. May remove it, and start others. */
    void (*over)(CURL *easy, CURLcode rc);
};

/* Of a zeroed struct with base and over set. -1: out of memory. */
int curl_loop_start(struct curl_loop *l);
/* Also of one that was never started. Every easy handle is to be out of it. */
void curl_loop_stop(struct curl_loop *l);

#endif
