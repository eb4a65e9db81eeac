/* What a load generator is told, and the files that it reads. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct body {
    const uint8_t *bytes;
    size_t length;
};

struct options {
    const char *host, *path;
    const char *authority;   /* whom to believe, or NULL: no TLS */
    const char *certificate, *key;
    const char *token;       /* the value of the authorization header, or NULL */
    int port, hold;
    int cut;                 /* at the end of the window calls in flight are left, not waited for */
    size_t connections, in_flight;
    double warm_seconds, seconds;
    double rate;             /* calls begun a second; 0: `in_flight` are kept */
    uint64_t calls;          /* stop after so many; 0: by time alone */
    struct body *bodies;     /* what each call sends, in turn */
    size_t body_count;
    struct body repeat;      /* sent `repeat_count` times after the body */
    uint64_t repeat_count;
};

struct options parse_options(int count, char **arguments);
