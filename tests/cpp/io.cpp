/*
 * io: descriptors and TCP, and what the system refuses.
 */
#include "check.hpp"

static int errno_of(void (*refused)())
{
    try {
        refused();
    } catch (const std::system_error &error) {
        return error.code().value();
    }
    return 0;
}

static std::string read_all(const gort::descriptor &from)
{
    std::string all;
    char buffer[1000];
    while (const std::size_t n = from.read(buffer, sizeof buffer)) {
        all.append(buffer, n);
    }
    return all;
}

static void pipes()
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    gort::descriptor from(ends[0]);
    gort::descriptor to(ends[1]);
    CHECK(!from.wait(GORT_READABLE, 1ms));
    CHECK(!from.wait(GORT_READABLE, -1s));
    const std::string sent(1 << 20, 'x');
    auto writer = gort::spawn([&] {
        to.write_all(sent);
        to.close();
    });
    CHECK_EQ(from.wait(GORT_READABLE) & GORT_READABLE, GORT_READABLE);
    CHECK(read_all(from) == sent);
    writer.join();
    CHECK(!to);
    gort::descriptor moved = std::move(from);
    CHECK(!from && moved);
    moved = gort::descriptor();
    CHECK_EQ(fcntl(ends[0], F_GETFD), -1);
}

static void tcp()
{
    const auto listening = gort::tcp_listen("127.0.0.1", 0);
    const auto port = gort::tcp_port(listening);
    gort::group group;
    for (int i = 0; i < 10; i++) {
        group.go([&] {
            const auto client = listening.accept();
            client.write_all(read_all(client) + " back");
        });
        group.go([port, i] {
            const auto server = gort::tcp_dial("localhost", port);
            server.write_all(std::to_string(i));
            shutdown(server.fd(), SHUT_WR);
            CHECK(read_all(server) == std::to_string(i) + " back");
        });
    }
    group.wait();
}

static void refusals()
{
    CHECK_EQ(errno_of([] { gort::descriptor().accept(); }), EBADF);
    CHECK_EQ(errno_of([] { gort::descriptor().write_all("x"); }), EBADF);
    CHECK_EQ(errno_of([] { gort::descriptor().wait(GORT_READABLE); }), EBADF);
    CHECK_EQ(errno_of([] {
                 const auto port = gort::tcp_port(gort::tcp_listen("127.0.0.1", 0));
                 gort::tcp_dial("127.0.0.1", port);
             }),
             ECONNREFUSED);
    CHECK_EQ(errno_of([] {
                 const auto first = gort::tcp_listen("127.0.0.1", 0);
                 gort::tcp_listen("127.0.0.1", gort::tcp_port(first));
             }),
             EADDRINUSE);
    bool unknown = false;
    try {
        gort::tcp_dial("not a host name", 1);
    } catch (const std::runtime_error &) {
        unknown = true;
    }
    CHECK(unknown);
}

int main()
{
    const auto all = [] {
        pipes();
        tcp();
        refusals();
    };
    gort::run(all);
    all();
    return EXIT_SUCCESS;
}
