// ring [GOROUTINES [HOPS]]: a token goes round a ring of goroutines, each takes one
// from its value; who gets 0 reports. Time per hop.
package main

import "gort/benches/bench"

func member(number int, in <-chan int, out chan<- int, last chan<- int) {
	for value := range in {
		if value == 0 {
			last <- number
		} else {
			out <- value - 1
		}
	}
	close(out)
}

func main() {
	goroutines := bench.Arg(1, 503)
	hops := bench.Arg(2, 2_000_000)
	last := make(chan int)
	first := make(chan int)
	in := first
	for number := range goroutines - 1 {
		out := make(chan int)
		go member(number, in, out, last)
		in = out
	}
	go func() { member(goroutines-1, in, first, last) }()

	started := bench.Now()
	first <- hops
	number := <-last
	bench.Each("ring", started, hops)
	bench.Check(number == hops%goroutines, "goroutine %d got the 0", number)
}
