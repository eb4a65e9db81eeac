/* Command line and files of the load generators. Secrets come in files, never on the command line. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct body read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) perror(path), exit(2);
    size_t length = (size_t)ftell(file);
    uint8_t *bytes = malloc(length + 1);
    rewind(file);
    if (!bytes || fread(bytes, 1, length, file) != length) perror(path), exit(2);
    bytes[length] = 0;
    fclose(file);
    return (struct body){bytes, length};
}

/* The file is a row of bodies, each behind its length in four bytes, big-endian. */
static void split_bodies(struct options *options, struct body file) {
    size_t at = 0, room = 0;
    while (at + 4 <= file.length) {
        const uint8_t *head = file.bytes + at;
        size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        if (options->body_count == room) {
            room = room ? 2 * room : 1024;
            options->bodies = realloc(options->bodies, room * sizeof(struct body));
        }
        options->bodies[options->body_count++] = (struct body){head + 4, length};
        at += 4 + length;
    }
    if (at != file.length || !options->body_count) fprintf(stderr, "load: not a file of bodies\n"), exit(2);
}

static const struct option names[] = {
    {"host", required_argument, 0, 'h'},        {"port", required_argument, 0, 'p'},
    {"path", required_argument, 0, 'm'},        {"authority", required_argument, 0, 'a'},
    {"certificate", required_argument, 0, 'c'}, {"key", required_argument, 0, 'k'},
    {"token", required_argument, 0, 't'},       {"connections", required_argument, 0, 'n'},
    {"in-flight", required_argument, 0, 'f'},   {"warm-seconds", required_argument, 0, 'w'},
    {"seconds", required_argument, 0, 's'},     {"calls", required_argument, 0, 'l'},
    {"bodies", required_argument, 0, 'b'},      {"repeat", required_argument, 0, 'r'},
    {"repeat-count", required_argument, 0, 'q'}, {"hold", no_argument, 0, 'o'},
    {"rate", required_argument, 0, 'e'},        {"cut", no_argument, 0, 'u'},
    {0, 0, 0, 0},
};

struct options parse_options(int count, char **arguments) {
    struct options options = {.host = "127.0.0.1", .connections = 1, .in_flight = 1, .seconds = 1};
    int option;
    while ((option = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (option) {
            case 'h': options.host = optarg; break;
            case 'p': options.port = atoi(optarg); break;
            case 'm': options.path = optarg; break;
            case 'a': options.authority = optarg; break;
            case 'c': options.certificate = optarg; break;
            case 'k': options.key = optarg; break;
            case 't': options.token = (const char *)read_file(optarg).bytes; break;
            case 'n': options.connections = strtoul(optarg, NULL, 10); break;
            case 'f': options.in_flight = strtoul(optarg, NULL, 10); break;
            case 'w': options.warm_seconds = atof(optarg); break;
            case 's': options.seconds = atof(optarg); break;
            case 'l': options.calls = strtoull(optarg, NULL, 10); break;
            case 'b': split_bodies(&options, read_file(optarg)); break;
            case 'r': options.repeat = read_file(optarg); break;
            case 'q': options.repeat_count = strtoull(optarg, NULL, 10); break;
            case 'o': options.hold = 1; break;
            case 'u': options.cut = 1; break;
            case 'e': options.rate = atof(optarg); break;
            default: exit(2);
        }
    }
    if (!options.body_count || options.in_flight % options.connections) {
        fprintf(stderr, "load: --bodies is needed; --in-flight must be a multiple of --connections\n");
        exit(2);
    }
    return options;
}
