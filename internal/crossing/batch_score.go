package crossing

import "math"

// Features of a recipient for a batch. Each is about 0 to 3 in size.
const (
	fOne        = iota // 1
	fOld               // it had withdrawn before the batch began
	fOutside           // the part of its withdrawals that lie outside the window
	fSingle            // it took one note
	fMany              // it took ten or more
	fCount             // log of its notes
	fFree              // the part that paid no fee
	fLate              // log of its last withdrawal's delay after the last deposit, in two hours
	fEarly             // its first withdrawal before the last deposit, as a part of the batch's length
	fGrain             // log odds of its fees' rounding: the operator's against others'
	fLevel             // the same of its fees' level
	fManner            // the same of how many notes it took, and whether in a row
	fCompany           // other likely recipients' withdrawals near its own
	fInterleave        // the part of its gaps in which a likely recipient took a note
	numFeatures
)

type features [numFeatures]float64

// weights are of the two rounds: the first by structure alone, whose answer tells the
// operator's habits; the second with those. The second is repeated.
type weights struct{ structure, habits features }

// structural tells the features of the first round.
const structural = fGrain

func (w *features) dot(f *features) (s float64) {
	for i := range w {
		s += w[i] * f[i]
	}
	return s
}

// rounds is how often habits are estimated anew from the assignment before.
const rounds = 3

// score gives every candidate its log odds, and its probability by the assignment.
func (s *search) score(w *weights) {
	s.structure()
	for i := range s.list {
		s.list[i].score = w.structure.dot(&s.list[i].features)
	}
	for range rounds {
		s.spread()
		s.habits()
		for i := range s.list {
			s.list[i].score = w.habits.dot(&s.list[i].features)
		}
	}
}

func (s *search) structure() {
	p := s.pool
	for i := range s.list {
		r := &s.list[i]
		f := &r.features
		*f = features{fOne: 1}
		start := s.window[r.Batch][0]
		k := len(r.Withdrawals)
		first, last := p.Withdrawals[r.Withdrawals[0]].Time, p.Withdrawals[r.Withdrawals[k-1]].Time
		if s.first[r.To] < start {
			f[fOld] = 1
		}
		f[fOutside] = 1 - float64(k)/float64(len(s.all[r.To]))
		if k == 1 {
			f[fSingle] = 1
		}
		if k >= 10 {
			f[fMany] = 1
		}
		f[fCount] = math.Log(float64(k))
		for _, w := range r.Withdrawals {
			if p.Withdrawals[w].Fee.IsZero() {
				f[fFree] += 1 / float64(k)
			}
		}
		f[fLate] = math.Log1p(max(0, float64(last-s.last[r.Batch])/7200))
		f[fEarly] = max(0, float64(s.last[r.Batch]-first)) / (float64(s.last[r.Batch]-start) + 3600)
	}
}

// habits estimates each batch's fingerprint from who is likely by the scores so far, and
// compares every candidate with it: without its own part, or it would vouch for itself.
func (s *search) habits() {
	prob := make([]float64, len(s.list))
	for i := range s.list {
		prob[i] = s.list[i].Probability
	}
	own := make([]fingerprint, len(s.batches))
	for b := range s.batches {
		lo, hi := s.span[b][0], s.span[b][1]
		for i := lo; i < hi; i++ {
			for _, w := range s.list[i].Withdrawals {
				own[b].add(s.prints[w], prob[i])
			}
		}
	}
	for b := range s.batches {
		// Neighbouring batches are the same operator's, with habits that change in days.
		mix := own[b]
		for c := range s.batches {
			if c != b {
				days := math.Abs(float64(s.window[c][0]-s.window[b][0])) / 86400
				mix.plus(&own[c], 0.5*math.Exp(-days/2))
			}
		}
		s.compare(b, &mix, prob)
	}
}

// compare fills the features that depend on the other candidates of a batch.
func (s *search) compare(b int, mix *fingerprint, prob []float64) {
	p := s.pool
	lo, hi := s.span[b][0], s.span[b][1]
	// weight of every withdrawal in the window: how likely it is the batch's
	w0, w1 := math.MaxInt, -1
	for i := lo; i < hi; i++ {
		ws := s.list[i].Withdrawals
		w0, w1 = min(w0, ws[0]), max(w1, ws[len(ws)-1])
	}
	if w1 < 0 {
		return
	}
	weight := make([]float64, w1-w0+1)
	for i := lo; i < hi; i++ {
		for _, w := range s.list[i].Withdrawals {
			weight[w-w0] = prob[i]
		}
	}
	const near = 45 * 60
	for i := lo; i < hi; i++ {
		r := &s.list[i]
		f := &r.features
		k := float64(len(r.Withdrawals))
		without := *mix
		for _, w := range r.Withdrawals {
			without.add(s.prints[w], -prob[i])
		}
		without.smooth(&s.back)
		var gr, lv, mn, company float64
		for _, w := range r.Withdrawals {
			pr := s.prints[w]
			gr += clamp(math.Log(without.grain[pr.grain]/s.back.grain[pr.grain]), 5)
			lv += clamp(math.Log(without.level[pr.level]/s.back.level[pr.level]), 3)
			mn += clamp(math.Log(without.manner[pr.manner]/s.back.manner[pr.manner]), 4)
			t := p.Withdrawals[w].Time
			for j := w - 1; j >= w0 && t-p.Withdrawals[j].Time <= near; j-- {
				if p.Withdrawals[j].To != r.To {
					company += weight[j-w0]
				}
			}
			for j := w + 1; j <= w1 && p.Withdrawals[j].Time-t <= near; j++ {
				if p.Withdrawals[j].To != r.To {
					company += weight[j-w0]
				}
			}
		}
		f[fGrain], f[fLevel], f[fManner] = clamp(gr, 8), clamp(lv, 8), mn/k
		f[fCompany] = math.Log1p(company / k)
		f[fInterleave] = 0
		for j := 1; j < len(r.Withdrawals); j++ {
			none := 1.0
			for w := r.Withdrawals[j-1] + 1; w < r.Withdrawals[j]; w++ {
				none *= 1 - weight[w-w0]
			}
			f[fInterleave] += (1 - none) / (k - 1)
		}
	}
}

func clamp(x, most float64) float64 { return max(-most, min(most, x)) }

// smooth turns counts into shares, leaning on other users' by as much as pseudo counts.
func (f *fingerprint) smooth(back *fingerprint) {
	const pseudo = 4
	from := back.parts()
	for i, part := range f.parts() {
		sum := 0.0
		for j := range part {
			part[j] = max(0, part[j]) + pseudo*from[i][j]
			sum += part[j]
		}
		for j := range part {
			part[j] /= sum
		}
	}
}
