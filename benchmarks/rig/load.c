/* A load to measure with: N connections that each send the next request when the last is answered.

   usage: load PORT CONNECTIONS SECONDS WARM_SECONDS MODE KNOWN_BODY NEW_BODY [HEADER]...

   MODE  known   every request belongs to the thread of its connection and carries KNOWN_BODY
         agents  19 of 20 requests do; the twentieth begins a thread and carries NEW_BODY
         new     every request begins a thread and carries NEW_BODY
         streams like `new`, and the answer is an event stream whose events carry the moment they were sent
   Requests and latencies are counted after WARM_SECONDS; one JSON object is printed. One thread, one epoll. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ID 20
#define SAMPLES 4000000

enum mode { KNOWN, AGENTS, NEW, STREAMS };
static const char *MODES[] = {"known", "agents", "new", "streams"};

struct request { /* a request as bytes, and where its thread's name stands in it */
    char *bytes;
    size_t size, id;
};
struct conn {
    int fd, number;
    uint64_t began;
    size_t sent;
    struct request *out;
    char *copy[2];
    unsigned count;
    char in[65536];
    size_t held;
    int in_body, status, chunked, spoke;
    long left; /* bytes of a body of known length still to come */
};

static enum mode mode;
static struct request known, fresh;
static struct sockaddr_in at = {.sin_family = AF_INET};
static int epoll_, counting;
static uint64_t threads_begun;
static uint64_t answered, failed, bytes_in, events_in, all_answered, all_events;
static uint32_t *latency, *delay, *opening;
static size_t latencies, delays, openings;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void keep(uint32_t *samples, size_t *count, uint64_t ns) {
    if (counting && *count < SAMPLES) samples[(*count)++] = ns / 100 > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns / 100);
}

static struct request compose(const char *file, int port, int count, char **headers) {
    struct request r = {0};
    FILE *in = fopen(file, "rb");
    if (!in) perror(file), exit(1);
    fseek(in, 0, SEEK_END);
    size_t size = (size_t)ftell(in);
    rewind(in);
    char *head = NULL;
    size_t head_size;
    FILE *out = open_memstream(&head, &head_size);
    fprintf(out, "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nuser-agent: opencode/1.17.18\r\naccept: */*\r\n"
                 "content-type: application/json\r\nx-pointsman-thread: ", port);
    fflush(out);
    r.id = head_size;
    fprintf(out, "%0*d\r\n", ID, 0);
    for (int i = 0; i < count; i++) fprintf(out, "%s\r\n", headers[i]);
    fprintf(out, "content-length: %zu\r\n\r\n", size);
    fclose(out);
    r.size = head_size + size;
    r.bytes = malloc(r.size + 1);
    memcpy(r.bytes, head, head_size);
    if (fread(r.bytes + head_size, 1, size, in) != size) perror(file), exit(1);
    fclose(in);
    free(head);
    return r;
}

static void watch(struct conn *c, int op, uint32_t events) {
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(epoll_, op, c->fd, &e);
}

