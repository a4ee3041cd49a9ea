// Package bench is what every workload shares: numbers from the command line,
// the clock, the check that makes a wrong answer no time, the result line, and
// quantiles. It is the twin of benches/c/bench.h: the same names, the same meaning.
package bench

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

var start = time.Now()

// Now is the monotonic clock in nanoseconds.
func Now() int64 { return int64(time.Since(start)) }

// Arg is the whole number at os.Args[index], or byDefault when there are fewer.
func Arg(index, byDefault int) int {
	if index >= len(os.Args) {
		return byDefault
	}
	value, err := strconv.Atoi(os.Args[index])
	Check(err == nil && value >= 0, "argument %d is no whole number", index)
	return value
}

// Check ends the program with status 1 and the message unless ok.
func Check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Fprintf(os.Stderr, "wrong: "+format+"\n", args...)
		os.Exit(1)
	}
}

// Result prints one figure for benches/run.py.
func Result(name string, value float64, unit string) {
	fmt.Printf("RESULT %s %.6g %s\n", name, value, unit)
}

// Each prints the nanoseconds since started per operation.
func Each(name string, started int64, operations int) {
	Result(name, float64(Now()-started)/float64(operations), "ns")
}

// Quantile sorts the samples and gives the one below or at which that share of them lies.
func Quantile(samples []int64, share float64) float64 {
	slices.Sort(samples)
	index := int(share * float64(len(samples)))
	return float64(samples[min(index, len(samples)-1)])
}

// ProcStatus is the field of /proc/self/status in bytes: "VmRSS", "VmPTE".
func ProcStatus(field string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	Check(err == nil, "/proc/self/status: %v", err)
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 3 && words[0] == field+":" {
			kilobytes, err := strconv.ParseInt(words[1], 10, 64)
			Check(err == nil, "%s: %v", field, err)
			return kilobytes * 1024
		}
	}
	Check(false, "no %s in /proc/self/status", field)
	return 0
}
