// fiber WORKLOAD ARGS...: the workloads on Boost.Fiber, with as many threads as
// BENCH_PROCS says, which share the ready fibers by algo::shared_work.
//
// Every fiber has a stack of 16 KiB from the heap: with one mapping each, a million do
// not fit. A buffered channel's capacity is a power of two from 2 on, so there is no
// workload with capacity 1.
#include <boost/fiber/all.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fibers = boost::fibers;

namespace {

constexpr std::size_t STACK_SIZE = 16 * 1024;

std::vector<std::string> arguments;

std::int64_t argument(std::size_t index, std::int64_t by_default)
{
    return index < arguments.size() ? std::stoll(arguments[index]) : by_default;
}

void check(bool ok, const char *what)
{
    if (!ok) {
        std::fprintf(stderr, "wrong: %s\n", what);
        std::_Exit(EXIT_FAILURE);
    }
}

using clock_type = std::chrono::steady_clock;

void each(const char *name, clock_type::time_point started, std::int64_t operations)
{
    std::chrono::duration<double, std::nano> elapsed = clock_type::now() - started;
    std::printf("RESULT %s %.6g ns\n", name, elapsed.count() / static_cast<double>(operations));
}

template <typename Body> fibers::fiber spawn(Body body)
{
    fibers::fixedsize_stack stack(STACK_SIZE);
    return fibers::fiber(fibers::launch::post, std::allocator_arg, stack, std::move(body));
}

void join(std::vector<fibers::fiber> &all)
{
    for (auto &fiber : all) {
        fiber.join();
    }
}

std::int64_t sum_below(std::int64_t count)
{
    return count * (count - 1) / 2;
}

void spawn_join()
{
    std::int64_t count = argument(1, 1000000);
    std::atomic<std::int64_t> ran{0};
    auto started = clock_type::now();
    std::vector<fibers::fiber> all;
    all.reserve(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; i++) {
        all.push_back(spawn([&ran] { ran++; }));
    }
    join(all);
    each("spawn_join", started, count);
    check(ran == count, "not all fibers ran");
}

void spawn_one()
{
    std::int64_t times = argument(1, 1000000);
    std::int64_t count = 0;
    auto started = clock_type::now();
    for (std::int64_t i = 0; i < times; i++) {
        spawn([&count] { count++; }).join();
    }
    each("spawn_one", started, times);
    check(count == times, "not all fibers ran");
}

void pingpong()
{
    std::int64_t rounds = argument(1, 1000000);
    fibers::unbuffered_channel<std::int64_t> ping, pong;
    fibers::fiber answerer = spawn([&] {
        for (std::int64_t value : ping) {
            pong.push(value + 1);
        }
    });
    std::int64_t value = 0;
    auto started = clock_type::now();
    for (std::int64_t i = 0; i < rounds; i++) {
        ping.push(value);
        value = pong.value_pop();
    }
    each("pingpong", started, rounds);
    ping.close();
    answerer.join();
    check(value == rounds, "the value");
}

template <typename Channel> void run_spsc(Channel &channel, std::int64_t messages)
{
    auto started = clock_type::now();
    fibers::fiber producer = spawn([&] {
        for (std::int64_t i = 0; i < messages; i++) {
            channel.push(i);
        }
        channel.close();
    });
    std::int64_t sum = 0;
    for (std::int64_t value : channel) {
        sum += value;
    }
    each("spsc", started, messages);
    producer.join();
    check(sum == sum_below(messages), "the sum");
}

void spsc()
{
    auto capacity = static_cast<std::size_t>(argument(1, 128));
    std::int64_t messages = argument(2, 2000000);
    if (capacity == 0) {
        fibers::unbuffered_channel<std::int64_t> channel;
        run_spsc(channel, messages);
    } else {
        fibers::buffered_channel<std::int64_t> channel(capacity);
        run_spsc(channel, messages);
    }
}

void mpmc()
{
    std::int64_t pairs = argument(1, 4);
    fibers::buffered_channel<std::int64_t> channel(static_cast<std::size_t>(argument(2, 128)));
    std::int64_t share = argument(3, 4000000) / pairs;
    std::atomic<std::int64_t> sum{0};
    std::vector<fibers::fiber> producers, consumers;
    auto started = clock_type::now();
    for (std::int64_t i = 0; i < pairs; i++) {
        producers.push_back(spawn([&] {
            for (std::int64_t value = 0; value < share; value++) {
                channel.push(value);
            }
        }));
        consumers.push_back(spawn([&] {
            std::int64_t mine = 0;
            for (std::int64_t value : channel) {
                mine += value;
            }
            sum += mine;
        }));
    }
    join(producers);
    channel.close();
    join(consumers);
    each("mpmc", started, pairs * share);
    check(sum == pairs * sum_below(share), "the sum");
}

using answers_type = fibers::unbuffered_channel<std::int64_t>;

void node(const std::shared_ptr<answers_type> &parent, std::int64_t first, std::int64_t leaves)
{
    std::int64_t sum = first;
    if (leaves > 1) {
        auto answers = std::make_shared<answers_type>();
        std::int64_t share = leaves / 10;
        sum = 0;
        for (std::int64_t i = 0; i < 10; i++) {
            spawn([=] { node(answers, first + i * share, share); }).detach();
        }
        for (std::int64_t i = 0; i < 10; i++) {
            sum += answers->value_pop();
        }
    }
    parent->push(sum);
}

void skynet()
{
    std::int64_t leaves = argument(1, 1000000);
    std::int64_t nodes = 0;
    for (std::int64_t level = leaves; level > 0; level /= 10) {
        nodes += level;
    }
    auto answer = std::make_shared<answers_type>();
    auto started = clock_type::now();
    spawn([=] { node(answer, 0, leaves); }).detach();
    std::int64_t sum = answer->value_pop();
    each("skynet", started, nodes);
    check(sum == sum_below(leaves), "the sum");
}

void ring()
{
    std::int64_t count = argument(1, 503);
    std::int64_t hops = argument(2, 2000000);
    std::vector<std::unique_ptr<answers_type>> channels;
    for (std::int64_t i = 0; i < count; i++) {
        channels.push_back(std::make_unique<answers_type>());
    }
    answers_type last;
    std::vector<fibers::fiber> all;
    for (std::int64_t number = 0; number < count; number++) {
        answers_type &in = *channels[static_cast<std::size_t>(number)];
        answers_type &out = *channels[static_cast<std::size_t>((number + 1) % count)];
        all.push_back(spawn([&in, &out, &last, number] {
            for (std::int64_t value : in) {
                if (value == 0) {
                    last.push(number);
                } else {
                    out.push(value - 1);
                }
            }
        }));
    }
    auto started = clock_type::now();
    channels[0]->push(hops);
    std::int64_t number = last.value_pop();
    each("ring", started, hops);
    check(number == hops % count, "who got the 0");
    for (auto &channel : channels) {
        channel->close();
    }
    join(all);
}

void yield()
{
    std::int64_t count = argument(1, 8);
    std::int64_t share = argument(2, 4000000) / count;
    std::vector<fibers::fiber> all;
    auto started = clock_type::now();
    for (std::int64_t i = 0; i < count; i++) {
        all.push_back(spawn([share] {
            for (std::int64_t j = 0; j < share; j++) {
                boost::this_fiber::yield();
            }
        }));
    }
    join(all);
    each("yield", started, count * share);
}

const std::map<std::string, std::function<void()>> workloads = {
    {"spawn_join", spawn_join}, {"spawn_one", spawn_one}, {"pingpong", pingpong}, {"spsc", spsc},
    {"mpmc", mpmc},             {"skynet", skynet},       {"ring", ring},         {"yield", yield},
};

} // namespace

int main(int argc, char **argv)
{
    arguments.assign(argv + 1, argv + argc);
    auto workload = arguments.empty() ? workloads.end() : workloads.find(arguments[0]);
    check(workload != workloads.end(), "no such workload");

    const char *text = std::getenv("BENCH_PROCS");
    int procs = text != nullptr ? std::atoi(text) : 2;
    for (int i = 1; i < procs; i++) {
        std::thread([] {
            fibers::use_scheduling_algorithm<fibers::algo::shared_work>(true);
            fibers::mutex mutex;
            std::unique_lock<fibers::mutex> lock(mutex);
            fibers::condition_variable().wait(lock, [] { return false; });
        }).detach();
    }
    // With one thread there is nobody to share with.
    if (procs > 1) {
        fibers::use_scheduling_algorithm<fibers::algo::shared_work>(true);
    }
    spawn(workload->second).join(); // the main fiber is bound to its thread
    std::fflush(stdout);
    std::_Exit(EXIT_SUCCESS);
}