static void flush(struct conn *c) {
    char *bytes = c->copy[c->out == &fresh];
    while (c->sent < c->out->size) {
        ssize_t n = send(c->fd, bytes + c->sent, c->out->size - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        }
        if (n <= 0) return; /* the read side will see the end */
        c->sent += (size_t)n;
    }
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void ask(struct conn *c) {
    int begins = mode >= NEW || (mode == AGENTS && (c->count + (unsigned)c->number) % 20 == 19);
    char id[ID + 1];
    c->out = begins ? &fresh : &known;
    c->count++;
    snprintf(id, sizeof id, "%c%0*llu", begins ? 'n' : 'k', ID - 1,
             begins ? (unsigned long long)++threads_begun : (unsigned long long)c->number);
    memcpy(c->copy[begins] + c->out->id, id, ID);
    c->sent = c->held = 0;
    c->in_body = c->status = c->chunked = c->spoke = 0;
    c->left = 0;
    c->began = now();
    flush(c);
}

static void dial(struct conn *c) {
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (int tries = 0; connect(c->fd, (struct sockaddr *)&at, sizeof at); tries++) {
        if (tries == 50) perror("load"), exit(1);
        usleep(20000);
    }
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void over(struct conn *c, int good) {
    all_answered++;
    if (counting) {
        if (good) answered++;
        else failed++;
    }
    if (good) keep(latency, &latencies, now() - c->began);
}

/* Find the stamps in what came; true at the end of the stream. */
static int listen_in(struct conn *c) {
    uint64_t moment = now();
    char *p = c->in, *end = c->in + c->held;
    while ((p = memchr(p, '@', (size_t)(end - p))) && end - p > ID - 1) {
        keep(delay, &delays, moment - strtoull(p + 1, NULL, 10));
        if (!c->spoke) c->spoke = 1, keep(opening, &openings, moment - c->began);
        all_events++;
        if (counting) events_in++;
        p += ID;
    }
    int done = c->held >= 7 && !memcmp(end - 7, "\r\n0\r\n\r\n", 7);
    size_t rest = p ? (size_t)(end - p) : c->held < 8 ? c->held : 8;
    memmove(c->in, end - rest, rest);
    c->held = rest;
    return done;
}

static void redial(struct conn *c) {
    over(c, 0);
    close(c->fd);
    dial(c);
    ask(c);
}

static void hear(struct conn *c) {
    ssize_t n = recv(c->fd, c->in + c->held, sizeof c->in - 1 - c->held, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        redial(c);
        return;
    }
    if (counting) bytes_in += (uint64_t)n;
    c->held += (size_t)n;
    if (!c->in_body) {
        char *end = memmem(c->in, c->held, "\r\n\r\n", 4);
        if (!end) return;
        *end = 0;
        c->status = atoi(c->in + 9);
        char *length = strcasestr(c->in, "\r\ncontent-length:");
        c->chunked = !length;
        c->left = length ? atol(length + 17) : 0;
        size_t head = (size_t)(end - c->in) + 4;
        memmove(c->in, c->in + head, c->held -= head);
        c->in_body = 1;
    }
    if (mode == STREAMS && c->status == 200) {
        if (!listen_in(c)) return;
    } else if (c->chunked) {
        if (c->held < 5 || memcmp(c->in + c->held - 5, "0\r\n\r\n", 5)) {
            if (c->held > sizeof c->in / 2) memmove(c->in, c->in + c->held - 5, 5), c->held = 5;
            return;
        }
    } else {
        c->left -= (long)c->held;
        c->held = 0;
        if (c->left > 0) return;
    }
    over(c, c->status == 200);
    ask(c);
}

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void tell(const char *name, uint32_t *samples, size_t count) {
    qsort(samples, count, sizeof *samples, by_size);
    double at50 = count ? samples[count / 2] / 10.0 : -1, at99 = count ? samples[count * 99 / 100] / 10.0 : -1;
    printf(",\"%s_p50_us\":%.1f,\"%s_p99_us\":%.1f", name, at50, name, at99);
}

int main(int words, char **word) {
    if (words < 8) return fprintf(stderr, "usage: see the head of load.c\n"), 2;
    int port = atoi(word[1]), connections = atoi(word[2]);
    double seconds = atof(word[3]), warm = atof(word[4]);
    for (mode = KNOWN; strcmp(MODES[mode], word[5]); mode++)
        if (mode == STREAMS) return fprintf(stderr, "load: no such mode\n"), 2;
    known = compose(word[6], port, words - 8, word + 8);
    fresh = compose(word[7], port, words - 8, word + 8);
    at.sin_port = htons((uint16_t)port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    latency = malloc(SAMPLES * sizeof *latency);
    delay = malloc(SAMPLES * sizeof *delay);
    opening = malloc(SAMPLES * sizeof *opening);
    threads_begun = now() / 1000;
    epoll_ = epoll_create1(0);
    struct conn *conns = calloc((size_t)connections, sizeof *conns);
    uint64_t began = now();
    for (int i = 0; i < connections; i++) {
        conns[i].number = i;
        for (int which = 0; which < 2; which++) {
            struct request *r = which ? &fresh : &known;
            conns[i].copy[which] = memcpy(malloc(r->size), r->bytes, r->size);
        }
        dial(&conns[i]);
        ask(&conns[i]);
        if (mode == STREAMS) usleep((useconds_t)(warm * 500000 / connections)); /* streams begin apart, as people do */
    }
    uint64_t from = began + (uint64_t)(warm * 1e9), until = from + (uint64_t)(seconds * 1e9), moment;
    struct epoll_event ready[512];
    while ((moment = now()) < until) {
        if (!counting && moment >= from) counting = 1, from = moment;
        int n = epoll_wait(epoll_, ready, 512, 100);
        for (int i = 0; i < n; i++) {
            struct conn *c = ready[i].data.ptr;
            if (ready[i].events & EPOLLOUT) flush(c);
            if (ready[i].events & ~(uint32_t)EPOLLOUT) hear(c);
        }
    }
    double measured = (double)(now() - from) / 1e9;
    printf("{\"seconds\":%.3f,\"answered\":%llu,\"failed\":%llu,\"all_answered\":%llu,\"all_events\":%llu,\"per_s\":%.1f,"
           "\"bytes\":%llu,\"events_per_s\":%.1f",
           measured, (unsigned long long)answered, (unsigned long long)failed, (unsigned long long)all_answered,
           (unsigned long long)all_events, (double)answered / measured, (unsigned long long)bytes_in,
           (double)events_in / measured);
    tell("latency", latency, latencies);
    tell("delay", delay, delays);
    tell("opening", opening, openings);
    printf("}\n");
    return 0;
}
