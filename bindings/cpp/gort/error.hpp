/*
 * error.hpp: what a call of the C API says, as an enumeration and as an exception.
 */
#ifndef GORT_ERROR_HPP
#define GORT_ERROR_HPP

#include <gort.h>

#include <stdexcept>
#include <string>

namespace gort {

/* The statuses of gort.h by their C++ names; the numbers are the same. */
enum class status : int {
    ok = GORT_OK,
    closed = GORT_CLOSED,
    would_block = GORT_WOULD_BLOCK,
    canceled = GORT_CANCELED,
    deadline_exceeded = GORT_DEADLINE_EXCEEDED,
    deadlock = GORT_DEADLOCK,
    misuse = GORT_MISUSE,
    invalid = GORT_INVALID,
    no_memory = GORT_NO_MEMORY,
    os_error = GORT_OS_ERROR,
    shutdown = GORT_SHUTDOWN
};

/* "GORT_CLOSED" for instance. */
inline const char *name(status s) noexcept { return gort_status_name(static_cast<gort_status>(s)); }

/* One English sentence about it. */
inline const char *message(status s) noexcept { return gort_status_message(static_cast<gort_status>(s)); }

/* What a call could not do. what() is the status' name and what gort_last_error() said. */
class error : public std::runtime_error {
public:
    explicit error(status s) : error(s, gort::message(s)) {}
    error(status s, const std::string &sentence)
        : std::runtime_error(std::string(gort::name(s)) + ": " + sentence), status_(s)
    {
    }
    status code() const noexcept { return status_; }

private:
    status status_;
};

namespace detail {

/* Out of line, so that the calls that do not fail stay small. */
[[noreturn, gnu::noinline, gnu::cold]] inline void fail(gort_status s)
{
    throw error(static_cast<status>(s), gort_last_error());
}

inline void check(gort_status s)
{
    if (s != GORT_OK) {
        fail(s);
    }
}

/* Why a constructor of the C API gave NULL: no memory, unless an argument was wrong. */
template <class Handle> Handle *made(Handle *handle)
{
    if (handle == nullptr) {
        fail(GORT_NO_MEMORY);
    }
    return handle;
}

/* A counted handle of the C API: copying retains, the destructor releases, NULL is nothing. */
template <class Raw, Raw *(*Retain)(Raw *), void (*Release)(Raw *)> class handle {
public:
    handle() noexcept = default;
    explicit handle(Raw *owned) noexcept : raw_(owned) {}
    handle(const handle &other) noexcept : raw_(Retain(other.raw_)) {}
    handle(handle &&other) noexcept : raw_(other.raw_) { other.raw_ = nullptr; }
    handle &operator=(handle other) noexcept
    {
        Raw *const mine = raw_;
        raw_ = other.raw_;
        other.raw_ = mine;
        return *this;
    }
    ~handle()
    {
        if (raw_ != nullptr) {
            Release(raw_);
        }
    }
    Raw *raw() const noexcept { return raw_; }

private:
    Raw *raw_ = nullptr;
};

} // namespace detail
} // namespace gort

#endif
