// mutex [TIMES]: lock, count, unlock, with nobody else about.
package main

import (
	"sync"

	"gort/benches/bench"
)

func main() {
	times := bench.Arg(1, 20_000_000)
	var mutex sync.Mutex
	count := 0

	started := bench.Now()
	for range times {
		mutex.Lock()
		count++
		mutex.Unlock()
	}
	bench.Each("mutex", started, times)
	bench.Check(count == times, "counted %d", count)
}
