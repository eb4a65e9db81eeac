/*
 * A load generator for gRPC over HTTP/2 with TLS, a client certificate and a bearer token: one thread, no allocation a
 * call, so that on a small machine it is the server that is measured. `bench/load/__init__.py` builds and runs it.
 *
 * It keeps a number of calls in flight, each sending the next body of a file (already framed as gRPC wants it) and, for
 * long uploads, one frame many times after it. With a rate it begins so many calls a second instead, whatever becomes of
 * the earlier ones, as a crowd of callers does. It answers one line of JSON: calls, errors, bytes, seconds, latencies.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common.h"

enum {
    STREAM_WINDOW_BYTES = 4 << 20,      /* what a client that downloads would grant */
    CONNECTION_WINDOW_BYTES = 16 << 20,
    OUTPUT_BYTES = 64 << 10,            /* four TLS records a write */
    INPUT_BYTES = 256 << 10,
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

static nghttp2_nv headers[MOST_HEADERS];
static size_t header_count;
static struct call *free_calls;
static size_t next_body;
static int submitting = 1;

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

static int end_call(nghttp2_session *session, int32_t id, uint32_t code, void *user) {
    struct connection *connection = user;
    struct call *call = nghttp2_session_get_stream_user_data(session, id);
    if (!call) return 0;
    result.all_calls++;
    if (call->http_status != 200 || call->grpc_status != 0 || code)
        note_error("HTTP %d, grpc-status %d, HTTP/2 error %u", call->http_status, call->grpc_status, code);
    else
        note_success(now_ns() - call->started_ns);
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
    connection->fd = open_socket();
    connection->ssl = open_tls(context, connection->fd);
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
    uint64_t begin_ns = now_ns();
    size_t per_connection = options.in_flight / options.connections;
    look_at_window(begin_ns, 0);
    for (size_t i = 0; i < options.connections; i++) {
        for (size_t j = 0; j < per_connection && !options.rate; j++) start_call(&connections[i]);
        flush_output(&connections[i]);
    }
    for (;;) {
        turn(connections, sockets, options.rate && submitting ? 1 : 100, 0);
        if (options.rate) start_due(connections, begin_ns);
        look_at_window(begin_ns, options.calls && result.all_calls >= options.calls);
        submitting = !result.ended_ns;
        size_t in_flight = 0;
        for (size_t i = 0; i < options.connections; i++) in_flight += (size_t)connections[i].in_flight;
        if (result.ended_ns && !in_flight) return;
        if (result.ended_ns && now_ns() > result.ended_ns + DRAIN_SECONDS * 1000000000ull) fail("calls did not end");
    }
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    options = parse_options(count, arguments);
    if (!options.path || !options.authority) fail("--path and --authority are needed");
    set_headers();
    SSL_CTX *context = tls_context("h2");
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
