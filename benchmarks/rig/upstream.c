/* A provider to measure against: answers chat completions from memory, whole or as a paced event stream.

   usage: upstream PORT CHUNKS INTERVAL_US

   Every event of a stream carries the moment it was sent (CLOCK_MONOTONIC nanoseconds, 19 digits) as its text, so that whoever
   reads it on the same machine knows how long it was under way. One thread, one epoll. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536
#define STREAM_MARK "\"stream\":true"

struct client {
    int fd;
    char *in;
    size_t held, room;
    int left;            /* events of the stream still to send; 0 while none is under way */
    uint64_t due;        /* when the next is due, nanoseconds */
    struct client *next; /* in the queue of streams: the interval is one for all, so it stays in order */
};

static struct client *clients[MOST];
static struct client *first, *last;
static int chunks;
static uint64_t interval;

static const char BODY[] =
    "{\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion\",\"created\":1795600000,\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,"
    "\"message\":{\"role\":\"assistant\",\"content\":\"Points are set by hand, one lever for each road; the signal follows the points, "
    "and no train may pass before both agree. That is all there is to it, and it took eighty years to get it right.\"},"
    "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1117,\"completion_tokens\":46,\"total_tokens\":1163,"
    "\"prompt_tokens_details\":{\"cached_tokens\":1024,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,"
    "\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}},\"service_tier\":\"default\"}";
static char whole[sizeof BODY + 200];
static size_t whole_size;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void forget(struct client *c) {
    clients[c->fd] = NULL;
    close(c->fd);
    c->fd = -1;
    free(c->in);
    c->in = NULL;
    if (!c->left) free(c); /* one in the queue is freed when its turn comes */
}

static int put(struct client *c, const char *data, size_t size) {
    while (size) {
        ssize_t n = send(c->fd, data, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) { usleep(50); continue; }
        if (n <= 0) return -1;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

static int put_chunk(struct client *c, const char *event, int size) {
    char out[1024];
    int n = snprintf(out, sizeof out, "%x\r\n%.*s\r\n", (unsigned)size, size, event);
    return put(c, out, (size_t)n);
}

static void queue(struct client *c) {
    c->next = NULL;
    if (last) last->next = c;
    else first = c;
    last = c;
}

static void say(struct client *c) {
    char event[512];
    int n;
    c->left--;
    if (c->left > 1) {
        n = snprintf(event, sizeof event,
                     "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1795600000,\"model\":\"gpt-4o\","
                     "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"@%019llu\"},\"finish_reason\":null}]}\n\n",
                     (unsigned long long)now());
        if (put_chunk(c, event, n)) c->left = 0;
    } else if (c->left == 1) {
        n = snprintf(event, sizeof event,
                     "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1795600000,\"model\":\"gpt-4o\","
                     "\"choices\":[],\"usage\":{\"prompt_tokens\":1117,\"completion_tokens\":%d,\"total_tokens\":%d}}\n\n",
                     chunks, 1117 + chunks);
        if (put_chunk(c, event, n)) c->left = 0;
    } else if (!put_chunk(c, "data: [DONE]\n\n", 14)) {
        put(c, "0\r\n\r\n", 5);
    }
}

static void answer(struct client *c, int stream) {
    static const char HEAD[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    if (!stream) {
        put(c, whole, whole_size);
        return;
    }
    put(c, HEAD, sizeof HEAD - 1);
    c->left = chunks + 2;
    c->due = now() + interval;
    queue(c);
}

/* Take whole requests off the buffer. */
static void look(struct client *c) {
    for (;;) {
        char *end = memmem(c->in, c->held, "\r\n\r\n", 4);
        if (!end) return;
        size_t head = (size_t)(end - c->in) + 4, length = 0;
        for (char *p = c->in; p < end; p = memchr(p, '\n', (size_t)(end - p) + 2) + 1)
            if (!strncasecmp(p, "content-length:", 15)) length = strtoul(p + 15, NULL, 10);
        if (c->held < head + length) {
            if (c->room < head + length + 1) c->in = realloc(c->in, c->room = head + length + 4096);
            return;
        }
        int stream = memmem(c->in + head, length, STREAM_MARK, sizeof STREAM_MARK - 1) != NULL;
        memmove(c->in, c->in + head + length, c->held - head - length);
        c->held -= head + length;
        answer(c, stream);
    }
}

static void hear(struct client *c) {
    if (c->room - c->held < 65536) c->in = realloc(c->in, c->room = c->held + 131072);
    ssize_t n = recv(c->fd, c->in + c->held, c->room - c->held - 1, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        forget(c);
        return;
    }
    c->held += (size_t)n;
    look(c);
}

int main(int count, char **words) {
    if (count < 4) return fprintf(stderr, "usage: upstream PORT CHUNKS INTERVAL_US\n"), 2;
    chunks = atoi(words[2]);
    interval = strtoull(words[3], NULL, 10) * 1000u;
    whole_size = (size_t)sprintf(whole, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
                                 sizeof BODY - 1, BODY);
    struct rlimit files = {MOST, MOST};
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 8192)) return perror("upstream"), 1;
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[512];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(epoll, ready, 512, first ? 1 : 1000);
        for (int i = 0; i < n; i++) {
            int fd = ready[i].data.fd;
            if (fd != listener) {
                if (clients[fd]) hear(clients[fd]);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                if (fd >= MOST) { close(fd); continue; }
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                clients[fd] = calloc(1, sizeof **clients);
                clients[fd]->fd = fd;
                event.data.fd = fd;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
            }
        }
        for (uint64_t moment = now(); first && first->due <= moment;) {
            struct client *c = first;
            first = c->next;
            if (!first) last = NULL;
            if (c->fd < 0) { free(c); continue; }
            say(c);
            if (c->left) { c->due += interval; queue(c); }
        }
    }
}
