/*
 * go.hpp: goroutines.
 *
 *   gort::run(f)             runs f as the main goroutine; its result, or its exception
 *   gort::go(f, args...)     starts a goroutine nobody waits for
 *   gort::spawn(f, args...)  starts one and gives a task to join: its result, or its exception
 *
 * go costs what gort_go_copy costs when function and arguments are bytes; else, as spawn always does, one
 * allocation.
 */
#ifndef GORT_GO_HPP
#define GORT_GO_HPP

#include "clock.hpp"
#include "error.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace gort {
namespace detail {

/* What exit() throws, so that the destructors on the goroutine's stack run. */
struct exit_request {};

/*
 * Whether the bytes of a T are the T: they can be copied elsewhere, and nothing happens at the end. More
 * generous than is_trivially_copyable, which a std::pair of ints is not.
 */
template <class T>
inline constexpr bool is_bytes =
    std::is_trivially_copyable_v<T> || (std::is_trivially_copy_constructible_v<T> && std::is_trivially_destructible_v<T>);

/*
 * Runs what is a goroutine's or a callback's all, which exit() may leave. The handler is for the message:
 * noexcept alone does not always say what was thrown.
 */
template <class F> void run_to_end(F &&f) noexcept
{
    try {
        std::forward<F>(f)();
    } catch (const exit_request &) {
    } catch (...) {
        std::terminate();
    }
}

template <auto Release> struct releases {
    template <class Raw> void operator()(Raw *raw) const noexcept { Release(raw); }
};

/* A handle of the C API with one owner. */
template <class Raw, void (*Release)(Raw *)> using owned = std::unique_ptr<Raw, releases<Release>>;

/* f with its arguments as one object without any; f itself when there are none. */
template <class F, class... Args> auto bind(F &&f, Args &&...args)
{
    if constexpr (sizeof...(Args) == 0) {
        return std::decay_t<F>(std::forward<F>(f));
    } else {
        return [f = std::decay_t<F>(std::forward<F>(f)),
                args = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)]() mutable -> decltype(auto) {
            return std::apply(std::move(f), std::move(args));
        };
    }
}

template <class F> void call_copy(void *arg) noexcept { run_to_end(*static_cast<F *>(arg)); }

template <class F> void call_owned(void *arg) noexcept
{
    const std::unique_ptr<F> f(static_cast<F *>(arg));
    run_to_end(*f);
}

inline constexpr std::size_t copy_alignment = 16;

/* Starts f, which has been bound, by start(fn, arg): gort_go_with or something like it. */
template <class F, class Start> void start_owned(F &&f, Start start)
{
    auto own = std::make_unique<F>(std::move(f));
    check(start(&call_owned<F>, static_cast<void *>(own.get())));
    static_cast<void>(own.release()); /* the goroutine's by now */
}

template <class F> void start(F &&f)
{
    if constexpr (is_bytes<F> && alignof(F) <= copy_alignment) {
        check(gort_go_copy(&call_copy<F>, &f, sizeof f));
    } else {
        start_owned(std::move(f), gort_go);
    }
}

/* A result, or why there is none: written once by the goroutine, taken once by whoever waited for it. */
template <class R> class outcome {
public:
    template <class F> void run(F &f) noexcept
    {
        try {
            if constexpr (std::is_void_v<R>) {
                f();
                value_.emplace();
            } else {
                value_.emplace(f());
            }
        } catch (const exit_request &) {
        } catch (...) {
            error_ = std::current_exception();
        }
    }
    const std::exception_ptr &failure() const noexcept { return error_; }
    R take()
    {
        if (error_) {
            std::rethrow_exception(std::exchange(error_, nullptr));
        }
        if constexpr (!std::is_void_v<R>) {
            if (!value_) {
                throw error(status::misuse, "the goroutine ended by gort::exit, without a result");
            }
            R taken = std::move(*value_);
            value_.reset();
            return taken;
        }
    }

private:
    struct nothing {};
    using stored = std::conditional_t<std::is_void_v<R>, nothing, R>;
    std::optional<stored> value_;
    std::exception_ptr error_;
};

template <class R> class task_state {
public:
    virtual ~task_state() = default;
    R join()
    {
        gort_waitgroup_wait(&running_);
        return outcome_.take();
    }
    void drop() noexcept
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            delete this;
        }
    }
    bool is_over() const noexcept { return over_.load(std::memory_order_acquire); }
    static void run(void *arg) noexcept
    {
        auto *const self = static_cast<task_state *>(arg);
        self->call();
        self->over_.store(true, std::memory_order_release);
        gort_waitgroup_done(&self->running_);
        self->drop();
    }

protected:
    task_state() { gort_waitgroup_add(&running_, 1); }
    virtual void call() noexcept = 0;
    outcome<R> outcome_;

private:
    gort_waitgroup running_ = {};
    std::atomic<int> references_{2}; /* the task's and the goroutine's */
    std::atomic<bool> over_{false};
};

template <class R, class F> class task_of final : public task_state<R> {
public:
    explicit task_of(F &&f) : f_(std::move(f)) {}

private:
    /* What the function holds ends with it, not with the task. */
    void call() noexcept override
    {
        this->outcome_.run(*f_);
        f_.reset();
    }
    std::optional<F> f_;
};

} // namespace detail

/* For go: what a goroutine is called in dumps, and how much address space its stack has. */
struct go_options {
    const char *name = nullptr;
    std::size_t stack_size = 0; /* 0: 256 KiB */
};

/* go f(args...): runs in a new goroutine. Never blocks. Arguments are copied or moved now. */
template <class F, class... Args, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, go_options>>>
void go(F &&f, Args &&...args)
{
    detail::start(detail::bind(std::forward<F>(f), std::forward<Args>(args)...));
}

