// spawn_one [TIMES]: start one goroutine and wait for it, again and again.
package main

import (
	"sync"

	"gort/benches/bench"
)

func main() {
	times := bench.Arg(1, 1_000_000)
	count := 0

	started := bench.Now()
	for range times {
		var group sync.WaitGroup
		group.Go(func() { count++ })
		group.Wait()
	}
	bench.Each("spawn_one", started, times)
	bench.Check(count == times, "%d goroutines ran", count)
}
