// thread_wake [TIMES]: a goroutine waits for a channel, a thread of its own sends:
// the time from just before the send until the goroutine has the value.
package main

import (
	"runtime"
	"syscall"

	"gort/benches/bench"
)

const pause = 200_000 // ns: long enough for the goroutine to park and its thread to go idle

func main() {
	times := bench.Arg(1, 2000)
	stamps := make(chan int64, 1)
	go func() {
		runtime.LockOSThread()
		for range times {
			syscall.Nanosleep(&syscall.Timespec{Nsec: pause}, nil)
			stamps <- bench.Now()
		}
		close(stamps)
	}()

	delays := make([]int64, 0, times)
	for sent := range stamps {
		delays = append(delays, bench.Now()-sent)
	}
	bench.Check(len(delays) == times, "%d values came", len(delays))
	bench.Result("thread_wake", bench.Quantile(delays, 0.5)/1e3, "us")
	bench.Result("thread_wake_p99", bench.Quantile(delays, 0.99)/1e3, "us")
}
