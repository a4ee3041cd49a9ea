/*
 * echo_server: a TCP server on 127.0.0.1 that sends back what it gets, one goroutine
 * a connection, written as if every call could block.
 *
 *   echo_server PORT      (0: any free port; "listening on 127.0.0.1:PORT" says which)
 *
 * SIGINT ends it with grace. The signal cancels a context, and main, which waits
 * for that context, then
 *   1. closes the listener, which wakes the accepting goroutine;
 *   2. shuts the reading side of every connection: what has arrived is still
 *      echoed, then the connection's goroutine sees the end of its input;
 *   3. waits for the connections, and after GRACE cuts off those whose client
 *      does not read.
 * A second SIGINT ends the process at once: by then the signal has its default
 * action again.
 */
#define _POSIX_C_SOURCE 200809L

#include "example.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 4096, BUFFER_SIZE = 16 * 1024 };
#define GRACE (5 * GORT_SECOND)
#define PAUSE_WHEN_EXHAUSTED (10 * GORT_MILLISECOND)

struct server;

struct connection {
    struct server *server;
    int fd;
    struct connection *previous;
    struct connection *next;
};

struct server {
    int listener;
    uint16_t port;
    gort_ctx *ctx;
    gort_waitgroup connections;
    gort_mutex mutex;         /* guards the list; whoever is on it has an open fd */
    struct connection *first;
    atomic_uint_fast64_t accepted;
    atomic_uint_fast64_t bytes;
};

static void add_connection(struct server *server, struct connection *connection)
{
    gort_mutex_lock(&server->mutex);
    connection->next = server->first;
    if (server->first != NULL) {
        server->first->previous = connection;
    }
    server->first = connection;
    must(gort_mutex_unlock(&server->mutex), "gort_mutex_unlock");
}

static void remove_connection(struct connection *connection)
{
    struct server *server = connection->server;
    gort_mutex_lock(&server->mutex);
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    must(gort_mutex_unlock(&server->mutex), "gort_mutex_unlock");
}

static void shut_connections(struct server *server, int how)
{
    gort_mutex_lock(&server->mutex);
    for (struct connection *each = server->first; each != NULL; each = each->next) {
        shutdown(each->fd, how);
    }
    must(gort_mutex_unlock(&server->mutex), "gort_mutex_unlock");
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = gort_write(fd, data, size);
        if (written < 0 && gort_errno() != EINTR) {
            return false;
        }
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        }
    }
    return true;
}

static void serve(void *arg)
{
    struct connection *connection = arg;
    struct server *server = connection->server;
    char buffer[BUFFER_SIZE];
    for (;;) {
        ssize_t got = gort_read(connection->fd, buffer, sizeof buffer);
        if (got < 0 && gort_errno() == EINTR) {
            continue;
        }
        if (got <= 0 || !write_all(connection->fd, buffer, (size_t)got)) {
            break;
        }
        atomic_fetch_add(&server->bytes, (uint_fast64_t)got);
    }
    remove_connection(connection);
    gort_close(connection->fd);
    free(connection);
}

static void accept_connections(void *arg)
{
    struct server *server = arg;
    while (gort_ctx_err(server->ctx) == GORT_OK) {
        int fd = gort_accept(server->listener, NULL, NULL);
        if (fd < 0) {
            int error = gort_errno();
            if (error == EBADF) {
                return; /* closed by main */
            }
            if (error != EINTR && error != ECONNABORTED) {
                /* Out of descriptors or memory: some connection will end soon. */
                gort_sleep_ctx(PAUSE_WHEN_EXHAUSTED, server->ctx);
            }
            continue;
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *connection = must_alloc(1, sizeof *connection);
        connection->server = server;
        connection->fd = fd;
        add_connection(server, connection);
        atomic_fetch_add(&server->accepted, 1);
        must(gort_waitgroup_go(&server->connections, serve, connection), "gort_waitgroup_go");
    }
}

struct interrupt {
    gort_chan *signals;
    gort_ctx *ctx;
};

static void cancel_on_signal(void *arg)
{
    const struct interrupt *interrupt = arg;
    int number;
    if (gort_chan_recv(interrupt->signals, &number) == GORT_OK) {
        must(gort_signal_stop(interrupt->signals), "gort_signal_stop");
        printf("signal %d, stopping\n", number);
        fflush(stdout);
        gort_ctx_cancel_cause(interrupt->ctx, "interrupted by a signal");
    }
}

struct drain {
    gort_waitgroup *group;
    gort_chan *drained;
};

static void close_when_drained(void *arg)
{
    const struct drain *drain = arg;
    gort_waitgroup_wait(drain->group);
    must(gort_chan_close(drain->drained), "gort_chan_close");
}

static void wait_for_connections(struct server *server)
{
    gort_waitgroup closer = {{0}};
    struct drain drain = {&server->connections, must_chan(0, 0)};
    must(gort_waitgroup_go(&closer, close_when_drained, &drain), "gort_waitgroup_go");

    shut_connections(server, SHUT_RD);
    if (gort_chan_recv_timeout(drain.drained, NULL, GRACE) == GORT_DEADLINE_EXCEEDED) {
        shut_connections(server, SHUT_RDWR);
    }
    gort_waitgroup_wait(&closer);
    gort_chan_release(drain.drained);
}

static void main_goroutine(void *arg)
{
    struct server *server = arg;
    server->ctx = gort_ctx_with_cancel(gort_ctx_background());
    struct interrupt interrupt = {must_chan(sizeof(int), 1), server->ctx};
    must(gort_signal_notify(interrupt.signals, SIGINT), "gort_signal_notify");
    /* Not before: who reads this line may send the signal. */
    printf("listening on 127.0.0.1:%u\n", (unsigned)server->port);
    fflush(stdout);

    gort_waitgroup helpers = {{0}};
    must(gort_waitgroup_go(&helpers, cancel_on_signal, &interrupt), "gort_waitgroup_go");
    must(gort_waitgroup_go(&helpers, accept_connections, server), "gort_waitgroup_go");

    gort_chan_recv(gort_ctx_done(server->ctx), NULL);
    gort_close(server->listener);
    gort_waitgroup_wait(&helpers);
    wait_for_connections(server);

    printf("%s: served %" PRIuFAST64 " connections, %" PRIuFAST64 " bytes\n", gort_ctx_cause(server->ctx),
           atomic_load(&server->accepted), atomic_load(&server->bytes));
    gort_chan_release(interrupt.signals);
    gort_ctx_release(server->ctx);
}

/* A listening socket, or -1 after a message; *port becomes the real one. */
static int listen_on(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    const int on = 1;

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        perror("socket");
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
        || bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, BACKLOG) != 0
        || getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        perror("listen");
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

int main(int argc, char **argv)
{
    long number = 0;
    if (argc != 2 || !parse_number(argv[1], 0, 65535, &number)) {
        return usage(argv[0], "PORT");
    }
    signal(SIGPIPE, SIG_IGN); /* a client that is gone is an error of gort_write, no more */

    struct server server = {.port = (uint16_t)number};
    server.listener = listen_on(&server.port);
    if (server.listener < 0) {
        return EXIT_FAILURE;
    }
    return run_main(main_goroutine, &server);
}
