/*
 * echo_server PORT: a TCP server on 127.0.0.1 that sends back what it gets, one
 * goroutine a connection (0: any free port; the line it prints says which).
 */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>

enum { BACKLOG = 4096, BUFFER_SIZE = 16 * 1024 };

static int listener;

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = gort_write(fd, data, size);
        if (written < 0) {
            return false;
        }
        data += written;
        size -= (size_t)written;
    }
    return true;
}

static void serve(void *arg)
{
    int fd = *(const int *)arg;
    char buffer[BUFFER_SIZE];
    ssize_t got;
    do {
        got = gort_read(fd, buffer, sizeof buffer);
    } while (got > 0 && write_all(fd, buffer, (size_t)got));
    gort_close(fd);
}

static void accept_all(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = gort_accept(listener, NULL, NULL);
        bench_check(fd >= 0, "gort_accept: %s", strerror(gort_errno()));
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        bench_must(gort_go_copy(serve, &fd, sizeof fd), "gort_go_copy");
    }
}

static void listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    const int on = 1;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    bench_check(listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
                    && bind(listener, any, length) == 0 && listen(listener, BACKLOG) == 0
                    && getsockname(listener, any, &length) == 0,
                "cannot listen: %s", strerror(errno));
    printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    bench_init(argc, argv);
    signal(SIGPIPE, SIG_IGN); /* a client that is gone is an error of gort_write, no more */
    listen_on((uint16_t)bench_arg(1, 0));
    return bench_run(argc, argv, accept_all);
}
