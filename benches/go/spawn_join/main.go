// spawn_join [GOROUTINES [TOTAL]]: start that many goroutines and wait for all,
// as often as it takes to have started TOTAL. Time per goroutine.
package main

import (
	"sync"
	"sync/atomic"

	"gort/benches/bench"
)

func main() {
	goroutines := bench.Arg(1, 1_000_000)
	total := bench.Arg(2, goroutines)
	rounds := max(total/goroutines, 1)
	var ran atomic.Int64

	started := bench.Now()
	for range rounds {
		var group sync.WaitGroup
		for range goroutines {
			group.Go(func() { ran.Add(1) })
		}
		group.Wait()
	}
	bench.Each("spawn_join", started, rounds*goroutines)
	bench.Check(ran.Load() == int64(rounds*goroutines), "%d goroutines ran", ran.Load())
}
