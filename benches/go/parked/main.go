// parked [GOROUTINES]: goroutines that wait for one channel to be closed: memory of
// each while it waits, and time of each to be started, parked and woken.
package main

import (
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"gort/benches/bench"
)

// What the runtime has taken for the stacks of goroutines.
func stackBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

func main() {
	goroutines := bench.Arg(1, 1_000_000)
	gate := make(chan struct{})
	var started, over sync.WaitGroup
	var woken atomic.Int64
	each := func(before, after int64) float64 { return float64(after-before) / float64(goroutines) }
	rss, tables, stacks := bench.ProcStatus("VmRSS"), bench.ProcStatus("VmPTE"), stackBytes()

	spawning := bench.Now()
	started.Add(goroutines)
	for range goroutines {
		over.Go(func() {
			started.Done()
			<-gate
			woken.Add(1)
		})
	}
	started.Wait()
	parked := bench.Now()

	time.Sleep(10 * time.Millisecond) // the last ones are on their way to the gate
	bench.Result("parked_rss", each(rss, bench.ProcStatus("VmRSS")), "B")
	bench.Result("parked_stack", each(stacks, stackBytes()), "B")
	bench.Result("parked_page_tables", each(tables, bench.ProcStatus("VmPTE")), "B")

	waking := bench.Now()
	close(gate)
	over.Wait()
	bench.Result("parked", each(spawning, parked)+each(waking, bench.Now()), "ns")
	bench.Check(woken.Load() == int64(goroutines), "%d goroutines woke", woken.Load())
}
