// fib [N]: fork-join without a cutoff: one half of each call runs in a goroutine of
// its own. Time per goroutine.
package main

import (
	"sync"

	"gort/benches/bench"
)

func fib(n int) int {
	if n < 2 {
		return n
	}
	var group sync.WaitGroup
	var left int
	group.Go(func() { left = fib(n - 1) })
	right := fib(n - 2)
	group.Wait()
	return left + right
}

// The n-th Fibonacci number, and how many goroutines the above starts for it.
func expected(n int) (number, forks int) {
	number, next, nextForks := 0, 1, 0
	for range n {
		number, next = next, number+next
		forks, nextForks = nextForks, forks+nextForks+1
	}
	return number, forks
}

func main() {
	n := bench.Arg(1, 25)
	number, forks := expected(n)

	started := bench.Now()
	result := fib(n)
	bench.Each("fib", started, forks)
	bench.Check(result == number, "fib(%d) is %d", n, result)
}
