package crossing

// What the tests of the real data need of the inside.

type Weights = weights

var (
	Tuned     = &tuned
	Likeliest = likeliest
)

const (
	NumFeatures = numFeatures
	Structural  = structural
)

// DemixWith is Demix with other weights.
func DemixWith(pools []*Pool, of int, batches []Batch, w *Weights) ([]Recipient, error) {
	return demix(pools, of, batches, w)
}

func (r *Recipient) Features() [NumFeatures]float64 { return r.features }
func (r *Recipient) Score() float64                 { return r.score }
func (w *Weights) Part(n int) *[NumFeatures]float64 {
	return (*[NumFeatures]float64)([]*features{&w.structure, &w.habits}[n])
}
