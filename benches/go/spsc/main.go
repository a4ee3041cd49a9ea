// spsc [CAPACITY [MESSAGES]]: one producer, one consumer, one channel. Time per message.
package main

import "gort/benches/bench"

func main() {
	capacity := bench.Arg(1, 128)
	messages := bench.Arg(2, 2_000_000)
	c := make(chan int, capacity)

	started := bench.Now()
	go func() {
		for i := range messages {
			c <- i
		}
		close(c)
	}()
	sum := 0
	for value := range c {
		sum += value
	}
	bench.Each("spsc", started, messages)
	bench.Check(sum == messages*(messages-1)/2, "the sum is %d", sum)
}
