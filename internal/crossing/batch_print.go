package crossing

import (
	"math"
	"slices"
	"sort"

	"github.com/fundtrail/fundtrail"
)

// What a withdrawal's fee tells of the software that asked for it.
//
// A relayer's fee is a share of the note plus the gas it expects to pay. How a program
// rounds shows in the fee's trailing zeros; which relayer it picks, in the share: the
// fee less the gas of the time, which the fees of the chain's smallest pool tell, since
// there the share is next to nothing.

const (
	grains = 20 // classes of trailing zeros: 0..18 and, last, no fee at all
	levels = 32 // classes of the fee's share of the note, 0.02 % each; last, no fee
	// classes of the visit: 1, 2, 3-4, 5-6, 7-9, 10 or more notes, each in a row or not
	manners = 12
	// visitGap separates a recipient's visits, in seconds.
	visitGap = 24 * 3600
)

// A print is the classes that one withdrawal is in.
type print struct{ grain, level, manner uint8 }

// A fingerprint is how often a party's withdrawals are in each class.
type fingerprint struct {
	grain  [grains]float64
	level  [levels]float64
	manner [manners]float64
}

// parts lists a fingerprint's shares: each sums to 1 by itself.
func (f *fingerprint) parts() [3][]float64 {
	return [3][]float64{f.grain[:], f.level[:], f.manner[:]}
}

func grain(fee fundtrail.Amount) uint8 {
	if fee.IsZero() {
		return grains - 1
	}
	n := uint8(0)
	ten := fundtrail.NewAmount(10)
	for n < grains-2 {
		q, _ := fee.MulDiv(fundtrail.NewAmount(1), ten)
		if back, _ := q.Mul(ten); back != fee {
			break
		}
		fee = q
		n++
	}
	return n
}

// float returns an amount for statistics; never for accounts.
func float(a fundtrail.Amount) float64 {
	w := a.Words()
	return ((float64(w[3])*0x1p64+float64(w[2]))*0x1p64+float64(w[1]))*0x1p64 + float64(w[0])
}

// readPrints classes every withdrawal, and counts other users' classes: those of the
// pool's withdrawals outside the windows of all batches, nearest to them.
func (s *search) readPrints(pools []*Pool) {
	p := s.pool
	gas := gasSeries(pools, p)
	note := float(p.Note)
	s.prints = make([]print, len(p.Withdrawals))
	for i := range p.Withdrawals {
		w := &p.Withdrawals[i]
		pr := print{grain: grain(w.Fee), level: levels - 1}
		if !w.Fee.IsZero() {
			share := (float(w.Fee) - gas.at(w.Time)) / note * 100
			pr.level = uint8(max(0, min(levels-2, math.Floor(share/0.02))))
		}
		s.prints[i] = pr
	}
	for _, list := range s.all {
		for from := 0; from < len(list); {
			to := from + 1
			for to < len(list) && p.Withdrawals[list[to]].Time-p.Withdrawals[list[to-1]].Time <= visitGap {
				to++
			}
			m := manner(list[from:to])
			for _, w := range list[from:to] {
				s.prints[w].manner = m
			}
			from = to
		}
	}
	if len(s.batches) == 0 {
		return
	}
	// Other users' habits change over months, so only those near the batches are asked.
	const near = 45 * 24 * 3600
	windows := slices.Clone(s.window)
	slices.SortFunc(windows, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	in, end := 0, int64(math.MinInt64)
	for i := range p.Withdrawals {
		t := p.Withdrawals[i].Time
		for in < len(windows) && windows[in][0] <= t {
			end = max(end, windows[in][1])
			in++
		}
		if t <= end {
			continue
		}
		if in < len(windows) && windows[in][0]-t < near || in > 0 && t-end < near {
			s.back.add(s.prints[i], 1)
		}
	}
	// Half a count for each class: what was not seen is not impossible.
	s.back.normalise(0.5)
}

func (f *fingerprint) add(p print, n float64) {
	f.grain[p.grain] += n
	f.level[p.level] += n
	f.manner[p.manner] += n
}

// manner classes a visit: how many notes, and whether most were taken in a row.
func manner(visit []int) uint8 {
	k, m := len(visit), uint8(0)
	for _, most := range []int{1, 2, 4, 6, 9} {
		if k > most {
			m += 2
		}
	}
	row := 0
	for j := 1; j < k; j++ {
		if visit[j] == visit[j-1]+1 {
			row++
		}
	}
	if 2*row > k-1 {
		m++
	}
	return m
}

func (f *fingerprint) plus(g *fingerprint, n float64) {
	from := g.parts()
	for i, part := range f.parts() {
		for j := range part {
			part[j] += n * from[i][j]
		}
	}
}

func (f *fingerprint) normalise(each float64) {
	for _, part := range f.parts() {
		sum := 0.0
		for i := range part {
			part[i] += each
			sum += part[i]
		}
		for i := range part {
			part[i] /= sum
		}
	}
}

// A gasLevel is the fees of a chain's smallest pool in time.
type gasLevel struct {
	time []int64
	fee  []float64 // in the same base units as the pool's
}

// gasSeries takes the gas level from the pool of the same asset with the smallest note.
func gasSeries(pools []*Pool, p *Pool) *gasLevel {
	small := p
	for _, q := range pools {
		if q.Name.Chain == p.Name.Chain && q.Name.Symbol == p.Name.Symbol && q.Note.Less(small.Note) {
			small = q
		}
	}
	g := &gasLevel{}
	if small == p {
		return g
	}
	type paid struct {
		time int64
		fee  float64
	}
	var list []paid
	for i := range small.Withdrawals {
		if w := &small.Withdrawals[i]; !w.Fee.IsZero() {
			list = append(list, paid{w.Time, float(w.Fee)})
		}
	}
	// The lower quartile of sixteen neighbours: relayers' own shares only add.
	const half = 8
	var near []float64
	for i := range list {
		near = near[:0]
		for _, x := range list[max(0, i-half):min(len(list), i+half)] {
			near = append(near, x.fee)
		}
		slices.Sort(near)
		g.time, g.fee = append(g.time, list[i].time), append(g.fee, near[len(near)/4])
	}
	return g
}

func (g *gasLevel) at(t int64) float64 {
	if len(g.time) == 0 {
		return 0
	}
	i := sort.Search(len(g.time), func(i int) bool { return g.time[i] >= t })
	if i == len(g.time) || i > 0 && t-g.time[i-1] < g.time[i]-t {
		i--
	}
	return g.fee[i]
}
