// skynet [LEAVES]: each node of a tree starts ten children and adds up what they
// send; a leaf sends its ordinal number. Time per goroutine.
package main

import "gort/benches/bench"

const children = 10

func node(parent chan<- int, first, leaves int) {
	if leaves == 1 {
		parent <- first
		return
	}
	answers := make(chan int)
	share := leaves / children
	for i := range children {
		go node(answers, first+i*share, share)
	}
	sum := 0
	for range children {
		sum += <-answers
	}
	parent <- sum
}

func main() {
	leaves := bench.Arg(1, 1_000_000)
	goroutines := 0
	for level := leaves; level > 0; level /= children {
		goroutines += level
	}
	answer := make(chan int)

	started := bench.Now()
	go node(answer, 0, leaves)
	sum := <-answer
	bench.Each("skynet", started, goroutines)
	bench.Check(sum == leaves*(leaves-1)/2, "the sum is %d", sum)
}
