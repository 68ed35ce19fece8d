package crossing_test

import (
	"math"
	"testing"

	"github.com/fundtrail/fundtrail/internal/crossing"
)

type vector = [crossing.NumFeatures]float64

// fitLogistic is Newton's method for a logistic regression with a ridge.
func fitLogistic(x []vector, y []bool, use func(i int) bool, ridge float64) (w vector) {
	n := crossing.NumFeatures
	for range 30 {
		var grad vector
		var hess [crossing.NumFeatures]vector
		for i := range n {
			grad[i] = -ridge * w[i]
			hess[i][i] = ridge
			if !use(i) {
				grad[i], hess[i][i] = 0, 1
			}
		}
		for r := range x {
			s := 0.0
			for i := range n {
				s += w[i] * x[r][i]
			}
			p := 1 / (1 + math.Exp(-s))
			e := -p
			if y[r] {
				e = 1 - p
			}
			for i := range n {
				if !use(i) {
					continue
				}
				grad[i] += e * x[r][i]
				for j := range n {
					if use(j) {
						hess[i][j] += p * (1 - p) * x[r][i] * x[r][j]
					}
				}
			}
		}
		d := solve(hess, grad)
		for i := range n {
			w[i] += d[i]
		}
	}
	return w
}

// solve is Gauss-Jordan elimination with pivots.
func solve(a [crossing.NumFeatures]vector, b vector) vector {
	n := len(b)
	for c := range n {
		p := c
		for r := c; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[p][c]) {
				p = r
			}
		}
		a[c], a[p], b[c], b[p] = a[p], a[c], b[p], b[c]
		for r := range n {
			if r == c {
				continue
			}
			f := a[r][c] / a[c][c]
			for k := range n {
				a[r][k] -= f * a[c][k]
			}
			b[r] -= f * b[c]
		}
	}
	for i := range n {
		b[i] /= a[i][i]
	}
	return b
}

// fit tunes weights on the batches that use keeps. Fingerprints are of all batches: they
// need no truth.
func fit(t testing.TB, r *ronin, use func(batch int) bool) *crossing.Weights {
	t.Helper()
	w := &crossing.Weights{}
	for round := range 4 {
		list, err := crossing.DemixWith(r.pools, r.hundred, r.batches, w)
		if err != nil {
			t.Fatal(err)
		}
		var x []vector
		var y []bool
		for i := range list {
			if use(list[i].Batch) {
				_, ok := r.truth[list[i].Batch][list[i].To]
				x, y = append(x, list[i].Features()), append(y, ok)
			}
		}
		part := min(round, 1)
		*w.Part(part) = fitLogistic(x, y, func(i int) bool { return part == 1 || i < crossing.Structural }, 1)
		if part == 0 {
			*w.Part(1) = *w.Part(0)
		}
	}
	return w
}

// TestWeights: the weights in the code are those that the tuned batches give.
func TestWeights(t *testing.T) {
	if testing.Short() {
		t.Skip("it fits")
	}
	r := theRonin(t)
	w := fit(t, r, isTuned)
	for part := range 2 {
		for i, got := range w.Part(part) {
			if want := crossing.Tuned.Part(part)[i]; math.Abs(got-want) > 0.002 {
				t.Errorf("round %d, feature %d: the fit gives %.3f, the code has %.3f", part, i, got, want)
			}
		}
	}
	if t.Failed() {
		for part := range 2 {
			t.Logf("%.3f", *w.Part(part))
		}
	}
}
