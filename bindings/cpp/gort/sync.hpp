/*
 * sync.hpp: Go's sync and x/sync/semaphore. The locks are the standard library's kind: use them with
 * std::lock_guard, std::unique_lock, std::scoped_lock, std::shared_lock. None may be copied or moved.
 */
#ifndef GORT_SYNC_HPP
#define GORT_SYNC_HPP

#include "context.hpp"
#include "error.hpp"
#include "go.hpp"

#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

namespace gort {
namespace detail {

struct immovable {
    immovable() = default;
    immovable(const immovable &) = delete;
    immovable &operator=(const immovable &) = delete;
};

} // namespace detail

/* Unlocked by anyone, as in Go. gort::error, misuse: an unlock of one that is not locked. */
class mutex : detail::immovable {
public:
    void lock() noexcept { gort_mutex_lock(&raw_); }
    bool try_lock() noexcept { return gort_mutex_try_lock(&raw_); }
    void unlock() { detail::check(gort_mutex_unlock(&raw_)); }
    gort_mutex *raw() noexcept { return &raw_; }

private:
    gort_mutex raw_ = {};
};

/* Go's RWMutex. A waiting writer keeps new readers out, so no reader locks it a second time. */
class shared_mutex : detail::immovable {
public:
    void lock() noexcept { gort_rwmutex_lock(&raw_); }
    bool try_lock() noexcept { return gort_rwmutex_try_lock(&raw_); }
    void unlock() { detail::check(gort_rwmutex_unlock(&raw_)); }
    void lock_shared() noexcept { gort_rwmutex_rlock(&raw_); }
    bool try_lock_shared() noexcept { return gort_rwmutex_try_rlock(&raw_); }
    void unlock_shared() { detail::check(gort_rwmutex_runlock(&raw_)); }

private:
    gort_rwmutex raw_ = {};
};

class wait_group : detail::immovable {
public:
    /* gort::error, misuse: the counter would be negative; it is unchanged. */
    void add(std::int64_t delta = 1) { detail::check(gort_waitgroup_add(&raw_, delta)); }
    void done() { detail::check(gort_waitgroup_done(&raw_)); }
    void wait() noexcept { gort_waitgroup_wait(&raw_); }

    /* Adds one, runs f(args...) in a new goroutine, and takes one when that, and what it held, is over. */
    template <class F, class... Args> void go(F &&f, Args &&...args)
    {
        struct started {
            wait_group *counts;
            ~started()
            {
                if (counts != nullptr) {
                    gort_waitgroup_done(&counts->raw_);
                }
            }
        } started{this};
        add();
        auto bound = detail::bind(std::forward<F>(f), std::forward<Args>(args)...);
        detail::start([this, own = std::optional<decltype(bound)>(std::move(bound))]() mutable {
            detail::run_to_end(*own);
            own.reset();
            done();
        });
        started.counts = nullptr;
    }

private:
    gort_waitgroup raw_ = {};
};

class once : detail::immovable {
public:
    /*
     * Runs f if this is the first call; all calls return when that is over. An exception of f goes to the
     * caller that ran it, and once is done, as after a panic in Go.
     */
    template <class F> void call(F &&f)
    {
        struct first {
            std::remove_reference_t<F> *f;
            detail::outcome<void> out;
        } first{std::addressof(f), {}};
        const auto run = [](void *arg) noexcept {
            auto *const self = static_cast<struct first *>(arg);
            auto &function = *self->f;
            self->out.run(function);
        };
        gort_once_do(&raw_, run, &first);
        first.out.take();
    }

private:
    gort_once raw_ = {};
};

/* Waits are in order, and none is spurious; but somebody else may be first to the mutex. */
class cond : detail::immovable {
public:
    /* Unlocks, waits for a signal, locks again. */
    void wait(std::unique_lock<mutex> &lock) noexcept { gort_cond_wait(&raw_, lock.mutex()->raw()); }
    /* Until holds() does. */
    template <class Predicate> void wait(std::unique_lock<mutex> &lock, Predicate holds)
    {
        while (!holds()) {
            wait(lock);
        }
    }
    /* Wakes the one that waits longest, or all. */
    void signal() noexcept { gort_cond_signal(&raw_); }
    void broadcast() noexcept { gort_cond_broadcast(&raw_); }

private:
    gort_cond raw_ = {};
};

/* A weighted semaphore: first come, first served; a big waiter is not overtaken. */
class semaphore : detail::immovable {
public:
    explicit semaphore(std::int64_t n) { detail::check(gort_sem_init(&raw_, n)); }
    void acquire(std::int64_t n = 1) { detail::check(gort_sem_acquire(&raw_, nullptr, n)); }
    /* Until the context ends; false: it did, and nothing was acquired. */
    [[nodiscard]] bool acquire(const context &ctx, std::int64_t n = 1)
    {
        const gort_status s = gort_sem_acquire(&raw_, ctx.raw(), n);
        if (s != GORT_OK && s != GORT_CANCELED && s != GORT_DEADLINE_EXCEEDED) {
            detail::fail(s);
        }
        return s == GORT_OK;
    }
    [[nodiscard]] bool try_acquire(std::int64_t n = 1) noexcept { return gort_sem_try_acquire(&raw_, n); }
    /* gort::error, misuse: more than is held. */
    void release(std::int64_t n = 1) { detail::check(gort_sem_release(&raw_, n)); }

private:
    gort_sem raw_ = {};
};

} // namespace gort

#endif
