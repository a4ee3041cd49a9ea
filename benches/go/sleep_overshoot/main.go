// sleep_overshoot [TIMES]: how much longer than asked a sleep of 1 ms takes.
package main

import (
	"time"

	"gort/benches/bench"
)

func main() {
	times := bench.Arg(1, 500)
	overshoots := make([]int64, times)

	for i := range times {
		before := bench.Now()
		time.Sleep(time.Millisecond)
		overshoots[i] = bench.Now() - before - int64(time.Millisecond)
		bench.Check(overshoots[i] >= 0, "woke %d ns too early", -overshoots[i])
	}
	bench.Result("sleep_overshoot", bench.Quantile(overshoots, 0.5)/1e3, "us")
	bench.Result("sleep_overshoot_p99", bench.Quantile(overshoots, 0.99)/1e3, "us")
}
