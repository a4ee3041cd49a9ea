// pingpong [ROUNDS]: a value goes to another goroutine and comes back plus one,
// over two unbuffered channels. Time per round trip.
package main

import "gort/benches/bench"

func main() {
	rounds := bench.Arg(1, 1_000_000)
	ping, pong := make(chan int), make(chan int)
	go func() {
		for value := range ping {
			pong <- value + 1
		}
		close(pong)
	}()

	value := 0
	started := bench.Now()
	for range rounds {
		ping <- value
		value = <-pong
	}
	bench.Each("pingpong", started, rounds)
	close(ping)
	_, open := <-pong
	bench.Check(value == rounds && !open, "the value came back as %d", value)
}
