// yield [GOROUTINES [TIMES]]: goroutines that do nothing but give way to each other, TIMES in all.
package main

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gort/benches/bench"
)

func main() {
	goroutines := bench.Arg(1, 8)
	share := bench.Arg(2, 4_000_000) / goroutines
	var group sync.WaitGroup
	var sum atomic.Int64

	started := bench.Now()
	for range goroutines {
		group.Go(func() {
			count := 0
			for range share {
				runtime.Gosched()
				count++
			}
			sum.Add(int64(count))
		})
	}
	group.Wait()
	bench.Each("yield", started, goroutines*share)
	bench.Check(sum.Load() == int64(goroutines*share), "yielded %d times", sum.Load())
}
