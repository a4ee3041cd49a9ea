/*
 * io.hpp: descriptors whose calls park the goroutine and not the thread, and TCP on them. What the system
 * refuses is a std::system_error with its errno.
 */
#ifndef GORT_IO_HPP
#define GORT_IO_HPP

#include "clock.hpp"
#include "error.hpp"
#include "go.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace gort {
namespace detail {

[[noreturn, gnu::noinline, gnu::cold]] inline void fail_errno(int number, const char *what)
{
    throw std::system_error(number, std::generic_category(), what);
}

} // namespace detail

/* Owns a descriptor: a pipe's end, a socket, a file. See gort_read about the flags that change. */
class descriptor {
public:
    descriptor() noexcept = default;
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(descriptor &&other) noexcept : fd_(other.release()) {}
    descriptor &operator=(descriptor &&other) noexcept
    {
        if (this != &other) {
            close();
            fd_ = other.release();
        }
        return *this;
    }
    ~descriptor() { close(); }

    int fd() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    /* Gives it to the caller, who closes it. */
    int release() noexcept { return std::exchange(fd_, -1); }
    /* Whoever waits on it gets EBADF. */
    void close() noexcept
    {
        if (fd_ >= 0) {
            gort_close(release());
        }
    }

    /* What came, n bytes at most; 0 at the end. */
    std::size_t read(void *buffer, std::size_t n) const { return moved(gort_read(fd_, buffer, n), "read"); }
    /* May write less than n. */
    std::size_t write(const void *data, std::size_t n) const { return moved(gort_write(fd_, data, n), "write"); }
    void write_all(std::string_view data) const
    {
        while (!data.empty()) {
            data.remove_prefix(write(data.data(), data.size()));
        }
    }
    /* The next connection to a listening socket. */
    descriptor accept() const
    {
        const int fd = gort_accept(fd_, nullptr, nullptr);
        if (fd < 0) {
            detail::fail_errno(gort_errno(), "accept");
        }
        return descriptor(fd);
    }

    /* Waits until it is ready for one of events, GORT_READABLE or GORT_WRITABLE or both: which ones. */
    std::uint32_t wait(std::uint32_t events) const { return *wait_ns(events, -1); }
    /* For at most so long. */
    template <class Rep, class Period>
    std::optional<std::uint32_t> wait(std::uint32_t events, std::chrono::duration<Rep, Period> timeout) const
    {
        const gort_duration given = detail::ns(timeout);
        return wait_ns(events, given > 0 ? given : 0);
    }

private:
    static std::size_t moved(ssize_t n, const char *what)
    {
        if (n < 0) {
            detail::fail_errno(gort_errno(), what);
        }
        return static_cast<std::size_t>(n);
    }
    std::optional<std::uint32_t> wait_ns(std::uint32_t events, gort_duration timeout) const
    {
        std::uint32_t ready = 0;
        const gort_status s = gort_fd_wait(fd_, events, timeout, &ready);
        if (s == GORT_DEADLINE_EXCEEDED) {
            return std::nullopt;
        }
        if (s == GORT_OS_ERROR) {
            detail::fail_errno(gort_errno(), "wait");
        }
        detail::check(s);
        return ready;
    }
    int fd_ = -1;
};

namespace detail {

/*
 * Not inlined: it takes errno, whose address must not be kept over a call into the library.
 * A descriptor that use(fd, address) says true of; the reason in *why, if there is none.
 */
template <class Use>
[[gnu::noinline]] descriptor open_tcp(const char *host, std::uint16_t port, int flags, int *why, Use use)
{
    addrinfo hints = {};
    hints.ai_flags = flags | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo *list = nullptr;
    int problem = 0;
    {
        const blocking resolving;
        problem = getaddrinfo(host, std::to_string(port).c_str(), &hints, &list);
    }
    if (problem != 0) {
        throw std::runtime_error(std::string(host != nullptr ? host : "any address") + ": " + gai_strerror(problem));
    }
    const std::unique_ptr<addrinfo, releases<freeaddrinfo>> addresses(list);
    for (const addrinfo *each = list; each != nullptr; each = each->ai_next) {
        descriptor made(::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol));
        if (made && use(made.fd(), *each)) {
            return made;
        }
        *why = errno;
    }
    return descriptor();
}

} // namespace detail

/* A listening socket. host "": every address; port 0: any that is free, see tcp_port. */
inline descriptor tcp_listen(const std::string &host, std::uint16_t port, int backlog = 1024)
{
    int why = 0;
    auto made = detail::open_tcp(host.empty() ? nullptr : host.c_str(), port, AI_PASSIVE, &why,
                                 [&](int fd, const addrinfo &at) {
                                     const int on = 1;
                                     return ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
                                            && ::bind(fd, at.ai_addr, at.ai_addrlen) == 0 && ::listen(fd, backlog) == 0;
                                 });
    if (!made) {
        detail::fail_errno(why, "listen");
    }
    return made;
}

/* A connection. */
inline descriptor tcp_dial(const std::string &host, std::uint16_t port)
{
    int why = 0;
    auto made = detail::open_tcp(host.c_str(), port, 0, &why, [](int fd, const addrinfo &to) {
        return gort_connect(fd, to.ai_addr, to.ai_addrlen) == 0;
    });
    if (!made) {
        detail::fail_errno(gort_errno() != 0 ? gort_errno() : why, "connect");
    }
    return made;
}

/* The port that a socket is bound to. */
inline std::uint16_t tcp_port(const descriptor &socket)
{
    sockaddr_storage at = {};
    socklen_t size = sizeof at;
    if (::getsockname(socket.fd(), reinterpret_cast<sockaddr *>(&at), &size) != 0) {
        detail::fail_errno(errno, "getsockname");
    }
    return ntohs(at.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6 &>(at).sin6_port
                                          : reinterpret_cast<const sockaddr_in &>(at).sin_port);
}

} // namespace gort

#endif
