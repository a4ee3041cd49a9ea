// mutex_contended [GOROUTINES [TIMES]]: many goroutines count under one lock, TIMES in all.
package main

import (
	"sync"

	"gort/benches/bench"
)

func main() {
	goroutines := bench.Arg(1, 8)
	share := bench.Arg(2, 20_000_000) / goroutines
	var mutex sync.Mutex
	var group sync.WaitGroup
	count := 0

	started := bench.Now()
	for range goroutines {
		group.Go(func() {
			for range share {
				mutex.Lock()
				count++
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	bench.Each("mutex_contended", started, goroutines*share)
	bench.Check(count == goroutines*share, "counted %d", count)
}
