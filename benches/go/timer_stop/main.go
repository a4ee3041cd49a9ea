// timer_stop [TIMES]: make a timer of an hour and stop it.
package main

import (
	"time"

	"gort/benches/bench"
)

func main() {
	times := bench.Arg(1, 2_000_000)
	stopped := 0

	started := bench.Now()
	for range times {
		timer := time.NewTimer(time.Hour)
		if timer.Stop() {
			stopped++
		}
	}
	bench.Each("timer_stop", started, times)
	bench.Check(stopped == times, "%d timers were stopped", stopped)
}
