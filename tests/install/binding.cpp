/*
 * binding: the least program that uses an installed gort.hpp. Valid as C++17 and as C++20.
 */
#include <gort.hpp>

#include <cstdio>
#include <string>

int main()
{
    const int answer = gort::run([] {
        const gort::chan<std::string> answers;
        auto sender = gort::spawn([answers] {
            answers.send("42");
            answers.close();
        });
        int sum = 0;
        for (const std::string &each : answers) {
            sum += std::stoi(each);
        }
        sender.join();
        return sum;
    });
    gort::shutdown();
    std::printf("%d\n", answer);
}
