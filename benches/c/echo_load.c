/*
 * echo_load PORT [CONNECTIONS [MILLISECONDS]]: the load for an echo server on 127.0.0.1,
 * whichever it is: each connection has one message of 64 bytes under way, and sends the
 * next when the answer is complete and right. Requests a second, and quantiles of the
 * time from send to answer.
 *
 * One plain thread on epoll, without gort, so that the load is the same for every server
 * and no change of the library moves it. What is answered in the first tenth of the time
 * is not counted.
 */
#define _POSIX_C_SOURCE 200809L

#include "../../examples/c/latency.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_WORDS = 8, EVENTS = 256, PATIENCE_MS = 1000 };

struct connection {
    int fd;
    uint64_t number, sequence;
    uint64_t message[MESSAGE_WORDS], answer[MESSAGE_WORDS];
    size_t received;
    int64_t sent;
};

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static long number_at(int argc, char **argv, int index, long by_default)
{
    return index < argc ? strtol(argv[index], NULL, 10) : by_default;
}

static int open_connection(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        fail("socket");
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail("connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Different for each connection and message, so that nothing stale passes for an answer. */
static void send_next(struct connection *connection)
{
    connection->sequence++;
    connection->received = 0;
    for (uint64_t i = 0; i < MESSAGE_WORDS; i++) {
        connection->message[i] = connection->number << 40 ^ connection->sequence << 8 ^ i;
    }
    connection->sent = now();
    if (send(connection->fd, connection->message, sizeof connection->message, MSG_NOSIGNAL)
        != (ssize_t)sizeof connection->message) {
        fail("send");
    }
}

/* True once the answer is complete. */
static bool receive(struct connection *connection)
{
    char *rest = (char *)connection->answer + connection->received;
    ssize_t got = recv(connection->fd, rest, sizeof connection->answer - connection->received, MSG_DONTWAIT);
    if (got == 0) {
        fprintf(stderr, "wrong: closed by the server\n");
        exit(EXIT_FAILURE);
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        fail("recv");
    }
    connection->received += got > 0 ? (size_t)got : 0;
    if (connection->received < sizeof connection->answer) {
        return false;
    }
    if (memcmp(connection->message, connection->answer, sizeof connection->answer) != 0) {
        fprintf(stderr, "wrong: the answer differs from the message\n");
        exit(EXIT_FAILURE);
    }
    return true;
}

static void result(const char *name, double value, const char *unit)
{
    printf("RESULT %s %.6g %s\n", name, value, unit);
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)number_at(argc, argv, 1, 0);
    size_t count = (size_t)number_at(argc, argv, 2, 1);
    int64_t duration = (int64_t)number_at(argc, argv, 3, 2000) * 1000000;
    static struct latency latency;
    struct connection *connections = calloc(count, sizeof *connections);
    int poller = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || poller < 0) {
        fail("start");
    }
    for (size_t i = 0; i < count; i++) {
        connections[i].number = i;
        connections[i].fd = open_connection(port);
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &connections[i]}};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].fd, &event) != 0) {
            fail("epoll_ctl");
        }
    }

    int64_t counting = now() + duration / 10;
    int64_t end = counting + duration;
    for (size_t i = 0; i < count; i++) {
        send_next(&connections[i]);
    }
    for (int64_t time = 0; time < end;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, PATIENCE_MS);
        if (ready == 0 || (ready < 0 && errno != EINTR)) {
            fprintf(stderr, "wrong: no answer for %d ms\n", PATIENCE_MS);
            return EXIT_FAILURE;
        }
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (receive(connection)) {
                time = now();
                if (time >= counting) {
                    latency_add(&latency, time - connection->sent);
                }
                send_next(connection);
            }
        }
    }

    result("echo_rate", (double)latency.count * 1e9 / (double)duration, "req/s");
    result("echo_p50", (double)latency_quantile(&latency, 0.5) / 1e3, "us");
    result("echo_p99", (double)latency_quantile(&latency, 0.99) / 1e3, "us");
    result("echo_p99.9", (double)latency_quantile(&latency, 0.999) / 1e3, "us");
    return EXIT_SUCCESS;
}
