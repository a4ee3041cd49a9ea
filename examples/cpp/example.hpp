/*
 * example.hpp: what every example would otherwise repeat: numbers from the command line, a usage line, and
 * main as a goroutine whose exceptions are reported.
 */
#ifndef GORT_EXAMPLE_HPP
#define GORT_EXAMPLE_HPP

#include <gort.hpp>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;

namespace example {

inline constexpr int usage_status = 64;

/* The command line is not what the usage line says. */
struct wrong_usage {};

class arguments {
public:
    arguments(int argc, char **argv) : words_(argv + 1, argv + argc), program_(argv[0]) {}
    const std::string &program() const { return program_; }
    std::size_t size() const { return words_.size(); }
    /* There are so many at least and at most. */
    void expect(std::size_t least, std::size_t most) const
    {
        if (size() < least || size() > most) {
            throw wrong_usage();
        }
    }
    const std::string &operator[](std::size_t index) const { return words_.at(index); }
    /* A whole decimal number between low and high, and nothing after it. */
    long number(std::size_t index, long low, long high) const
    {
        const std::string &word = words_.at(index);
        long value = 0;
        const auto end = word.data() + word.size();
        const auto [stopped, problem] = std::from_chars(word.data(), end, value);
        if (problem != std::errc() || stopped != end || value < low || value > high) {
            throw wrong_usage();
        }
        return value;
    }
    long number_or(std::size_t index, long low, long high, long otherwise) const
    {
        return index < size() ? number(index, low, high) : otherwise;
    }
    std::vector<std::string> from(std::size_t first) const
    {
        return {words_.begin() + static_cast<std::ptrdiff_t>(first), words_.end()};
    }
    /* Takes a word off the front, if it is this one. */
    bool take(std::string_view word)
    {
        const bool is_there = !words_.empty() && words_.front() == word;
        if (is_there) {
            words_.erase(words_.begin());
        }
        return is_there;
    }

private:
    std::vector<std::string> words_;
    std::string program_;
};

/* Runs body(arguments) as the main goroutine; the exit status, which body may return. */
template <class Body> int run(int argc, char **argv, const char *usage, Body body)
{
    try {
        arguments args(argc, argv);
        const int status = gort::run([&]() -> int {
            if constexpr (std::is_void_v<std::invoke_result_t<Body &, arguments &>>) {
                body(args);
                return EXIT_SUCCESS;
            } else {
                return body(args);
            }
        });
        return std::fflush(stdout) == 0 ? status : EXIT_FAILURE;
    } catch (const wrong_usage &) {
        std::fprintf(stderr, "usage: %s %s\n", argv[0], usage);
        return usage_status;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return EXIT_FAILURE;
    }
}

inline std::chrono::milliseconds milliseconds(long n) { return std::chrono::milliseconds(n); }

} // namespace example

#endif
