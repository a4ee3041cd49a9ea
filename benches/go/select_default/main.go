// select_default [TIMES]: a select of three channels, nothing in any of them, and a default.
package main

import "gort/benches/bench"

func main() {
	times := bench.Arg(1, 10_000_000)
	a, b, c := make(chan int), make(chan int), make(chan int)
	empty := 0

	started := bench.Now()
	for range times {
		select {
		case <-a:
		case <-b:
		case <-c:
		default:
			empty++
		}
	}
	bench.Each("select_default", started, times)
	bench.Check(empty == times, "found nothing %d times", empty)
}
