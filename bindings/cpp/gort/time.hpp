/*
 * time.hpp: the clock, sleeping, timers and tickers.
 */
#ifndef GORT_TIME_HPP
#define GORT_TIME_HPP

#include "chan.hpp"
#include "go.hpp"

#include <atomic>
#include <memory>

namespace gort {

/* Blocks the goroutine, or plain thread, not at all when d is not above zero. */
template <class Rep, class Period> void sleep_for(std::chrono::duration<Rep, Period> d) { gort_sleep(detail::ns(d)); }

inline void sleep_until(clock::time_point when) { gort_sleep(detail::until(when)); }

/* As sleep_for, until the context ends; false when that was first. */
template <class Rep, class Period> bool sleep_for(std::chrono::duration<Rep, Period> d, const context &ctx)
{
    return gort_sleep_ctx(detail::ns(d), ctx.raw()) == GORT_OK;
}

/*
 * Go's time.Timer: its channel gets the time once, d from now. The timer is gone with the object; its
 * channel lives on for whoever has a copy.
 */
class timer {
public:
    template <class Rep, class Period>
    explicit timer(std::chrono::duration<Rep, Period> d) : raw_(detail::made(gort_timer_new(detail::ns(d))))
    {
    }
    recv_chan<clock::time_point> chan() const
    {
        return recv_chan<clock::time_point>::adopt(gort_chan_retain(gort_timer_chan(raw_.get())));
    }
    /* True: it was running, or its value had not been received; none will be. */
    bool stop() noexcept { return gort_timer_stop(raw_.get()); }
    template <class Rep, class Period> bool reset(std::chrono::duration<Rep, Period> d)
    {
        return gort_timer_reset(raw_.get(), detail::ns(d));
    }

private:
    detail::owned<gort_timer, gort_timer_release> raw_;
};

/* Go's time.Ticker: its channel gets the time every period; a slow receiver misses ticks. */
class ticker {
public:
    template <class Rep, class Period>
    explicit ticker(std::chrono::duration<Rep, Period> period) : raw_(gort_ticker_new(detail::ns(period)))
    {
        if (!raw_) {
            detail::fail(detail::ns(period) > 0 ? GORT_NO_MEMORY : GORT_INVALID);
        }
    }
    recv_chan<clock::time_point> chan() const
    {
        return recv_chan<clock::time_point>::adopt(gort_chan_retain(gort_ticker_chan(raw_.get())));
    }
    /* No stale tick is received afterwards; the channel is not closed. */
    void stop() noexcept { gort_ticker_stop(raw_.get()); }
    template <class Rep, class Period> void reset(std::chrono::duration<Rep, Period> period)
    {
        detail::check(gort_ticker_reset(raw_.get(), detail::ns(period)));
    }

private:
    detail::owned<gort_ticker, gort_ticker_release> raw_;
};

/*
 * Go's time.AfterFunc: f runs in a goroutine of its own, d from now. Dropping the object stops it. A reset
 * while an earlier run is not over makes two runs at once, as in Go.
 *
 * The function belongs to this object and to each firing to come or under way.
 */
class after_func {
public:
    template <class Rep, class Period, class F>
    after_func(std::chrono::duration<Rep, Period> d, F &&f) : shared_(new function<std::decay_t<F>>(std::forward<F>(f)))
    {
        shared_->keep();
        raw_.reset(gort_after_func(detail::ns(d), &run, shared_.get()));
        if (!raw_) {
            shared_->drop();
            detail::fail(GORT_NO_MEMORY);
        }
    }
    after_func(after_func &&) noexcept = default;
    after_func &operator=(after_func other) noexcept
    {
        std::swap(shared_, other.shared_);
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~after_func()
    {
        if (raw_) {
            stop();
        }
    }
    /* True when this kept f from running. */
    bool stop() noexcept
    {
        const bool kept = gort_timer_stop(raw_.get());
        if (kept) {
            shared_->drop();
        }
        return kept;
    }
    template <class Rep, class Period> bool reset(std::chrono::duration<Rep, Period> d)
    {
        shared_->keep(); /* for the new firing, unless that is the old one put off */
        const bool put_off = gort_timer_reset(raw_.get(), detail::ns(d));
        if (put_off) {
            shared_->drop();
        }
        return put_off;
    }

private:
    struct counted {
        virtual void call() = 0;
        virtual ~counted() = default;
        void keep() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
        void drop() noexcept
        {
            if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
                delete this;
            }
        }
        std::atomic<int> references{1};
    };
    template <class F> struct function final : counted {
        template <class G> explicit function(G &&g) : f(std::forward<G>(g)) {}
        void call() override { f(); }
        F f;
    };
    struct dropped {
        void operator()(counted *c) const noexcept { c->drop(); }
    };
    static void run(void *arg) noexcept
    {
        std::unique_ptr<counted, dropped> mine(static_cast<counted *>(arg));
        detail::run_to_end([&] { mine->call(); });
    }
    std::unique_ptr<counted, dropped> shared_;
    detail::owned<gort_timer, gort_timer_release> raw_;
};

} // namespace gort

#endif
