/*
 * echo_load: load for echo_server. Each connection is a goroutine that sends a
 * message, reads it back, compares every byte, and starts again.
 *
 *   echo_load [-c CONNECTIONS] [-n MESSAGES | -t SECONDS] [-s BYTES] PORT
 *
 *   -c  connections at the same time (default 10)
 *   -n  messages on each of them (default 1000)
 *   -t  go on for that long instead
 *   -s  message size (default 64, at most 65536: that much always fits into the
 *       sockets' buffers, so that server and client never wait for each other)
 *
 * Prints requests per second and the latencies' p50, p99 and p99.9. The exit
 * status is 1 when a connection failed or a byte came back wrong.
 */
#define _POSIX_C_SOURCE 200809L

#include "example.h"
#include "latency.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct load {
    uint16_t port;
    long connections;
    long messages;
    long seconds; /* 0: go by messages */
    long size;
    int64_t end; /* of gort_now(), with seconds */

    gort_mutex mutex; /* guards what follows */
    struct latency latency;
    long failed;
};

struct client {
    struct load *load;
    long number;
};

/* What went wrong, NULL: nothing. */
static const char *exchange(int fd, const unsigned char *message, unsigned char *answer, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t written = gort_write(fd, message + sent, size - sent);
        if (written < 0 && gort_errno() != EINTR) {
            return strerror(gort_errno());
        }
        sent += written > 0 ? (size_t)written : 0;
    }
    for (size_t received = 0; received < size;) {
        ssize_t got = gort_read(fd, answer + received, size - received);
        if (got == 0) {
            return "closed by the server";
        }
        if (got < 0 && gort_errno() != EINTR) {
            return strerror(gort_errno());
        }
        received += got > 0 ? (size_t)got : 0;
    }
    return memcmp(message, answer, size) == 0 ? NULL : "the answer differs from the message";
}

/* Different for each connection and message, so that nothing stale passes for an answer. */
static void fill_message(unsigned char *message, size_t size, long connection, long round)
{
    uint64_t state = (uint64_t)connection * 0x9E3779B97F4A7C15u + (uint64_t)round * 0xD1B54A32D192ED03u + 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        message[i] = (unsigned char)(state >> 56);
    }
}

static const char *talk(int fd, const struct client *client, struct latency *latency)
{
    const struct load *load = client->load;
    size_t size = (size_t)load->size;
    unsigned char *message = must_alloc(size, 1);
    unsigned char *answer = must_alloc(size, 1);
    const char *problem = NULL;
    for (long i = 0; problem == NULL; i++) {
        if (load->seconds > 0 ? gort_now() >= load->end : i >= load->messages) {
            break;
        }
        fill_message(message, size, client->number, i);
        int64_t started = gort_now();
        problem = exchange(fd, message, answer, size);
        if (problem == NULL) {
            latency_add(latency, gort_now() - started);
        }
    }
    free(message);
    free(answer);
    return problem;
}

/* Apart from the calls into gort, after which errno may be another thread's. */
static __attribute__((noinline)) int open_socket(const char **problem)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        *problem = strerror(errno);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void run_client(void *arg)
{
    const struct client *client = arg;
    struct load *load = client->load;
    struct latency *latency = must_alloc(1, sizeof *latency);
    const char *problem = NULL;

    int fd = open_socket(&problem);
    if (fd >= 0) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(load->port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (gort_connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
            problem = strerror(gort_errno());
        } else {
            problem = talk(fd, client, latency);
        }
        gort_close(fd);
    }

    gort_mutex_lock(&load->mutex);
    latency_merge(&load->latency, latency);
    if (problem != NULL) {
        load->failed++;
        fprintf(stderr, "connection %ld: %s\n", client->number, problem);
    }
    must(gort_mutex_unlock(&load->mutex), "gort_mutex_unlock");
    free(latency);
}

static double microseconds(int64_t nanoseconds)
{
    return (double)nanoseconds / (double)GORT_MICROSECOND;
}

static void main_goroutine(void *arg)
{
    struct load *load = arg;
    struct client *clients = must_alloc((size_t)load->connections, sizeof *clients);
    gort_waitgroup group = {{0}};
    int64_t started = gort_now();
    load->end = started + load->seconds * GORT_SECOND;

    for (long i = 0; i < load->connections; i++) {
        clients[i] = (struct client){load, i};
        must(gort_waitgroup_go(&group, run_client, &clients[i]), "gort_waitgroup_go");
    }
    gort_waitgroup_wait(&group);
    double elapsed = (double)(gort_now() - started) / (double)GORT_SECOND;
    free(clients);

    const struct latency *latency = &load->latency;
    printf("%ld connections, %" PRIu64 " requests of %ld bytes, %ld failed, %.3f s\n", load->connections,
           latency->count, load->size, load->failed, elapsed);
    printf("%.0f requests/s\n", elapsed > 0 ? (double)latency->count / elapsed : 0);
    printf("p50 %.1f us, p99 %.1f us, p99.9 %.1f us\n", microseconds(latency_quantile(latency, 0.5)),
           microseconds(latency_quantile(latency, 0.99)), microseconds(latency_quantile(latency, 0.999)));
}

static bool parse_options(struct load *load, int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "c:n:t:s:")) != -1;) {
        bool good = false;
        switch (option) {
        case 'c':
            good = parse_number(optarg, 1, 1000000, &load->connections);
            break;
        case 'n':
            good = parse_number(optarg, 1, 1000000000, &load->messages);
            break;
        case 't':
            good = parse_number(optarg, 1, 86400, &load->seconds);
            break;
        case 's':
            good = parse_number(optarg, 1, 65536, &load->size);
            break;
        default:
            break;
        }
        if (!good) {
            return false;
        }
    }
    long port = 0;
    bool good = argc - optind == 1 && parse_number(argv[optind], 1, 65535, &port);
    load->port = (uint16_t)port;
    return good;
}

int main(int argc, char **argv)
{
    static struct load load = {.connections = 10, .messages = 1000, .size = 64};
    if (!parse_options(&load, argc, argv)) {
        return usage(argv[0], "[-c CONNECTIONS] [-n MESSAGES | -t SECONDS] [-s BYTES] PORT");
    }
    signal(SIGPIPE, SIG_IGN);
    int result = run_main(main_goroutine, &load);
    return load.failed > 0 ? EXIT_FAILURE : result;
}
