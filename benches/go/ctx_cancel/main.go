// ctx_cancel [TIMES]: make a context that can be canceled, and cancel it.
package main

import (
	"context"

	"gort/benches/bench"
)

func main() {
	times := bench.Arg(1, 2_000_000)
	canceled := 0

	started := bench.Now()
	for range times {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if ctx.Err() == context.Canceled {
			canceled++
		}
	}
	bench.Each("ctx_cancel", started, times)
	bench.Check(canceled == times, "%d contexts were canceled", canceled)
}
