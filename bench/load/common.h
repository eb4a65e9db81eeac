/* What the load generators share: the measured window and what it brought, and connections. */
#pragma once
#include <openssl/ssl.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "options.h"

enum {
    DRAIN_SECONDS = 30,                  /* how long calls in flight may take to end after the measurement */
};

extern struct options options;

extern struct result {
    uint64_t started_ns, ended_ns;       /* the window that is measured; 0: not yet */
    uint64_t cpu_ns;                     /* this program's own processor time within the window */
    uint64_t submitted, due, unsent, all_calls, calls, errors, measured_errors, received_bytes, sent_bytes;
    uint64_t *latencies_ns;
    size_t latency_room;
    char first_error[512];
} result;

void fail(const char *what);

uint64_t now_ns(void);
int measuring(void);

/* Opens and closes the window, by the time and by `finished`. */
void look_at_window(uint64_t begin_ns, int finished);
void note_success(uint64_t latency_ns);
void note_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One line of JSON: calls, errors, bytes, seconds, latencies. */
void report(void);

int open_socket(void);
SSL_CTX *tls_context(const char *protocol);
/* Shakes hands, then makes the socket non-blocking. */
SSL *open_tls(SSL_CTX *context, int fd);
