// sieve [PRIMES]: the prime sieve as a chain of goroutines, one filter a prime.
package main

import "gort/benches/bench"

func generate(numbers chan<- int) {
	for i := 2; ; i++ {
		numbers <- i
	}
}

func filter(in <-chan int, out chan<- int, prime int) {
	for {
		if number := <-in; number%prime != 0 {
			out <- number
		}
	}
}

// By trial division, to have something to compare with.
func nthPrime(n int) int {
	candidate := 1
	for n > 0 {
		candidate++
		divisor := 2
		for divisor*divisor <= candidate && candidate%divisor != 0 {
			divisor++
		}
		if divisor*divisor > candidate {
			n--
		}
	}
	return candidate
}

func main() {
	primes := bench.Arg(1, 2000)

	started := bench.Now()
	numbers := make(chan int)
	go generate(numbers)
	prime := 0
	for range primes {
		prime = <-numbers
		next := make(chan int)
		go filter(numbers, next, prime)
		numbers = next
	}
	bench.Result("sieve", float64(bench.Now()-started)/1e6, "ms")
	bench.Check(prime == nthPrime(primes), "prime number %d is %d", primes, prime)
}
