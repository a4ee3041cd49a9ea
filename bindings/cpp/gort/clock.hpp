/*
 * clock.hpp: the library's clock, and durations of std::chrono as those of the C API.
 */
#ifndef GORT_CLOCK_HPP
#define GORT_CLOCK_HPP

#include <gort.h>

#include <chrono>
#include <limits>
#include <type_traits>

namespace gort {

/* The monotonic clock that timers, tickers and deadlines go by: a Clock of std::chrono. */
struct clock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<clock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept { return time_point(duration(gort_now())); }
};

namespace detail {

/* What is too long for 64 bits of nanoseconds is as long as they can say. */
template <class Rep, class Period> constexpr gort_duration ns(std::chrono::duration<Rep, Period> d)
{
    using nanoseconds = std::chrono::nanoseconds;
    if constexpr (!std::is_same_v<std::chrono::duration<Rep, Period>, nanoseconds>) {
        const double wanted = std::chrono::duration<double, std::nano>(d).count();
        if (wanted >= 9.2e18) {
            return std::numeric_limits<gort_duration>::max();
        }
        if (wanted <= -9.2e18) {
            return std::numeric_limits<gort_duration>::min();
        }
    }
    return std::chrono::duration_cast<nanoseconds>(d).count();
}

/* How long it is until then; 0 when it has passed, so that nothing overflows. */
inline gort_duration until(clock::time_point when)
{
    const gort_duration at = when.time_since_epoch().count();
    const gort_duration now = gort_now();
    return at > now ? at - now : 0;
}

} // namespace detail
} // namespace gort

#endif
