/*
 * live_client: thousands of event streams in one process, to measure how soon each event
 * is with the last of them.
 *
 *     live_client PORT PATH CLIENTS "Header: value"
 *
 * Says "connected SECONDS" when all have been greeted. Events carry "sent_us", the time in
 * microseconds at which they were told. When its input ends it says what came, as one
 * line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE  64 /* connections begun a turn */
#define TAIL     64 /* bytes kept of a read, for what lies across two */
#define SAMPLES  20000000
#define READ_MAX 65536

struct client {
    int fd;
    int asked, greeted;
    long events;
    int kept;
    char tail[TAIL];
};

static struct client *clients;
static int nclients, started, greeted, refused, closed;
static unsigned *samples;
static long nsamples;
static char request[4096];
static struct sockaddr_in server = {.sin_family = AF_INET};

static long now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static void begin(int epoll)
{
    struct client *c = &clients[started++];
    struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};

    /* some thousand a source address, so that ports suffice */
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(0x7f000002 + started / 10000)};

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
        (connect(c->fd, (struct sockaddr *)&server, sizeof(server)) < 0 &&
         errno != EINPROGRESS)) {
        perror("connect");
        exit(1);
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev);
}

static void end(int epoll, struct client *c)
{
    epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
    c->fd = -1;
    closed++;
}

static void ask(int epoll, struct client *c)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    size_t len = strlen(request);

    if (write(c->fd, request, len) != (ssize_t)len) {
        end(epoll, c);
        return;
    }
    c->asked = 1;
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void look(struct client *c, char *text, long now)
{
    static const char mark[] = "\"sent_us\": ";
    char *p = text;

    if (!c->greeted && strstr(text, "event: hello")) {
        c->greeted = 1;
        greeted++;
    }
    while ((p = strstr(p, mark))) {
        long sent;

        p += sizeof(mark) - 1;
        sent = strtol(p, &p, 10);
        if (*p == '\0') /* cut in two: it comes again with the next read */
            break;
        if (nsamples < SAMPLES)
            samples[nsamples++] = (unsigned)(now - sent);
        c->events++;
    }
}

static void take(int epoll, struct client *c)
{
    static char text[TAIL + READ_MAX + 1];
    char *line;
    ssize_t n;
    int kept;

    memcpy(text, c->tail, c->kept);
    n = read(c->fd, text + c->kept, READ_MAX);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN)
            end(epoll, c);
        return;
    }
    n += c->kept;
    text[n] = '\0';
    if (!strncmp(text, "HTTP/1.1 ", 9) && strncmp(text + 9, "200", 3)) {
        if (!refused++)
            fprintf(stderr, "%.200s\n", text);
    }
    look(c, text, now_us());
    /* a line that has not ended is looked at again with what follows, once */
    line = memrchr(text, '\n', n);
    kept = line ? (int)(text + n - line - 1) : (int)n;
    c->kept = 0;
    if (kept < TAIL) {
        memcpy(c->tail, text + n - kept, kept);
        c->kept = kept;
    }
}

static int later(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static void report(void)
{
    long least = nclients ? clients[0].events : 0, most = 0;

    for (int i = 0; i < nclients; i++) {
        least = clients[i].events < least ? clients[i].events : least;
        most = clients[i].events > most ? clients[i].events : most;
    }
    qsort(samples, nsamples, sizeof(*samples), later);
    printf("{\"clients\": %d, \"greeted\": %d, \"refused\": %d, \"closed\": %d, "
           "\"events\": %ld, \"least\": %ld, \"most\": %ld, "
           "\"p50_ms\": %.1f, \"p99_ms\": %.1f, \"max_ms\": %.1f}\n",
           nclients, greeted, refused, closed, nsamples, least, most,
           nsamples ? samples[nsamples / 2] / 1e3 : 0.0,
           nsamples ? samples[nsamples * 99 / 100] / 1e3 : 0.0,
           nsamples ? samples[nsamples - 1] / 1e3 : 0.0);
}

static void prepare(int argc, char **argv)
{
    struct rlimit files = {65536, 65536};

    if (argc != 5) {
        fprintf(stderr, "usage: live_client PORT PATH CLIENTS HEADER\n");
        exit(2);
    }
    server.sin_port = htons(atoi(argv[1]));
    inet_pton(AF_INET, "127.0.0.1", &server.sin_addr);
    nclients = atoi(argv[3]);
    snprintf(
        request, sizeof(request),
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAccept: text/event-stream\r\n%s\r\n\r\n",
        argv[2], argv[1], argv[4]);
    setrlimit(RLIMIT_NOFILE, &files);
    clients = calloc(nclients, sizeof(*clients));
    samples = malloc(SAMPLES * sizeof(*samples));
    if (!clients || !samples)
        exit(1);
}

int main(int argc, char **argv)
{
    struct epoll_event ev[512], in = {.events = EPOLLIN, .data.ptr = NULL};
    int epoll = epoll_create1(0), over = 0, said = 0;
    long began = now_us();

    prepare(argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &in);
    while (!over) {
        int n;

        for (int i = 0; i < AT_ONCE && started < nclients; i++)
            begin(epoll);
        n = epoll_wait(epoll, ev, 512, started < nclients ? 1 : 200);
        for (int i = 0; i < n; i++) {
            struct client *c = ev[i].data.ptr;

            if (!c)
                over = read(STDIN_FILENO, request, 1) <= 0;
            else if (!c->asked)
                ask(epoll, c);
            else
                take(epoll, c);
        }
        if (!said && greeted == nclients) {
            said = 1;
            printf("connected %.2f\n", (now_us() - began) / 1e6);
        }
    }
    report();
    return 0;
}
