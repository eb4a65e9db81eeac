/*
 * A load generator for HTTP/1.1, with TLS or without: one thread, one request at a time on each connection. The requests
 * come whole from a file, head and body, so that whoever wrote them has signed them; one block can be sent many times
 * after each, for large bodies. A server that closes after its answer costs a new connection, as it would any client.
 * Like `grpc.c` it answers one line of JSON. `bench/load/__init__.py` builds and runs it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum {
    HEAD_BYTES = 16 << 10,
    INPUT_BYTES = 256 << 10,
    SENT_AT_ONCE = 64 << 10,
};

/* What of an answer comes next. */
enum state { HEAD, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, UNTIL_CLOSED };

struct connection {
    int fd, busy, wants_write;
    SSL *ssl;
    uint64_t started_ns;
    size_t number;                       /* which of the requests */
    struct body body;
    size_t sent;                         /* of the request, then of the repeated block */
    uint64_t repeated;                   /* blocks still to send */
    enum state state;
    int status, closes;
    uint64_t left;                       /* of the body, or of the chunk */
    size_t line_length;
    char line[HEAD_BYTES + 1];           /* the head, or the line of a chunk or a trailer */
};

static SSL_CTX *context;
static size_t next_body;

static void open_connection(struct connection *connection) {
    *connection = (struct connection){.fd = open_socket()};
    if (context) connection->ssl = open_tls(context, connection->fd);
    else fcntl(connection->fd, F_SETFL, O_NONBLOCK);
}

static void reopen(struct connection *connection) {
    if (connection->ssl) SSL_free(connection->ssl);
    close(connection->fd);
    open_connection(connection);
}

/* ---- requests ---- */

static int all_sent(const struct connection *connection) {
    return connection->sent == connection->body.length && !connection->repeated;
}

