/*
 * chan.hpp: channels of any movable T.
 *
 *   chan<T>        both ends; make one with room for n values by chan<T>(n), unbuffered by chan<T>()
 *   send_chan<T>   Go's chan<- T: send, close
 *   recv_chan<T>   Go's <-chan T: recv, range-for
 *
 * All are counted handles, one pointer big; a chan converts to either end. A nil channel, chan<T>(nullptr),
 * blocks for ever, and so does one that was moved from.
 *
 * How a T travels:
 *  - T that is bytes: copied straight from where the sender has it to where the receiver wants it; this costs
 *    what the C calls cost.
 *  - T whose bytes may be moved (is_relocatable: std::unique_ptr, std::shared_ptr, these handles): likewise.
 *  - any other T: moved into a box of its own, whose address travels.
 * A value is alive in the channel until somebody receives it; those left when the last reference goes are
 * destroyed then. The move of a T should not throw: what throws on its way is lost.
 */
#ifndef GORT_CHAN_HPP
#define GORT_CHAN_HPP

#include "clock.hpp"
#include "context.hpp"
#include "error.hpp"
#include "go.hpp"

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace gort {

template <class T> class chan;
template <class T> class send_chan;
template <class T> class recv_chan;

/* A value that says nothing: chan<unit> is Go's chan struct{}. */
struct unit {};

/*
 * Whether the bytes of a T are still the T at another address, when those at the old one are forgotten.
 * May be specialised for types of one's own; a std::string with its pointer into itself is not one.
 */
template <class T> inline constexpr bool is_relocatable = detail::is_bytes<T>;
template <class T> inline constexpr bool is_relocatable<std::unique_ptr<T>> = true;
template <class T> inline constexpr bool is_relocatable<std::shared_ptr<T>> = true;
template <class T> inline constexpr bool is_relocatable<chan<T>> = true;
template <class T> inline constexpr bool is_relocatable<send_chan<T>> = true;
template <class T> inline constexpr bool is_relocatable<recv_chan<T>> = true;
template <> inline constexpr bool is_relocatable<context> = true;

/* A value, or the reason why there is none: closed, would_block, deadline_exceeded, canceled. */
template <class T> class received : public std::optional<T> {
public:
    explicit received(T &&value) : std::optional<T>(std::move(value)) {}
    explicit received(gort::status why) noexcept : status_(why) {}
    gort::status status() const noexcept { return status_; }

private:
    gort::status status_ = gort::status::ok;
};

namespace detail {

/* Elements are at multiples of their size from an address that is a multiple of this. */
inline constexpr std::size_t element_alignment = 64;

template <class T>
inline constexpr bool is_boxed = !is_bytes<T> && !(is_relocatable<T> && alignof(T) <= element_alignment);

/* What a channel of T carries. */
template <class T> using element = std::conditional_t<is_boxed<T>, T *, T>;

template <class T>
inline constexpr std::size_t element_size =
    (is_bytes<T> && std::is_empty_v<T> && std::is_default_constructible_v<T>) ? 0 : sizeof(element<T>);

/* Room for an element, without one in it. */
template <class T> union place {
    place() noexcept {}
    place(const place &) = delete;
    place &operator=(const place &) = delete;
    ~place() {}
    element<T> value;
};

/* Ends an element's life; what the channel does with those that nobody received. */
template <class T> void drop_element(void *at) noexcept
{
    if constexpr (is_boxed<T>) {
        delete *static_cast<T **>(at);
    } else {
        static_cast<T *>(at)->~T();
    }
}

/* Takes the T out of an element that was received. */
template <class T> T unpack(place<T> &from)
{
    if constexpr (element_size<T> == 0) {
        return T();
    } else if constexpr (is_bytes<T>) {
        return from.value;
    } else {
        struct end {
            place<T> &of;
            ~end() { drop_element<T>(&of.value); }
        } const end{from};
        if constexpr (is_boxed<T>) {
            return T(std::move(*from.value));
        } else {
            return T(std::move(from.value));
        }
    }
}

/* A T on its way into a channel, which it has to be told of: sent() or give_back(). */
template <class T> class parcel {
public:
    explicit parcel(T &&value)
    {
        if constexpr (is_boxed<T>) {
            place_.value = new T(std::move(value));
        } else {
            ::new (static_cast<void *>(&place_.value)) T(std::move(value));
        }
    }
    parcel(const parcel &) = delete;
    parcel &operator=(const parcel &) = delete;
    ~parcel()
    {
        if (is_here_) {
            drop_element<T>(&place_.value);
        }
    }
    const void *element() const noexcept { return &place_.value; }
    void sent() noexcept { is_here_ = false; }
    bool is_here() const noexcept { return is_here_; }
    void give_back(T &to)
    {
        if constexpr (std::is_move_assignable_v<T>) {
            to = std::move(value());
        } else {
            static_assert(std::is_nothrow_move_constructible_v<T>, "T cannot be given back when it was not sent");
            to.~T();
            ::new (static_cast<void *>(std::addressof(to))) T(std::move(value()));
        }
    }

private:
    T &value() noexcept
    {
        if constexpr (is_boxed<T>) {
            return *place_.value;
        } else {
            return place_.value;
        }
    }
    place<T> place_;
    bool is_here_ = true;
};

/*
 * Sends v by call(element). A T that is given as an rvalue, and was not sent, is where it was; anything else
 * is copied, or converted, first.
 */
template <class T, class U, class Call> gort_status pass(U &&v, Call call)
{
    if constexpr (is_bytes<T> && std::is_same_v<std::decay_t<U>, T>) {
        return call(static_cast<const void *>(std::addressof(v)));
    } else if constexpr (std::is_same_v<U, T>) {
        parcel<T> on_its_way(std::move(v));
        const gort_status s = call(on_its_way.element());
        if (s == GORT_OK) {
            on_its_way.sent();
        } else {
            on_its_way.give_back(v);
        }
        return s;
    } else {
        T own = std::forward<U>(v);
        return pass<T>(std::move(own), call);
    }
}

/* Whether a call that may be in vain has sent. */
inline bool was_sent(gort_status s)
{
    switch (s) {
    case GORT_OK: return true;
    case GORT_WOULD_BLOCK:
    case GORT_DEADLINE_EXCEEDED:
    case GORT_CANCELED: return false;
    default: fail(s);
    }
}

/* What both ends have. */
class chan_handle : public handle<gort_chan, gort_chan_retain, gort_chan_release> {
public:
    using handle::handle;
    std::size_t len() const noexcept { return gort_chan_len(raw()); }
    std::size_t cap() const noexcept { return gort_chan_cap(raw()); }
    bool is_nil() const noexcept { return raw() == nullptr; }
    friend bool operator==(const chan_handle &a, const chan_handle &b) noexcept { return a.raw() == b.raw(); }
    friend bool operator!=(const chan_handle &a, const chan_handle &b) noexcept { return a.raw() != b.raw(); }
};

/* The sending end, for whoever derives from it and has to(). */
template <class Self, class T> class sending {
public:
    /* c <- v: blocks until a receiver takes it or there is room. gort::error, closed: the channel is. */
    template <class U = T> void send(U &&v) const
    {
        gort_chan *const c = to();
        check(pass<T>(std::forward<U>(v), [c](const void *element) { return gort_chan_send(c, element); }));
    }
    /* Without waiting; false: nobody could take it now. */
    template <class U = T> [[nodiscard]] bool try_send(U &&v) const
    {
        gort_chan *const c = to();
        return was_sent(
            pass<T>(std::forward<U>(v), [c](const void *element) { return gort_chan_try_send(c, element); }));
    }
    /* For at most so long; false: it passed. */
    template <class U = T, class Rep, class Period>
    [[nodiscard]] bool send_for(U &&v, std::chrono::duration<Rep, Period> timeout) const
    {
        return was_sent(pass<T>(std::forward<U>(v), [&](const void *element) {
            return gort_chan_send_timeout(to(), element, ns(timeout));
        }));
    }
    /* Until the context ends; false: it did. */
    template <class U = T> [[nodiscard]] bool send(U &&v, const context &ctx) const
    {
        return was_sent(pass<T>(std::forward<U>(v),
                                [&](const void *element) { return gort_chan_send_ctx(to(), element, ctx.raw()); }));
    }
    /* close(c). gort::error: it is closed already, or nil. */
    void close() const { check(gort_chan_close(to())); }

private:
    gort_chan *to() const noexcept { return static_cast<const Self *>(this)->raw(); }
};

/* The receiving end, likewise. */
template <class Self, class T> class receiving {
public:
    /* v = <-c: blocks until there is a value, or none because the channel is closed and drained. */
    std::optional<T> recv() const
    {
        place<T> to;
        if (gort_chan_recv(from(), &to.value) != GORT_OK) {
            return std::nullopt;
        }
        return unpack<T>(to);
    }
    /* Without waiting: would_block. */
    received<T> try_recv() const
    {
        return receive([c = from()](void *to) { return gort_chan_try_recv(c, to); });
    }
    /* For at most so long: deadline_exceeded. */
    template <class Rep, class Period> received<T> recv_for(std::chrono::duration<Rep, Period> timeout) const
    {
        return receive([c = from(), timeout](void *to) { return gort_chan_recv_timeout(c, to, ns(timeout)); });
    }
    /* Until the context ends: canceled, deadline_exceeded. */
    received<T> recv(const context &ctx) const
    {
        return receive([c = from(), &ctx](void *to) { return gort_chan_recv_ctx(c, to, ctx.raw()); });
    }

    /* What range-for goes by: receives until the channel is closed and drained. */
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using pointer = T *;
        using reference = T &;
        explicit iterator(const receiving *from) : from_(from) { ++*this; }
        T &operator*() noexcept { return *value_; }
        T *operator->() noexcept { return &*value_; }
        iterator &operator++()
        {
            value_.reset();
            place<T> to;
            if (gort_chan_recv(from_->from(), &to.value) == GORT_OK) {
                value_.emplace(unpack<T>(to));
            }
            return *this;
        }
        friend bool operator!=(const iterator &it, std::nullptr_t) noexcept { return it.value_.has_value(); }

    private:
        const receiving *from_;
        std::optional<T> value_;
    };
    iterator begin() const { return iterator(this); }
    std::nullptr_t end() const noexcept { return nullptr; }

private:
    template <class Call> static received<T> receive(Call call)
    {
        place<T> to;
        const gort_status s = call(&to.value);
        return s == GORT_OK ? received<T>(unpack<T>(to)) : received<T>(static_cast<status>(s));
    }
    gort_chan *from() const noexcept { return static_cast<const Self *>(this)->raw(); }
};

} // namespace detail

