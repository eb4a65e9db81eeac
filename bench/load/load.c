/*
 * A load generator for gRPC over HTTP/2 with TLS, a client certificate and a bearer token: one thread, no allocation a
 * call, so that on a small machine it is the server that is measured. `bench/load/__init__.py` builds and runs it.
 *
 * It keeps a number of calls in flight, each sending the next body of a file (already framed as gRPC wants it) and, for
 * long uploads, one frame many times after it. With a rate it begins so many calls a second instead, whatever becomes of
 * the earlier ones, as a crowd of callers does. It answers one line of JSON: calls, errors, bytes, seconds, latencies.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "options.h"

enum {
    STREAM_WINDOW_BYTES = 4 << 20,      /* what a client that downloads would grant */
    CONNECTION_WINDOW_BYTES = 16 << 20,
    OUTPUT_BYTES = 64 << 10,            /* four TLS records a write */
    INPUT_BYTES = 256 << 10,
    DRAIN_SECONDS = 30,                 /* how long calls in flight may take to end after the measurement */
    MOST_HEADERS = 32,
};

struct connection {
    int fd;
    int in_flight;
    int wants_write;
    SSL *ssl;
    nghttp2_session *session;
    size_t output_length, output_sent;
    uint8_t output[OUTPUT_BYTES];
};

struct call {
    struct connection *connection;
    struct body body;
    size_t sent;            /* of the body, then of the repeated frame */
    uint64_t repeated;      /* frames still to send after the body */
    uint64_t started_ns;
    int http_status, grpc_status;
    struct call *next_free;
};

static struct options options;
static nghttp2_nv headers[MOST_HEADERS];
static size_t header_count;
static struct call *free_calls;
static size_t next_body;
static int submitting = 1;

static struct {
    uint64_t started_ns, ended_ns;       /* the window that is measured; 0: not yet */
    uint64_t cpu_ns;                     /* this program's own processor time within the window */
    uint64_t submitted, due, unsent, all_calls, calls, errors, measured_errors, received_bytes, sent_bytes;
    uint64_t *latencies_ns;
    size_t latency_room;
    char first_error[512];
} result;

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "failed");
    ERR_print_errors_fp(stderr);
    exit(2);
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec at;
    clock_gettime(clock, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static int measuring(void) { return result.started_ns && !result.ended_ns; }

/* ---- calls ---- */

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *user) {
    (void)session, (void)id, (void)user;
    struct call *call = source->ptr;
    if (call->sent == call->body.length && call->repeated) {
        call->body = options.repeat;
        call->repeated--;
        call->sent = 0;
    }
    size_t left = call->body.length - call->sent, size = left < room ? left : room;
    memcpy(out, call->body.bytes + call->sent, size);
    call->sent += size;
    if (measuring()) result.sent_bytes += size;
    if (call->sent == call->body.length && !call->repeated) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)size;
}

static void start_call(struct connection *connection) {
    if (!submitting || (options.calls && result.submitted >= options.calls)) return;
    struct call *call = free_calls;
    free_calls = call->next_free;
    *call = (struct call){.connection = connection, .body = options.bodies[next_body], .grpc_status = -1,
                          .repeated = options.repeat_count, .started_ns = now_ns()};
    next_body = (next_body + 1) % options.body_count;
    nghttp2_data_provider provider = {.source.ptr = call, .read_callback = read_body};
    if (nghttp2_submit_request(connection->session, NULL, headers, header_count, &provider, call) < 0)
        fail("nghttp2_submit_request");
    connection->in_flight++;
    result.submitted++;
}

static void keep_latency(uint64_t latency_ns) {
    if (result.calls == result.latency_room) {
        result.latency_room = result.latency_room ? 2 * result.latency_room : 1 << 16;
        result.latencies_ns = realloc(result.latencies_ns, result.latency_room * sizeof(uint64_t));
        if (!result.latencies_ns) fail("realloc");
    }
    result.latencies_ns[result.calls++] = latency_ns;
}

static int end_call(nghttp2_session *session, int32_t id, uint32_t code, void *user) {
    struct connection *connection = user;
    struct call *call = nghttp2_session_get_stream_user_data(session, id);
    if (!call) return 0;
    result.all_calls++;
    if (call->http_status != 200 || call->grpc_status != 0 || code) {
        result.errors++;
        if (measuring()) result.measured_errors++;
        if (!*result.first_error)
            snprintf(result.first_error, sizeof result.first_error, "HTTP %d, grpc-status %d, HTTP/2 error %u",
                     call->http_status, call->grpc_status, code);
    } else if (measuring()) {
        keep_latency(now_ns() - call->started_ns);
    }
    call->next_free = free_calls;
    free_calls = call;
    connection->in_flight--;
    if (!options.rate) start_call(connection);
    return 0;
}

