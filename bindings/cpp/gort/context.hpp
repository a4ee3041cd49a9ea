/*
 * context.hpp: Go's context.Context as a value. Copies are the same context; the last one that goes
 * ends it.
 */
#ifndef GORT_CONTEXT_HPP
#define GORT_CONTEXT_HPP

#include "clock.hpp"
#include "error.hpp"
#include "go.hpp"

#include <memory>
#include <optional>
#include <string>

namespace gort {

struct unit;
template <class T> class recv_chan;

/*
 * The key of a value of type T in contexts. It is its address that counts, so make it static:
 *     static const gort::context_key<std::string> user;
 */
template <class T> class context_key {
public:
    constexpr context_key() = default;
    context_key(const context_key &) = delete;
    context_key &operator=(const context_key &) = delete;

private:
    char differs_ = 0; /* two keys are two objects */
};

/* What context::after_func has arranged. Dropping it changes nothing. */
class context_after {
public:
    /* True when this kept the function from running. */
    bool stop() noexcept
    {
        const bool kept = gort_ctx_after_stop(raw_.get());
        if (kept) {
            free_(function_);
        }
        return kept;
    }

private:
    friend class context;
    context_after(gort_ctx_after *raw, void *function, void (*free)(void *))
        : raw_(raw), function_(function), free_(free)
    {
    }
    detail::owned<gort_ctx_after, gort_ctx_after_release> raw_;
    void *function_;
    void (*free_)(void *);
};

class context {
public:
    /* The root of all contexts, as background(): never ends, carries nothing. */
    context() noexcept : raw_(gort_ctx_background()) {}
    static context background() noexcept { return context(); }
    /* As background, where it is not clear yet which context to use. */
    static context todo() noexcept { return adopt(gort_ctx_todo()); }
    /* Takes over a reference of the C API; NULL is the background. */
    static context adopt(gort_ctx *owned) noexcept
    {
        context made;
        if (owned != nullptr) {
            made.raw_ = handle(owned);
        }
        return made;
    }
    gort_ctx *raw() const noexcept { return raw_.raw(); }

    /* A context that ends with this one, or by cancel(). */
    context with_cancel() const { return child(gort_ctx_with_cancel(raw())); }
    /* It ends, as status::deadline_exceeded, after so long too. */
    template <class Rep, class Period> context with_timeout(std::chrono::duration<Rep, Period> timeout) const
    {
        return child(gort_ctx_with_timeout(raw(), detail::ns(timeout)));
    }
    context with_deadline(clock::time_point when) const
    {
        return child(gort_ctx_with_deadline(raw(), when.time_since_epoch().count()));
    }
    /* A context in which key has this value, which ends with the context. */
    template <class T, class V> context with_value(const context_key<T> &key, V &&value) const
    {
        auto own = std::make_unique<T>(std::forward<V>(value));
        const auto drop = [](void *arg) noexcept { delete static_cast<T *>(arg); };
        context made = child(gort_ctx_with_value(raw(), &key, own.get(), drop));
        static_cast<void>(own.release());
        return made;
    }
    /* A context with this one's values that does not end with it. */
    context without_cancel() const { return child(gort_ctx_without_cancel(raw())); }

    /* Ends it and all below it. Any number of times; the first cause stays. */
    void cancel() const noexcept { gort_ctx_cancel(raw()); }
    void cancel(const std::string &cause) const noexcept { gort_ctx_cancel_cause(raw(), cause.c_str()); }

    /* status::ok while it has not ended, then canceled or deadline_exceeded. */
    status err() const noexcept { return static_cast<status>(gort_ctx_err(raw())); }
    bool is_over() const noexcept { return err() != status::ok; }
    /* The cause, else the message of err(); "" while it has not ended. */
    std::string cause() const
    {
        const char *const text = gort_ctx_cause(raw());
        return text != nullptr ? text : "";
    }
    /* The channel that is closed when it ends; a nil one when it never can. */
    recv_chan<unit> done() const;
    /* When it will end by itself. */
    std::optional<clock::time_point> deadline() const noexcept
    {
        std::int64_t when = 0;
        if (!gort_ctx_deadline(raw(), &when)) {
            return std::nullopt;
        }
        return clock::time_point(clock::duration(when));
    }
    /* The key's value in the nearest context that has it; lives as long as that one. NULL: in none. */
    template <class T> const T *value(const context_key<T> &key) const noexcept
    {
        return static_cast<const T *>(gort_ctx_value(raw(), &key));
    }

    /* Runs f in a new goroutine once this is over; at once, if it is. */
    template <class F> context_after after_func(F &&f) const
    {
        using function = std::decay_t<F>;
        auto own = std::make_unique<function>(std::forward<F>(f));
        const auto free = [](void *arg) noexcept { delete static_cast<function *>(arg); };
        if (gort_ctx_done(raw()) == nullptr) { /* it would wait for ever */
            return context_after(nullptr, nullptr, free);
        }
        gort_ctx_after *const raw_after =
            detail::made(gort_ctx_after_func(raw(), &detail::call_owned<function>, own.get()));
        return context_after(raw_after, own.release(), free);
    }

private:
    using handle = detail::handle<gort_ctx, gort_ctx_retain, gort_ctx_release>;
    static context child(gort_ctx *owned) { return adopt(detail::made(owned)); }
    handle raw_;
};

} // namespace gort

#endif
