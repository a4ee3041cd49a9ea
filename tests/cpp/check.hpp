/*
 * check.hpp: tests/c/check.h for tests in C++, with values that are counted.
 */
#ifndef GORT_TEST_CHECK_HPP
#define GORT_TEST_CHECK_HPP

#include "../c/check.h"

#include "../c/child.h"

#include <gort.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

/* The call throws a gort::error with this status, and a sentence. */
#define CHECK_ERROR(call, want)                                                                                        \
    do {                                                                                                               \
        check_at(__FILE__, __LINE__);                                                                                  \
        bool thrown_ = false;                                                                                          \
        try {                                                                                                          \
            static_cast<void>(call);                                                                                   \
        } catch (const gort::error &error_) {                                                                          \
            thrown_ = true;                                                                                            \
            CHECK_EQ(error_.code(), want);                                                                             \
            CHECK(std::string(error_.what()).size() > std::string(gort::name(want)).size() + 2);                       \
        }                                                                                                              \
        if (!thrown_) {                                                                                                \
            check_fail(__FILE__, __LINE__, "%s throws nothing", #call);                                                \
        }                                                                                                              \
    } while (0)

/* Long enough for no test to see the end of. */
static constexpr auto FOREVER = 1h;

/* A value that can only be moved, knows whether it was, and counts how many are alive. */
class counted {
public:
    static inline std::atomic<int> alive{0};
    explicit counted(int number) : number_(number) { alive++; }
    counted(counted &&other) noexcept : number_(std::exchange(other.number_, MOVED)) { alive++; }
    counted &operator=(counted &&other) noexcept
    {
        number_ = std::exchange(other.number_, MOVED);
        return *this;
    }
    ~counted() { alive--; }
    int number() const { return number_; }
    static constexpr int MOVED = -1;

private:
    int number_;
};

#endif