static int take_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                       const uint8_t *value, size_t value_length, uint8_t flags, void *user) {
    (void)value_length, (void)flags, (void)user;
    struct call *call = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!call) return 0;
    if (name_length == 7 && !memcmp(name, ":status", 7)) call->http_status = atoi((const char *)value);
    if (name_length == 11 && !memcmp(name, "grpc-status", 11)) call->grpc_status = atoi((const char *)value);
    return 0;
}

static int take_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t size, void *user) {
    (void)session, (void)flags, (void)id, (void)data, (void)user;
    if (measuring()) result.received_bytes += size;
    return 0;
}

/* ---- connections ---- */

/* Writes what the session has to say until there is no more or the socket is full. */
static void flush_output(struct connection *connection) {
    for (;;) {
        while (connection->output_length < OUTPUT_BYTES / 2) {
            const uint8_t *bytes;
            ssize_t size = nghttp2_session_mem_send(connection->session, &bytes);
            if (size < 0) fail("nghttp2_session_mem_send");
            if (size == 0) break;
            memcpy(connection->output + connection->output_length, bytes, (size_t)size);
            connection->output_length += (size_t)size;
        }
        if (connection->output_sent == connection->output_length) break;
        int size = SSL_write(connection->ssl, connection->output + connection->output_sent,
                             (int)(connection->output_length - connection->output_sent));
        if (size <= 0) {
            if (SSL_get_error(connection->ssl, size) != SSL_ERROR_WANT_WRITE) fail("the server closed a connection");
            connection->wants_write = 1;
            return;
        }
        connection->output_sent += (size_t)size;
        if (connection->output_sent == connection->output_length)
            connection->output_sent = connection->output_length = 0;
    }
    connection->wants_write = 0;
}

/* Begins the calls that are due by the rate. Beyond `in_flight` at once they are not begun, and counted. */
static void start_due(struct connection *connections, uint64_t begin_ns) {
    static size_t next;
    uint64_t due = (uint64_t)((double)(now_ns() - begin_ns) / 1e9 * options.rate);
    for (; submitting && result.due < due; result.due++) {
        struct connection *connection = &connections[next++ % options.connections];
        if (free_calls) start_call(connection);
        else if (measuring()) result.unsent++;
    }
    for (size_t i = 0; i < options.connections; i++) flush_output(&connections[i]);
}

static void take_input(struct connection *connection) {
    static uint8_t input[INPUT_BYTES];
    for (;;) {
        int size = SSL_read(connection->ssl, input, sizeof input);
        if (size <= 0) {
            if (SSL_get_error(connection->ssl, size) != SSL_ERROR_WANT_READ) fail("the server closed a connection");
            return;
        }
        if (nghttp2_session_mem_recv(connection->session, input, (size_t)size) < 0) fail("not HTTP/2");
    }
}

static SSL_CTX *tls_context(void) {
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
    SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2", 3);
    return context;
}

static void start_session(struct connection *connection) {
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, end_call);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, take_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, take_data);
    nghttp2_session_client_new(&connection->session, callbacks, connection);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW_BYTES}};
    nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW_BYTES);
}

static void open_connection(struct connection *connection, SSL_CTX *context) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    if (inet_pton(AF_INET, options.host, &address.sin_addr) != 1) fail("the host must be an IPv4 address");
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
    int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->ssl = SSL_new(context);
    SSL_set_fd(connection->ssl, connection->fd);
    SSL_set_tlsext_host_name(connection->ssl, "localhost");
    SSL_set1_host(connection->ssl, "localhost");
    if (SSL_connect(connection->ssl) != 1) fail("TLS handshake");
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    start_session(connection);
}

/* ---- the run ---- */