/* How many bytes were taken; 0: none now, -1: the connection is gone. */
static ssize_t send_some(struct connection *connection, const uint8_t *bytes, size_t length) {
    if (!connection->ssl) {
        ssize_t size = send(connection->fd, bytes, length, MSG_NOSIGNAL);
        return size >= 0 ? size : errno == EAGAIN ? 0 : -1;
    }
    int size = SSL_write(connection->ssl, bytes, (int)length);
    return size > 0 ? size : SSL_get_error(connection->ssl, size) == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static void send_request(struct connection *connection) {
    connection->wants_write = 0;
    while (connection->busy && !all_sent(connection)) {
        if (connection->sent == connection->body.length) {
            connection->body = options.repeat;
            connection->repeated--;
            connection->sent = 0;
        }
        size_t left = connection->body.length - connection->sent;
        ssize_t size = send_some(connection, connection->body.bytes + connection->sent,
                                 left < SENT_AT_ONCE ? left : SENT_AT_ONCE);
        if (size <= 0) {                 /* where the connection is gone, reading tells */
            connection->wants_write = size == 0;
            return;
        }
        connection->sent += (size_t)size;
        if (measuring()) result.sent_bytes += (uint64_t)size;
    }
}

static void begin_request(struct connection *connection, size_t number) {
    connection->busy = 1;
    connection->started_ns = now_ns();
    connection->number = number;
    connection->body = options.bodies[number];
    connection->repeated = options.repeat_count;
    connection->sent = 0;
    connection->state = HEAD;
    connection->line_length = 0;
    send_request(connection);
}

static void start_request(struct connection *connection) {
    if (result.ended_ns || (options.calls && result.submitted >= options.calls)) return;
    size_t number = next_body;
    next_body = (next_body + 1) % options.body_count;
    result.submitted++;
    begin_request(connection, number);
}

static void end_request(struct connection *connection) {
    result.all_calls++;
    if (connection->status < 200 || connection->status > 299) note_error("HTTP %d", connection->status);
    else if (!all_sent(connection)) note_error("answered before all was sent");
    else note_success(now_ns() - connection->started_ns);
    if (connection->closes || !all_sent(connection)) reopen(connection);
    connection->busy = 0;
    start_request(connection);
}

/* ---- answers ---- */

static const char *value_of(const char *line, const char *name) {
    size_t length = strlen(name);
    return strncasecmp(line, name, length) ? NULL : line + length + strspn(line + length, " \t");
}

/* The head is whole: what follows it, and does the connection stay? */
static void take_head(struct connection *connection) {
    const char *line = connection->line, *value;
    if (strncmp(line, "HTTP/1.", 7)) fail("not HTTP/1");
    connection->closes = line[7] == '0';
    connection->status = atoi(line + 9);
    connection->left = 0;
    connection->line_length = 0;
    if (connection->status < 200) return;
    connection->state = connection->status == 204 || connection->status == 304 ? BODY : UNTIL_CLOSED;
    while ((line = strchr(line, '\n')) && *++line) {
        if ((value = value_of(line, "content-length:"))) connection->left = strtoull(value, NULL, 10), connection->state = BODY;
        else if ((value = value_of(line, "transfer-encoding:"))) connection->state = CHUNK_SIZE;
        else if ((value = value_of(line, "connection:"))) connection->closes = !strncasecmp(value, "close", 5);
    }
    if (connection->state == UNTIL_CLOSED) connection->closes = 1;
}

/* Adds a byte to the line; answers whether it ends with `end`. */
static int line_ends(struct connection *connection, char byte, const char *end) {
    size_t length = strlen(end);
    if (connection->line_length == HEAD_BYTES) fail("a head is too long");
    connection->line[connection->line_length++] = byte;
    connection->line[connection->line_length] = 0;
    return connection->line_length >= length && !strcmp(connection->line + connection->line_length - length, end);
}

/* Takes some of the bytes and answers how many. */
static size_t take_some(struct connection *connection, const char *bytes, size_t size) {
    if (connection->state == UNTIL_CLOSED) return size;
    if (connection->state == BODY || connection->state == CHUNK) {
        size_t taken = connection->left < size ? (size_t)connection->left : size;
        connection->left -= taken;
        if (connection->state == CHUNK && !connection->left) connection->state = CHUNK_END;
        return taken;
    }
    if (connection->state == HEAD) {
        if (line_ends(connection, *bytes, "\r\n\r\n")) take_head(connection);
        return 1;
    }
    if (!line_ends(connection, *bytes, "\r\n")) return 1;
    if (connection->state == CHUNK_END) {
        connection->state = CHUNK_SIZE;
    } else if (connection->state == CHUNK_SIZE) {
        connection->left = strtoull(connection->line, NULL, 16);
        connection->state = connection->left ? CHUNK : TRAILER;
    } else if (connection->line_length == 2) {
        connection->state = BODY;        /* of which nothing is left */
    }
    connection->line_length = 0;
    return 1;
}

static void take_bytes(struct connection *connection, const char *bytes, size_t size) {
    if (measuring()) result.received_bytes += size;
    while (size) {
        if (!connection->busy) fail("bytes that nobody asked for");
        size_t taken = take_some(connection, bytes, size);
        bytes += taken;
        size -= taken;
        if (connection->state == BODY && !connection->left) {
            if (size) fail("more than one answer");
            end_request(connection);
        }
    }
}

/* The server has closed: the answer's end, or before any of it the end of a connection that idled. */
static void take_end(struct connection *connection) {
    if (connection->busy && connection->state == UNTIL_CLOSED) {
        end_request(connection);
        return;
    }
    int began = connection->busy && (connection->state != HEAD || connection->line_length);
    if (began || (connection->busy && connection->repeated != options.repeat_count)) fail("the server broke off");
    int again = connection->busy;
    size_t number = connection->number;
    reopen(connection);
    if (again) begin_request(connection, number);
}

static void take_input(struct connection *connection) {
    static char input[INPUT_BYTES];
    for (;;) {
        ssize_t size = connection->ssl ? SSL_read(connection->ssl, input, sizeof input)
                                       : recv(connection->fd, input, sizeof input, 0);
        if (size < 0) {
            int waits = connection->ssl ? SSL_get_error(connection->ssl, (int)size) == SSL_ERROR_WANT_READ
                                        : errno == EAGAIN;
            if (waits) return;
        }
        if (size <= 0) {
            take_end(connection);
            return;
        }
        take_bytes(connection, input, (size_t)size);
        if (!connection->ssl && size < (ssize_t)sizeof input) return;
    }
}

/* ---- the run ---- */

static void turn(struct connection *connections, struct pollfd *sockets) {
    size_t count = options.connections;
    for (size_t i = 0; i < count; i++)
        sockets[i] = (struct pollfd){connections[i].fd, (short)(POLLIN | (connections[i].wants_write ? POLLOUT : 0)), 0};
    if (poll(sockets, count, 100) < 0 && errno != EINTR) fail("poll");
    for (size_t i = 0; i < count; i++) {
        if (sockets[i].revents & POLLOUT) send_request(&connections[i]);
        if (sockets[i].revents & ~POLLOUT) take_input(&connections[i]);
    }
}

static void run(struct connection *connections, struct pollfd *sockets) {
    uint64_t begin_ns = now_ns();
    look_at_window(begin_ns, 0);
    for (size_t i = 0; i < options.connections; i++) start_request(&connections[i]);
    for (;;) {
        turn(connections, sockets);
        look_at_window(begin_ns, options.calls && result.all_calls >= options.calls);
        size_t in_flight = 0;
        for (size_t i = 0; i < options.connections; i++) in_flight += (size_t)connections[i].busy;
        if (result.ended_ns && (options.cut || !in_flight)) return;
        if (result.ended_ns && now_ns() > result.ended_ns + DRAIN_SECONDS * 1000000000ull) fail("calls did not end");
    }
}

int main(int count, char **arguments) {
    signal(SIGPIPE, SIG_IGN);
    options = parse_options(count, arguments);
    if (options.in_flight != options.connections) fail("each connection has one request in flight");
    if (options.authority) context = tls_context("http/1.1");
    struct connection *connections = calloc(options.connections, sizeof *connections);
    struct pollfd *sockets = calloc(options.connections, sizeof *sockets);
    if (!connections || !sockets) fail("calloc");
    for (size_t i = 0; i < options.connections; i++) open_connection(&connections[i]);
    run(connections, sockets);
    report();
    return 0;
}
