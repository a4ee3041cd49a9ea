// What printed programs call that is not in Go's standard library, or is said otherwise in C.

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A request says where its number comes from; the answer goes to the channel with the same index.
func serveOne(requests chan chan uint64, replies, answers []chan uint64) {
	from := <-requests
	client := 0
	for replies[client] != from {
		client++
	}
	answers[client] <- <-from*3 + 1
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func recvOK(c chan uint64, value *uint64) uint64 {
	v, open := <-c
	*value = v
	return truth(open)
}

// A nil channel unless the condition holds.
func when(condition bool, c chan uint64) chan uint64 {
	if condition {
		return c
	}
	return nil
}

func makeChans(n, capacity int) []chan uint64 {
	chans := make([]chan uint64, n)
	for i := range chans {
		chans[i] = make(chan uint64, capacity)
	}
	return chans
}

func start(wg *sync.WaitGroup, number uint64, body func(uint64)) {
	wg.Add(1)
	go func() {
		defer wg.Done()
		body(number)
	}()
}

func panics(f func()) (did uint64) {
	defer func() { did = truth(recover() != nil) }()
	f()
	return
}

func tryClosedSend(c chan uint64) uint64 { return 1 - panics(func() { c <- 1 }) }
func tryClose(c chan uint64) uint64      { return 1 - panics(func() { close(c) }) }

func ctxState(ctx context.Context) uint64 {
	switch {
	case ctx.Err() == nil:
		return 0
	case errors.Is(ctx.Err(), context.Canceled):
		return 1
	}
	return 2
}

func timerFacts() uint64 {
	facts := uint64(0)
	timer := time.NewTimer(time.Hour)
	facts = facts*2 + truth(timer.Stop())
	facts = facts*2 + truth(timer.Stop())
	facts = facts*2 + truth(timer.Reset(time.Hour))
	facts = facts*2 + truth(timer.Reset(time.Microsecond))
	<-timer.C
	return facts*2 + truth(timer.Stop())
}

// A weighted semaphore; who is served first makes no difference to the programs.
type sem struct {
	m    sync.Mutex
	c    *sync.Cond
	free uint64
}

func newSem(n uint64) *sem {
	s := &sem{free: n}
	s.c = sync.NewCond(&s.m)
	return s
}

func (s *sem) acquire(n uint64) {
	s.m.Lock()
	for s.free < n {
		s.c.Wait()
	}
	s.free -= n
	s.m.Unlock()
}

func (s *sem) release(n uint64) {
	s.m.Lock()
	s.free += n
	s.c.Broadcast()
	s.m.Unlock()
}

// errgroup with a limit and numbers for errors.
type group struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	slots  chan struct{}
	once   sync.Once
	err    uint64
}

func newGroup() *group {
	ctx, cancel := context.WithCancel(context.Background())
	return &group{ctx: ctx, cancel: cancel}
}

func (g *group) limit(n int) { g.slots = make(chan struct{}, n) }

func (g *group) start(number uint64, f func(uint64) uint64) {
	if g.slots != nil {
		g.slots <- struct{}{}
	}
	g.wg.Add(1)
	go func() {
		defer g.wg.Done()
		if err := f(number); err != 0 {
			g.once.Do(func() { g.err = err; g.cancel() })
		}
		if g.slots != nil {
			<-g.slots
		}
	}()
}

func (g *group) wait() uint64 {
	g.wg.Wait()
	g.cancel()
	return g.err
}

func main() {
	for i, program := range programs {
		fmt.Println(i, program())
	}
}
