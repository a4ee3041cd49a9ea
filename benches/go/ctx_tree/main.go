// ctx_tree [CONTEXTS]: make a tree in which every context has ten children, take the
// done channel of each, as whoever waits for it does, and cancel the root. Time per
// context, of all that and of the cancel alone.
package main

import (
	"context"

	"gort/benches/bench"
)

const children = 10

func main() {
	contexts := bench.Arg(1, 100_000)
	tree := make([]context.Context, contexts)
	cancels := make([]context.CancelFunc, contexts)

	started := bench.Now()
	open := 0
	for i := range contexts {
		parent := context.Background()
		if i > 0 {
			parent = tree[(i-1)/children]
		}
		tree[i], cancels[i] = context.WithCancel(parent)
		select {
		case <-tree[i].Done():
		default:
			open++
		}
	}
	canceling := bench.Now()
	cancels[0]()
	bench.Each("ctx_tree_cancel", canceling, contexts)
	bench.Each("ctx_tree", started, contexts)
	bench.Check(open == contexts, "%d contexts were open", open)
	for i, ctx := range tree {
		bench.Check(ctx.Err() == context.Canceled, "context %d is not canceled", i)
	}
}
