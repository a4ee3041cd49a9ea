/*
 * group.hpp: Go's errgroup: goroutines that work on one thing, and fail together.
 */
#ifndef GORT_GROUP_HPP
#define GORT_GROUP_HPP

#include "context.hpp"
#include "error.hpp"
#include "go.hpp"
#include "sync.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

namespace gort {

/*
 * The group's context ends at the first exception that leaves one of its functions; wait() throws that
 * one, the others are dropped. A group that goes without wait() cancels its context and waits: no
 * goroutine outlives it.
 */
class group : detail::immovable {
public:
    explicit group(const context &parent = context()) : raw_(detail::made(gort_group_new(parent.raw()))) {}
    ~group()
    {
        if (!is_waited_for_) {
            gort_ctx_cancel(gort_group_ctx(raw_.get()));
            gort_group_wait(raw_.get());
        }
    }

    /* The context for what the functions do. Ended by the first exception, and by wait(). */
    context ctx() const { return context::adopt(gort_ctx_retain(gort_group_ctx(raw_.get()))); }

    /* At most n goroutines at a time; negative: any number. gort::error, misuse: some are active. */
    void set_limit(std::int64_t n) { detail::check(gort_group_set_limit(raw_.get(), n)); }

    /* Runs f(args...) in a goroutine; blocks while the limit is reached. */
    template <class F, class... Args> void go(F &&f, Args &&...args)
    {
        detail::check(start(gort_group_go, detail::bind(std::forward<F>(f), std::forward<Args>(args)...)));
    }
    /* As go, without waiting; false: the limit is reached. */
    template <class F, class... Args> [[nodiscard]] bool try_go(F &&f, Args &&...args)
    {
        const gort_status s = start(gort_group_try_go, detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
        if (s != GORT_OK && s != GORT_WOULD_BLOCK) {
            detail::fail(s);
        }
        return s == GORT_OK;
    }

    /* Waits until all are over, ends the context, and throws the first exception, if there was one. */
    void wait()
    {
        is_waited_for_ = true;
        gort_group_wait(raw_.get());
        if (first_) {
            std::rethrow_exception(std::exchange(first_, nullptr));
        }
    }

private:
    template <class F> struct member {
        group *of;
        F f;
    };

    template <class F> gort_status start(gort_status (*how)(gort_group *, gort_group_func, void *), F &&f)
    {
        auto own = std::make_unique<member<F>>(member<F>{this, std::move(f)});
        is_waited_for_ = false;
        const gort_status s = how(raw_.get(), &run<F>, own.get());
        if (s == GORT_OK) {
            static_cast<void>(own.release());
        }
        return s;
    }

    template <class F> static int run(void *arg) noexcept
    {
        std::unique_ptr<member<F>> own(static_cast<member<F> *>(arg));
        group *const self = own->of;
        detail::outcome<void> out;
        out.run(own->f);
        own.reset(); /* before wait() can return */
        if (!out.failure()) {
            return 0;
        }
        if (!self->has_failed_.exchange(true, std::memory_order_relaxed)) {
            self->first_ = out.failure();
        }
        return 1;
    }

    detail::owned<gort_group, gort_group_release> raw_;
    std::atomic<bool> has_failed_{false};
    std::exception_ptr first_;
    bool is_waited_for_ = true; /* nothing to wait for */
};

} // namespace gort

#endif
