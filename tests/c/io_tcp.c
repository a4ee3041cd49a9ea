/*
 * io_tcp: accept and connect on the loopback, two hundred connections at once with an echo
 * goroutine each, refused connections, accepts from several goroutines.
 */
/* needs: io */
#include "check.h"
#include "io.h"

enum { CONNECTIONS = 200, MESSAGES = 20, ACCEPTORS = 3 };

static gort_waitgroup servers, clients;
static int accepted;

static void echoes(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char buffer[256];
    for (;;) {
        ssize_t got = gort_read(fd, buffer, sizeof buffer);
        CHECK(got >= 0);
        if (got == 0) {
            break;
        }
        write_all(fd, buffer, (size_t)got);
    }
    CHECK_EQ(gort_close(fd), 0);
}

static void accepts(void *arg)
{
    int listener = *(int *)arg;
    for (;;) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        memset(&peer, 0, sizeof peer);
        int fd = gort_accept(listener, (struct sockaddr *)&peer, &length);
        if (fd < 0) {
            CHECK_EQ(gort_errno(), EBADF); /* the listener is closed: the end */
            return;
        }
        CHECK_EQ(length, sizeof peer);
        CHECK_EQ(peer.sin_family, AF_INET);
        CHECK_EQ(ntohl(peer.sin_addr.s_addr), INADDR_LOOPBACK);
        ATOMIC_ADD(&accepted, 1);
        CHECK_STATUS(gort_waitgroup_go(&servers, echoes, (void *)(intptr_t)fd), GORT_OK);
    }
}

struct client {
    struct sockaddr_in address;
    int number;
};

static void talks(void *arg)
{
    struct client *client = arg;
    int fd = connect_to(&client->address);
    for (int i = 0; i < MESSAGES; i++) {
        char out[100], in[100];
        memset(out, client->number + i, sizeof out);
        write_all(fd, out, sizeof out);
        read_all(fd, in, sizeof in);
        CHECK(memcmp(in, out, sizeof in) == 0);
    }
    CHECK_EQ(gort_close(fd), 0);
    CHECK_STATUS(gort_waitgroup_done(&clients), GORT_OK);
}

static void many_connections(void *arg)
{
    (void)arg;
    struct client client;
    int listener = new_listener(&client.address, CONNECTIONS);
    ATOMIC_SET(&accepted, 0);
    for (int i = 0; i < ACCEPTORS; i++) {
        CHECK_STATUS(gort_waitgroup_go(&servers, accepts, &listener), GORT_OK);
    }
    CHECK_STATUS(gort_waitgroup_add(&clients, CONNECTIONS), GORT_OK);
    for (client.number = 0; client.number < CONNECTIONS; client.number++) {
        CHECK_STATUS(gort_go_copy(talks, &client, sizeof client), GORT_OK);
    }
    gort_waitgroup_wait(&clients);
    CHECK_EQ(ATOMIC_GET(&accepted), CONNECTIONS);
    settle(); /* the acceptors sleep in accept, or are about to */
    CHECK_EQ(gort_close(listener), 0);
    gort_waitgroup_wait(&servers);
}

static void refused_connection(void *arg)
{
    (void)arg;
    struct sockaddr_in address;
    int listener = new_listener(&address, 1);
    CHECK_EQ(close(listener), 0); /* nobody listens there any more */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK_ERRNO(gort_connect(fd, (struct sockaddr *)&address, sizeof address), ECONNREFUSED);
    CHECK_EQ(gort_close(fd), 0);
}

static void accepts_once(void *arg)
{
    int fd = gort_accept(*(int *)arg, NULL, NULL); /* who it is does not matter */
    CHECK(fd >= 0);
    write_all(fd, "hello", 5);
    CHECK_EQ(gort_close(fd), 0);
}

static void late_client(void *arg)
{
    (void)arg;
    struct client client;
    int listener = new_listener(&client.address, 1);
    char text[5];
    CHECK_STATUS(gort_waitgroup_go(&servers, accepts_once, &listener), GORT_OK);
    settle();
    int fd = connect_to(&client.address);
    read_all(fd, text, sizeof text);
    CHECK(memcmp(text, "hello", 5) == 0);
    CHECK_EQ(gort_read(fd, text, 1), 0);
    CHECK_ERRNO(gort_connect(fd, (struct sockaddr *)&client.address, sizeof client.address), EISCONN);
    CHECK_EQ(gort_close(fd), 0);
    gort_waitgroup_wait(&servers);
    CHECK_EQ(gort_close(listener), 0);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    run_every_way(refused_connection, NULL);
    many_connections(NULL);
    run_main(many_connections, NULL);
    run_every_way(late_client, NULL);
    return EXIT_SUCCESS;
}
