/*
 * select.hpp: Go's select.
 *
 *   gort::select(gort::recv(c, [](int v) { ... }),             case v := <-c:
 *                gort::recv(d, [](std::optional<int> v) {...}), case v, ok := <-d:
 *                gort::send(e, 7, [] { ... }),                 case e <- 7:
 *                gort::after(1s, [] { ... }),                  case <-time.After(1 s):
 *                gort::otherwise([] { ... }));                 default:
 *
 * One case is done, its function called (in the caller's goroutine, after everything is settled), and its
 * index among the arguments returned. Handlers may be left out. Of several cases that can go on each is
 * chosen with the same probability; nil channels never are. At most one after or otherwise.
 *
 * A receive case whose channel is closed is chosen: its function is given no value if it takes a
 * std::optional<T>, or takes nothing; one that takes a T cannot be told, and gort::error, closed, is thrown.
 * A send case whose channel is closed throws the same. A value that was given to send as an rvalue, and was not
 * sent, is where it was; the same one may be given to several cases.
 *
 * The cases are for the one call they are written in: they refer to the channels and values they were given.
 */
#ifndef GORT_SELECT_HPP
#define GORT_SELECT_HPP

#include "chan.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace gort {
namespace detail {

struct nothing_to_do {
    void operator()() const noexcept {}
};

enum class case_kind { channel, timeout, otherwise };

/* The values that a select has moved from, so that one that is given to several of its cases is moved once. */
struct moved_value {
    const void *from;
    void (*drop)(void *) noexcept; /* tells types apart: an object and its first member have one address */
    void *parcel;
};

template <class T, class F> class recv_case {
public:
    static constexpr case_kind kind = case_kind::channel;
    recv_case(gort_chan *c, F &&handler) : chan_(c), handler_(std::forward<F>(handler)) {}
    void prepare(gort_case &raw, moved_value *) { raw = gort_case{chan_, &place_.value, GORT_OP_RECV, GORT_OK}; }
    void chosen(gort_status) noexcept {}
    void settle() noexcept {}
    void finish(gort_status s)
    {
        if constexpr (std::is_invocable_v<F &>) {
            if (s == GORT_OK) {
                static_cast<void>(unpack<T>(place_));
            }
            handler_();
        } else if constexpr (std::is_invocable_v<F &, std::optional<T>>) {
            std::optional<T> value;
            if (s == GORT_OK) {
                value.emplace(unpack<T>(place_));
            }
            handler_(std::move(value));
        } else {
            static_assert(std::is_invocable_v<F &, T>,
                          "a receive case's function takes a T, a std::optional<T>, or nothing");
            if (s != GORT_OK) {
                throw error(status::closed,
                            "a receive case on a closed channel, whose function takes no std::optional");
            }
            handler_(unpack<T>(place_));
        }
    }

private:
    gort_chan *chan_;
    place<T> place_;
    F handler_;
};

/* V: T, for a value of the case's own; T & for an rvalue to move from; const T & for bytes, which stay. */
template <class T, class V, class F> class send_case {
public:
    static constexpr case_kind kind = case_kind::channel;
    template <class U>
    send_case(gort_chan *c, U &&value, F &&handler)
        : chan_(c), value_(std::forward<U>(value)), handler_(std::forward<F>(handler))
    {
    }
    void prepare(gort_case &raw, [[maybe_unused]] moved_value *moved)
    {
        const void *element = nullptr;
        if constexpr (is_bytes<T>) {
            element = std::addressof(value_);
        } else {
            const void *const from = std::addressof(value_);
            while (moved->from != nullptr && (moved->from != from || moved->drop != &drop_element<T>)) {
                moved++;
            }
            if (moved->from == nullptr) {
                *moved = {from, &drop_element<T>, &own_.emplace(std::move(value_))};
            }
            sends_ = static_cast<parcel<T> *>(moved->parcel);
            element = sends_->element();
        }
        raw = gort_case{chan_, const_cast<void *>(element), GORT_OP_SEND, GORT_OK};
    }
    void chosen(gort_status s) noexcept
    {
        if constexpr (!is_bytes<T>) {
            if (s == GORT_OK) {
                sends_->sent();
            }
        }
    }
    void settle()
    {
        if constexpr (!is_bytes<T>) {
            if (own_ && own_->is_here()) {
                own_->give_back(value_);
            }
            own_.reset();
        }
    }
    void finish(gort_status s)
    {
        if (s != GORT_OK) {
            throw error(status::closed, "send on closed channel");
        }
        handler_();
    }

private:
    gort_chan *chan_;
    V value_;
    std::optional<std::conditional_t<is_bytes<T>, unit, parcel<T>>> own_;
    parcel<T> *sends_ = nullptr;
    F handler_;
};

template <case_kind Kind, class F> struct waiting_case {
    static constexpr case_kind kind = Kind;
    void finish(gort_status) { handler(); }
    gort_duration timeout;
    F handler;
};

template <class Case> inline constexpr case_kind kind_of = std::remove_reference_t<Case>::kind;

} // namespace detail

