package trace

import "context"

// Visit follows value as Run does, and leaves out what Run does then: to find bounds,
// to date, price and describe. It returns how many movements it read.
func Visit(ctx context.Context, in Input, opt Options) (int, error) {
	r := newRun(in, opt.WithDefaults())
	if err := r.start(); err != nil {
		return 0, err
	}
	err := r.visit(ctx)
	return r.visited, err
}
