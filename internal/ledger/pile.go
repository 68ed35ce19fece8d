package ledger

// A pile is a list that grows chunk by chunk, so that growing copies nothing: what a
// builder holds would otherwise be copied several times, and be held twice.
type pile[T any] struct {
	chunks [][]T
	n      int
}

const (
	chunkBits = 14
	chunkSize = 1 << chunkBits
)

func (p *pile[T]) len() int { return p.n }

func (p *pile[T]) at(i uint32) *T { return &p.chunks[i>>chunkBits][i&(chunkSize-1)] }

func (p *pile[T]) push(v T) {
	if p.n>>chunkBits == len(p.chunks) {
		p.chunks = append(p.chunks, make([]T, chunkSize))
	}
	*p.at(uint32(p.n)) = v
	p.n++
}

// cut drops all but the first n. Their room is kept for what comes next.
func (p *pile[T]) cut(n int) { p.n = n }