static void set_header(const char *name, const char *value) {
    if (header_count == MOST_HEADERS) fail("too many headers");
    headers[header_count++] = (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
                                           NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

static void set_headers(void) {
    static char authority[64];
    snprintf(authority, sizeof authority, "localhost:%d", options.port);
    set_header(":method", "POST");
    set_header(":scheme", "https");
    set_header(":path", options.path);
    set_header(":authority", authority);
    set_header("te", "trailers");
    set_header("content-type", "application/grpc");
    set_header("user-agent", "portico-bench");
    if (options.token) set_header("authorization", options.token);
}

/* Waits for a socket (or the end of standard input, answered by 1) and moves bytes. */
static int turn(struct connection *connections, struct pollfd *sockets, int timeout_ms, int watch_input) {
    size_t count = options.connections;
    for (size_t i = 0; i < count; i++)
        sockets[i] = (struct pollfd){connections[i].fd, (short)(POLLIN | (connections[i].wants_write ? POLLOUT : 0)), 0};
    sockets[count] = (struct pollfd){watch_input ? 0 : -1, POLLIN, 0};
    if (poll(sockets, count + 1, timeout_ms) < 0 && errno != EINTR) fail("poll");
    for (size_t i = 0; i < count; i++) {
        if (!sockets[i].revents) continue;
        take_input(&connections[i]);
        flush_output(&connections[i]);
    }
    char byte;
    return sockets[count].revents && read(0, &byte, 1) <= 0;
}

/* Warm-up, the measured window, then the end of the calls in flight. */
static void run(struct connection *connections, struct pollfd *sockets) {
    uint64_t begin_ns = now_ns(), warm_ns = begin_ns + (uint64_t)(options.warm_seconds * 1e9);
    uint64_t end_ns = warm_ns + (uint64_t)(options.seconds * 1e9), give_up_ns = end_ns + DRAIN_SECONDS * 1000000000ull;
    size_t per_connection = options.in_flight / options.connections;
    if (options.warm_seconds == 0) result.started_ns = begin_ns;
    uint64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < options.connections; i++) {
        for (size_t j = 0; j < per_connection && !options.rate; j++) start_call(&connections[i]);
        flush_output(&connections[i]);
    }
    for (;;) {
        turn(connections, sockets, options.rate && submitting ? 1 : 100, 0);
        if (options.rate) start_due(connections, begin_ns);
        uint64_t now = now_ns();
        int finished = options.calls && result.all_calls >= options.calls;
        if (!result.started_ns && now >= warm_ns) {
            result.started_ns = now;
            cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        }
        if (measuring() && (finished || now >= end_ns)) {
            result.ended_ns = now;
            result.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
            submitting = 0;
        }
        size_t in_flight = 0;
        for (size_t i = 0; i < options.connections; i++) in_flight += (size_t)connections[i].in_flight;
        if (result.ended_ns && !in_flight) return;
        if (now > give_up_ns) fail("calls did not end");
    }
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double microseconds_at(double quantile) {
    if (!result.calls) return 0;
    return (double)result.latencies_ns[(size_t)(quantile * (double)(result.calls - 1))] / 1e3;
}

static void report(void) {
    qsort(result.latencies_ns, result.calls, sizeof(uint64_t), by_size);
    printf("{\"seconds\": %.6f, \"cpu_seconds\": %.6f, \"calls\": %lu, \"all_calls\": %lu, \"errors\": %lu, \"measured_errors\": %lu, \"unsent\": %lu, \"first_error\": \"%s\", "
           "\"received_bytes\": %lu, \"sent_bytes\": %lu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f}\n",
           (double)(result.ended_ns - result.started_ns) / 1e9, (double)result.cpu_ns / 1e9, result.calls, result.all_calls, result.errors,
           result.measured_errors, result.unsent,
           result.first_error, result.received_bytes, result.sent_bytes, microseconds_at(0.5), microseconds_at(0.9),
           microseconds_at(0.99));
    fflush(stdout);
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    options = parse_options(count, arguments);
    set_headers();
    SSL_CTX *context = tls_context();
    struct connection *connections = calloc(options.connections, sizeof *connections);
    struct pollfd *sockets = calloc(options.connections + 1, sizeof *sockets);
    struct call *calls = calloc(options.in_flight, sizeof *calls);
    if (!connections || !sockets || !calls) fail("calloc");
    for (size_t i = 0; i < options.in_flight; i++) calls[i].next_free = free_calls, free_calls = &calls[i];
    for (size_t i = 0; i < options.connections; i++) open_connection(&connections[i], context);
    run(connections, sockets);
    report();
    while (options.hold && !turn(connections, sockets, -1, 1)) continue;
    return 0;
}
