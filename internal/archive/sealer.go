package archive

import "github.com/fundtrail/fundtrail"

// A sealer writes segments one after the other, each while the next is filled. What it
// holds in memory are two of them.
type sealer struct {
	w     *Writer
	next  *tails // the segments are pushed there
	spare []*maker
	made  chan madeSegment
	busy  bool
	names []string // of segments that were written
}

// A madeSegment was written, or not.
type madeSegment struct {
	name string
	m    *maker
	err  error
}

func newSealer(w *Writer, next *tails) sealer {
	return sealer{w: w, next: next, made: make(chan madeSegment, 1)}
}

// maker returns one for the movements of a chain from a position on.
func (s *sealer) maker(chain fundtrail.Chain, first uint64) *maker {
	n := len(s.spare)
	if n == 0 {
		return newMaker(chain, first, 0)
	}
	m := s.spare[n-1]
	s.spare = s.spare[:n-1]
	m.reset(chain, first, 0)
	return m
}

// seal waits for the segment before and has this one written, with what it is to hold.
func (s *sealer) seal(m *maker) error {
	if err := s.wait(); err != nil {
		return err
	}
	c := s.next.of(m.chain)
	m.known = c.known() // only now is it known
	before, name := c.segments[:len(c.segments):len(c.segments)], s.w.name()
	s.names, s.busy = append(s.names, name), true
	go func() {
		err := writeFiles(s.w.f, name, func(hot, cold *containerWriter) error {
			_, err := m.write(hot, cold, before)
			return err
		})
		s.made <- madeSegment{name, m, err}
	}()
	return nil
}

// wait takes over the segment that is being written.
func (s *sealer) wait() error {
	if !s.busy {
		return nil
	}
	made := <-s.made
	s.busy, s.spare = false, append(s.spare, made.m)
	if made.err != nil {
		return made.err
	}
	seg, err := s.w.openFiles(made.name)
	if err != nil {
		return err
	}
	return s.next.push(seg)
}

// drop forgets the segments that were written; sweep removes them then.
func (s *sealer) drop() {
	s.wait()
	for _, name := range s.names {
		delete(s.w.making, name)
	}
	s.w.sweep()
}
