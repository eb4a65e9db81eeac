#define _GNU_SOURCE
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct options options;
struct result result;

static uint64_t cpu_ns;

void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "failed");
    ERR_print_errors_fp(stderr);
    exit(2);
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

/* ---- the window ---- */

int measuring(void) { return result.started_ns && !result.ended_ns; }

void look_at_window(uint64_t begin_ns, int finished) {
    uint64_t now = now_ns(), warm_ns = begin_ns + (uint64_t)(options.warm_seconds * 1e9);
    if (!result.started_ns && now >= warm_ns) {
        result.started_ns = options.warm_seconds == 0 ? begin_ns : now;
        cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    }
    if (measuring() && (finished || now >= warm_ns + (uint64_t)(options.seconds * 1e9))) {
        result.ended_ns = now;
        result.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
    }
}

void note_success(uint64_t latency_ns) {
    if (!measuring()) return;
    if (result.calls == result.latency_room) {
        result.latency_room = result.latency_room ? 2 * result.latency_room : 1 << 16;
        result.latencies_ns = realloc(result.latencies_ns, result.latency_room * sizeof(uint64_t));
        if (!result.latencies_ns) fail("realloc");
    }
    result.latencies_ns[result.calls++] = latency_ns;
}

void note_error(const char *format, ...) {
    result.errors++;
    if (measuring()) result.measured_errors++;
    if (*result.first_error) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result.first_error, sizeof result.first_error, format, arguments);
    va_end(arguments);
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double microseconds_at(double quantile) {
    if (!result.calls) return 0;
    return (double)result.latencies_ns[(size_t)(quantile * (double)(result.calls - 1))] / 1e3;
}

void report(void) {
    qsort(result.latencies_ns, result.calls, sizeof(uint64_t), by_size);
    printf("{\"seconds\": %.6f, \"cpu_seconds\": %.6f, \"calls\": %lu, \"all_calls\": %lu, \"errors\": %lu, \"measured_errors\": %lu, \"unsent\": %lu, \"first_error\": \"%s\", "
           "\"received_bytes\": %lu, \"sent_bytes\": %lu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f}\n",
           (double)(result.ended_ns - result.started_ns) / 1e9, (double)result.cpu_ns / 1e9, result.calls, result.all_calls, result.errors,
           result.measured_errors, result.unsent,
           result.first_error, result.received_bytes, result.sent_bytes, microseconds_at(0.5), microseconds_at(0.9),
           microseconds_at(0.99));
    fflush(stdout);
}

/* ---- connections ---- */

int open_socket(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) fail("the host must be an IPv4 address");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

SSL_CTX *tls_context(const char *protocol) {
    static unsigned char offered[16];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, 64 << 10);
    if (SSL_CTX_load_verify_locations(context, options.authority, NULL) != 1) fail(options.authority);
    if (options.certificate) {
        if (SSL_CTX_use_certificate_chain_file(context, options.certificate) != 1) fail(options.certificate);
        if (SSL_CTX_use_PrivateKey_file(context, options.key, SSL_FILETYPE_PEM) != 1) fail(options.key);
    }
    offered[0] = (unsigned char)strlen(protocol);
    memcpy(offered + 1, protocol, offered[0]);
    SSL_CTX_set_alpn_protos(context, offered, offered[0] + 1u);
    return context;
}

SSL *open_tls(SSL_CTX *context, int fd) {
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, "localhost");
    SSL_set1_host(ssl, "localhost");
    if (SSL_connect(ssl) != 1) fail("TLS handshake");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return ssl;
}
