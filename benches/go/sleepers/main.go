// sleepers [GOROUTINES]: goroutines that sleep 0 to 99 ms, all at once. Time until the last is over.
package main

import (
	"sync"
	"sync/atomic"
	"time"

	"gort/benches/bench"
)

func main() {
	goroutines := bench.Arg(1, 100_000)
	var group sync.WaitGroup
	var early atomic.Int64

	started := bench.Now()
	for i := range goroutines {
		group.Go(func() {
			duration := time.Duration(i%100) * time.Millisecond
			before := bench.Now()
			time.Sleep(duration)
			if bench.Now()-before < int64(duration) {
				early.Add(1)
			}
		})
	}
	group.Wait()
	bench.Result("sleepers", float64(bench.Now()-started)/1e6, "ms")
	bench.Check(early.Load() == 0, "%d goroutines woke too early", early.Load())
}
