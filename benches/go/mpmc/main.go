// mpmc [PAIRS [CAPACITY [MESSAGES]]]: as many producers as consumers on one
// buffered channel. Time per message.
package main

import (
	"sync"
	"sync/atomic"

	"gort/benches/bench"
)

func main() {
	pairs := bench.Arg(1, 4)
	capacity := bench.Arg(2, 128)
	share := bench.Arg(3, 4_000_000) / pairs
	c := make(chan int, capacity)
	var producers, consumers sync.WaitGroup
	var sum, count atomic.Int64

	started := bench.Now()
	for range pairs {
		producers.Go(func() {
			for i := range share {
				c <- i
			}
		})
		consumers.Go(func() {
			mine, received := 0, 0
			for value := range c {
				mine += value
				received++
			}
			sum.Add(int64(mine))
			count.Add(int64(received))
		})
	}
	producers.Wait()
	close(c)
	consumers.Wait()
	bench.Each("mpmc", started, pairs*share)
	bench.Check(count.Load() == int64(pairs*share), "%d messages", count.Load())
	bench.Check(sum.Load() == int64(pairs*(share*(share-1)/2)), "the sum is %d", sum.Load())
}
