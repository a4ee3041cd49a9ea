// rwmutex [GOROUTINES [TIMES]]: many goroutines read a counter under a read lock, and
// every 100th time one adds to it under the write lock. Time per locking, TIMES in all.
package main

import (
	"sync"

	"gort/benches/bench"
)

const writeEvery = 100

func main() {
	goroutines := bench.Arg(1, 8)
	writes := bench.Arg(2, 20_000_000) / goroutines / writeEvery
	var mutex sync.RWMutex
	var group sync.WaitGroup
	count := 0

	started := bench.Now()
	for range goroutines {
		group.Go(func() {
			latest := 0
			for range writes {
				for range writeEvery - 1 {
					mutex.RLock()
					seen := count
					mutex.RUnlock()
					if seen < latest {
						bench.Check(false, "the counter went back from %d to %d", latest, seen)
					}
					latest = seen
				}
				mutex.Lock()
				count++
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	bench.Each("rwmutex", started, goroutines*writes*writeEvery)
	bench.Check(count == goroutines*writes, "counted %d", count)
}