template <class Chan, class F = detail::nothing_to_do> auto recv(const Chan &c, F &&handler = F())
{
    return detail::recv_case<typename Chan::value_type, std::decay_t<F>>(c.raw(),
                                                                         std::decay_t<F>(std::forward<F>(handler)));
}

template <class Chan, class U, class F = detail::nothing_to_do> auto send(const Chan &c, U &&value, F &&handler = F())
{
    using T = typename Chan::value_type;
    constexpr bool same = std::is_same_v<std::decay_t<U>, T>;
    constexpr bool refers = same && (detail::is_bytes<T> || std::is_same_v<U, T>);
    using V = std::conditional_t<!refers, T, std::conditional_t<detail::is_bytes<T>, const T &, T &>>;
    using function = std::decay_t<F>;
    if constexpr (refers) {
        return detail::send_case<T, V, function>(c.raw(), value, function(std::forward<F>(handler)));
    } else {
        return detail::send_case<T, V, function>(c.raw(), std::forward<U>(value), function(std::forward<F>(handler)));
    }
}

/* When nothing else could go on for so long. */
template <class Rep, class Period, class F = detail::nothing_to_do>
auto after(std::chrono::duration<Rep, Period> timeout, F &&handler = F())
{
    return detail::waiting_case<detail::case_kind::timeout, std::decay_t<F>>{detail::ns(timeout),
                                                                             std::forward<F>(handler)};
}

/* When nothing else can go on now. */
template <class F = detail::nothing_to_do> auto otherwise(F &&handler = F())
{
    return detail::waiting_case<detail::case_kind::otherwise, std::decay_t<F>>{0, std::forward<F>(handler)};
}

/* Blocks until one case can go on, does it, and returns its index. Without any it blocks for ever. */
template <class... Cases> std::size_t select(Cases &&...cases)
{
    using detail::case_kind;
    using detail::kind_of;
    constexpr std::size_t channels = (std::size_t{kind_of<Cases> == case_kind::channel} + ... + 0);
    constexpr bool has_timeout = ((kind_of<Cases> == case_kind::timeout) || ...);
    constexpr bool has_otherwise = ((kind_of<Cases> == case_kind::otherwise) || ...);
    static_assert(sizeof...(Cases) <= channels + 1, "at most one after or otherwise");

    std::array<gort_case, channels + 1> raw; /* one more: never empty */
    std::array<detail::moved_value, channels + 1> moved = {};
    std::size_t prepared = 0;
    [[maybe_unused]] gort_duration timeout = 0;
    const auto prepare = [&](auto &each) {
        if constexpr (kind_of<decltype(each)> == case_kind::channel) {
            each.prepare(raw[prepared++], moved.data());
        } else {
            timeout = each.timeout;
        }
    };
    (prepare(cases), ...);

    int chosen;
    if constexpr (has_otherwise) {
        chosen = gort_select_default(raw.data(), channels);
    } else if constexpr (has_timeout) {
        chosen = gort_select_timeout(raw.data(), channels, timeout);
    } else {
        chosen = gort_select(raw.data(), channels);
    }
    const bool is_channel = chosen >= 0;
    const std::size_t at = is_channel ? static_cast<std::size_t>(chosen) : channels;

    std::size_t channel = 0;
    const auto tell_chosen = [&](auto &each) {
        if constexpr (kind_of<decltype(each)> == case_kind::channel) {
            if (channel++ == at) {
                each.chosen(raw[at].status);
            }
        }
    };
    (tell_chosen(cases), ...);
    const auto settle = [](auto &each) {
        if constexpr (kind_of<decltype(each)> == case_kind::channel) {
            each.settle();
        }
    };
    (settle(cases), ...);
    if (chosen < GORT_NONE) {
        detail::fail(GORT_NO_MEMORY);
    }

    std::size_t index = 0;
    std::size_t argument = 0;
    channel = 0;
    const auto finish = [&](auto &each) {
        constexpr bool of_channel = kind_of<decltype(each)> == case_kind::channel;
        const std::size_t mine = argument++;
        if (of_channel ? channel++ == at : !is_channel) {
            index = mine;
            each.finish(of_channel && is_channel ? raw[at].status : GORT_OK);
        }
    };
    (finish(cases), ...);
    return index;
}

} // namespace gort

#endif
