// select [CHANNELS [MESSAGES]]: one goroutine receives by select from as many
// unbuffered channels as there are senders. Time per message.
package main

import "gort/benches/bench"

func main() {
	channels := bench.Arg(1, 3)
	share := bench.Arg(2, 1_000_000) / channels
	receive := receivers[channels]
	bench.Check(receive != nil, "no select statement of %d channels", channels)
	c := make([]chan int, channels)
	for i := range c {
		c[i] = make(chan int)
	}

	started := bench.Now()
	for i := range c {
		go func() {
			for value := range share {
				c[i] <- value
			}
		}()
	}
	sum := 0
	for range channels * share {
		sum += receive(c)
	}
	bench.Each("select", started, channels*share)
	bench.Check(sum == channels*(share*(share-1)/2), "the sum is %d", sum)
}
