// starvation [HOGS [TICKS]]: how late a goroutine gets the ticks of a 1 ms ticker
// while others compute without a pause.
package main

import (
	"sync"
	"sync/atomic"
	"time"

	"gort/benches/bench"
)

func main() {
	hogs := bench.Arg(1, 8)
	ticks := bench.Arg(2, 100)
	var stop atomic.Bool
	var group sync.WaitGroup
	var spun atomic.Int64
	for range hogs {
		group.Go(func() {
			count := 0
			for !stop.Load() {
				count++
			}
			spun.Add(int64(count))
		})
	}

	ticker := time.NewTicker(time.Millisecond)
	gaps := make([]int64, ticks)
	previous := bench.Now()
	for i := range ticks {
		<-ticker.C
		now := bench.Now()
		gaps[i] = now - previous
		previous = now
	}
	ticker.Stop()
	stop.Store(true)
	group.Wait()
	bench.Check(spun.Load() > 0, "the hogs did not run")
	bench.Result("starvation", bench.Quantile(gaps, 1)/1e6, "ms")
	bench.Result("starvation_p50", bench.Quantile(gaps, 0.5)/1e6, "ms")
}