template <class T>
class chan : public detail::chan_handle, public detail::sending<chan<T>, T>, public detail::receiving<chan<T>, T> {
    static_assert(std::is_object_v<T> && !std::is_const_v<T>, "a channel carries values; for none use gort::unit");

public:
    using value_type = T;
    /* make(chan T, capacity). */
    explicit chan(std::size_t capacity = 0) : chan_handle(detail::made(make(capacity))) {}
    /* A nil channel. (A template, so that chan<T>(0) is not one.) */
    template <class Null, class = std::enable_if_t<std::is_same_v<Null, std::nullptr_t>>> chan(Null) noexcept {}
    /* Takes over a reference of the C API to a channel of what detail::element<T> says. */
    static chan adopt(gort_chan *owned) noexcept
    {
        chan made = nullptr;
        static_cast<chan_handle &>(made) = chan_handle(owned);
        return made;
    }

private:
    static gort_chan *make(std::size_t capacity)
    {
        if constexpr (detail::is_bytes<T>) {
            return gort_chan_new(detail::element_size<T>, capacity);
        } else {
            return gort_chan_new_with_drop(detail::element_size<T>, capacity, &detail::drop_element<T>);
        }
    }
};

template <class T> class send_chan : public detail::chan_handle, public detail::sending<send_chan<T>, T> {
public:
    using value_type = T;
    send_chan(const chan<T> &c) noexcept : chan_handle(c) {}
    send_chan(chan<T> &&c) noexcept : chan_handle(std::move(c)) {}
    send_chan(std::nullptr_t) noexcept {}
};

template <class T> class recv_chan : public detail::chan_handle, public detail::receiving<recv_chan<T>, T> {
public:
    using value_type = T;
    recv_chan(const chan<T> &c) noexcept : chan_handle(c) {}
    recv_chan(chan<T> &&c) noexcept : chan_handle(std::move(c)) {}
    recv_chan(std::nullptr_t) noexcept {}
    static recv_chan adopt(gort_chan *owned) noexcept { return recv_chan(chan<T>::adopt(owned)); }
};

inline recv_chan<unit> context::done() const { return recv_chan<unit>::adopt(gort_chan_retain(gort_ctx_done(raw()))); }

/* Sends signum on c each time the signal comes, until signal_stop; see gort_signal_notify. */
inline void signal_notify(const chan<int> &c, int signum) { detail::check(gort_signal_notify(c.raw(), signum)); }
inline void signal_stop(const chan<int> &c) { detail::check(gort_signal_stop(c.raw())); }

} // namespace gort

#endif