template <class F, class... Args> void go(const go_options &options, F &&f, Args &&...args)
{
    detail::start_owned(detail::bind(std::forward<F>(f), std::forward<Args>(args)...), [&](gort_func fn, void *arg) {
        const gort_go_options raw = {sizeof raw, options.name, options.stack_size, nullptr};
        return gort_go_with(&raw, fn, arg);
    });
}

/* A goroutine's result to come. A task that is dropped lets its goroutine go on, and its result go. */
template <class R> class [[nodiscard]] task {
public:
    task() noexcept = default;
    /* Waits until the goroutine is over: its result, or its exception. Once; the task is empty then. */
    R join()
    {
        if (!state_) {
            throw error(status::misuse, "join of a task that is empty or was joined already");
        }
        const auto state = std::move(state_);
        return state->join();
    }
    bool joinable() const noexcept { return state_ != nullptr; }
    /* Whether join would not wait. */
    bool is_over() const noexcept { return state_ && state_->is_over(); }

private:
    template <class F, class... Args> friend auto spawn(F &&f, Args &&...args);
    template <class F> friend auto run(F &&f);
    struct drops {
        void operator()(detail::task_state<R> *state) const noexcept { state->drop(); }
    };
    std::unique_ptr<detail::task_state<R>, drops> state_;
};

/* As go; the task is for its result. */
template <class F, class... Args> auto spawn(F &&f, Args &&...args)
{
    auto bound = detail::bind(std::forward<F>(f), std::forward<Args>(args)...);
    using result = std::invoke_result_t<decltype(bound) &>;
    static_assert(!std::is_reference_v<result>, "a task's result is a value; return a pointer or std::ref");
    auto state = std::make_unique<detail::task_of<result, decltype(bound)>>(std::move(bound));
    detail::check(gort_go(&detail::task_state<result>::run, static_cast<detail::task_state<result> *>(state.get())));
    task<result> made;
    made.state_.reset(state.release());
    return made;
}

/*
 * Runs f as the main goroutine; this plain thread waits, for its result or its exception. Other goroutines
 * keep running. status::deadlock when gort_on_deadlock has a handler, else a deadlock ends the process; f's
 * goroutine is still there then, and what f refers to has to stay.
 */
template <class F> auto run(F &&f)
{
    using result = std::invoke_result_t<F &>;
    static_assert(!std::is_reference_v<result>, "the result of run is a value; return a pointer or std::ref");
    using function = std::conditional_t<std::is_lvalue_reference_v<F>, std::reference_wrapper<std::remove_reference_t<F>>,
                                        std::decay_t<F>>;
    /* The goroutine's too: after a deadlock it may be woken yet, when this call is long over. */
    task<result> made;
    made.state_.reset(new detail::task_of<result, function>(function(std::forward<F>(f))));
    const gort_status status = gort_run(&detail::task_state<result>::run, made.state_.get());
    if (status != GORT_OK && status != GORT_DEADLOCK) {
        made.state_->drop(); /* there is no goroutine that would */
    }
    detail::check(status);
    return made.join();
}

/* Ends this goroutine: Go's runtime.Goexit. The destructors on its stack run; do not swallow it in catch (...). */
[[noreturn]] inline void exit()
{
    if (gort_goroutine_id() == 0) {
        throw error(status::misuse, "gort::exit on a thread that is no goroutine");
    }
    throw detail::exit_request();
}

/* Prints "panic: " and the message, and ends the process with status 2. */
[[noreturn]] inline void panic(const char *message) { gort_panic(message); }

inline void yield() noexcept { gort_yield(); }
inline std::uint64_t goroutine_id() noexcept { return gort_goroutine_id(); }
inline std::size_t num_goroutine() noexcept { return gort_num_goroutine(); }
inline int num_cpu() noexcept { return gort_num_cpu(); }
/* Sets the number of Ps if n >= 1; the number before, in any case. */
inline int gomaxprocs(int n = 0) noexcept { return gort_gomaxprocs(n); }
/* The library's version, where GORT_VERSION_* are those of the header. */
inline const char *version() noexcept { return gort_version(); }

inline gort_stats stats()
{
    gort_stats out = {};
    out.struct_size = sizeof out;
    detail::check(gort_stats_read(&out));
    return out;
}

/* Writes every goroutine to the descriptor. */
inline void dump(int fd) { detail::check(gort_dump(fd)); }

/* Waits until every goroutine is over, and stops the runtime: see gort_shutdown. */
inline void shutdown() { detail::check(gort_shutdown(-1)); }

/* As shutdown, for at most so long; false when that was too short. */
template <class Rep, class Period> bool shutdown(std::chrono::duration<Rep, Period> timeout)
{
    const gort_duration given = detail::ns(timeout);
    const gort_status s = gort_shutdown(given > 0 ? given : 0);
    if (s != GORT_OK && s != GORT_DEADLINE_EXCEEDED) {
        detail::fail(s);
    }
    return s == GORT_OK;
}

/* While one lives, its goroutine stays on its OS thread and has it alone. */
class os_thread_lock {
public:
    os_thread_lock() { detail::check(gort_lock_os_thread()); }
    os_thread_lock(const os_thread_lock &) = delete;
    os_thread_lock &operator=(const os_thread_lock &) = delete;
    ~os_thread_lock() { gort_unlock_os_thread(); }
};

/* While one lives, its goroutine may block or compute outside the library: its P goes to another thread. */
class blocking {
public:
    blocking() noexcept { gort_block_enter(); }
    blocking(const blocking &) = delete;
    blocking &operator=(const blocking &) = delete;
    ~blocking() { gort_block_exit(); }
};

} // namespace gort

#endif
