/*
 * wc.hpp: what the wc examples share: counting one file, and a table that looks as wc(1) prints it, column
 * widths and "total" line included.
 *
 * Words: the older GNU wc wants a printable character in a word, the newer one (coreutils 9.5) and the standard
 * take any bytes that are not white space. The former is the default, option -a gives the latter.
 */
#ifndef GORT_WC_HPP
#define GORT_WC_HPP

#include "example.hpp"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>

namespace wc {

inline bool any_bytes_are_words = false;

struct counts {
    std::uint64_t lines = 0;
    std::uint64_t words = 0;
    std::uint64_t bytes = 0;

    counts &operator+=(const counts &other)
    {
        lines += other.lines;
        words += other.words;
        bytes += other.bytes;
        return *this;
    }
};

struct file {
    std::string path;
    counts counted = {}; /* as far as it could be read */
    int error = 0;       /* the errno of what failed */
    bool opened = false;
};

/* A file of a list, by its place there. */
struct result {
    std::size_t index;
    file counted;
};

/* Counts what comes in pieces. */
class counter {
public:
    counts total;

    void add(const unsigned char *data, std::size_t size)
    {
        for (std::size_t i = 0; i < size; i++) {
            const unsigned char byte = data[i];
            const bool space = byte == ' ' || (byte >= '\t' && byte <= '\r');
            const bool starts_word = !space && (any_bytes_are_words || (byte > ' ' && byte < 0x7f));
            total.lines += byte == '\n';
            total.words += starts_word && !in_word_;
            in_word_ = (in_word_ && !space) || starts_word;
        }
        total.bytes += size;
    }

private:
    bool in_word_ = false;
};

/* Not inlined: it takes errno, whose address must not be kept over a call into gort. */
[[gnu::noinline]] inline gort::descriptor open(const std::string &path)
{
    gort::descriptor made(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!made) {
        throw std::system_error(errno, std::generic_category(), path);
    }
    return made;
}

inline bool is_out_of_descriptors(const std::error_code &code)
{
    return code.value() == EMFILE || code.value() == ENFILE;
}

inline file count(const std::string &path)
{
    file result{path};
    for (bool again = true; again;) {
        again = false;
        try {
            const gort::descriptor input = open(path);
            result.opened = true;
            std::vector<unsigned char> buffer(64 * 1024);
            counter counter;
            while (const std::size_t got = input.read(buffer.data(), buffer.size())) {
                counter.add(buffer.data(), got);
            }
            result.counted = counter.total;
        } catch (const std::system_error &error) {
            again = is_out_of_descriptors(error.code()); /* some goroutine will close one soon */
            result.error = error.code().value();
        }
        if (again) {
            gort::sleep_for(1ms);
            result.error = 0;
        }
    }
    return result;
}

inline void report(const std::string &program, const file &failed)
{
    std::fflush(stdout);
    const std::string why = std::generic_category().message(failed.error);
    std::fprintf(stderr, "%s: %s: %s\n", program.c_str(), failed.path.c_str(), why.c_str());
}

inline constexpr int unknown_size_width = 7;

inline void print(std::FILE *out, int width, const counts &counted, const std::string &name)
{
    std::fprintf(out, "%*" PRIu64 " %*" PRIu64 " %*" PRIu64 " %s\n", width, counted.lines, width, counted.words, width,
                 counted.bytes, name.c_str());
}

/* As wide as the sum of the sizes, and at least 7 when a size says nothing (a pipe, a directory). */
inline int column_width(const std::vector<file> &files)
{
    int width = 1;
    std::uint64_t sum = 0;
    for (const file &each : files) {
        struct stat status = {};
        if (::stat(each.path.c_str(), &status) == 0) {
            if (S_ISREG(status.st_mode)) {
                sum += static_cast<std::uint64_t>(status.st_size);
            } else {
                width = unknown_size_width;
            }
        }
    }
    return std::max(width, static_cast<int>(std::to_string(sum).size()));
}

/* The whole table in the order of the files, errors to stderr; the exit status. */
inline int print_table(std::FILE *out, const std::string &program, const std::vector<file> &files)
{
    const int width = column_width(files);
    int status = EXIT_SUCCESS;
    counts total;
    for (const file &each : files) {
        if (each.error != 0) {
            report(program, each);
            status = EXIT_FAILURE;
        }
        if (each.opened) {
            print(out, width, each.counted, each.path);
            total += each.counted;
        }
    }
    if (files.size() > 1) {
        print(out, width, total, "total");
    }
    return status;
}

/* The operands behind the option -a and so many words; there is one at least. */
inline std::vector<std::string> operands(example::arguments &args, std::size_t words = 0)
{
    any_bytes_are_words = args.take("-a");
    args.expect(words + 1, SIZE_MAX);
    for (std::size_t i = 0; i <= words; i++) {
        if (args[i].size() > 1 && args[i][0] == '-') {
            throw example::wrong_usage();
        }
    }
    return args.from(words);
}

} // namespace wc

#endif
