package names

import (
	"math"
	"slices"
	"sync"

	"github.com/fundtrail/fundtrail"
)

// An Index finds entries by name. Its size and a search's cost grow with the different
// words of the names, and with the entries that share words with the asked name.
type Index struct {
	entries []Entry
	vocab   []word    // every different word of the names
	weight  []float32 // of vocab: by what it does, times its rarity
	forms   []listed  // every reading of every name
	words   []uint32  // of the forms: indexes of vocab
	legal   []word    // every different legal form
	legals  []uint16  // of the forms: indexes of legal

	postings     []uint32 // forms by word: postings[postingStart[v]:postingStart[v+1]]
	postingStart []uint32

	spelled keyed // words by their letters with up to two left out
	sounded keyed // words by skeleton and by group of variants
	joined  keyed // forms by the skeletons of their words run together
	short   keyed // forms by their first letters

	pool sync.Pool // of *state
}

// A listed is a reading of an entry's name.
type listed struct {
	entry, name uint32
	from, legal uint32 // into words and legals
	n, nLegal   uint8
	reading     uint8   // which of readings()
	weight      float32 // of its words, each once, without initials
}

// Build makes an index. It keeps the entries' slices, which must not change after.
func Build(entries []Entry) *Index {
	x := &Index{entries: entries}
	b := &building{x: x, ids: map[string]uint32{}, legalIDs: map[string]uint16{}}
	for e := range entries {
		for n, name := range entries[e].Names {
			for r, read := range readings(entries[e].Kind, name.Text) {
				b.add(e, n, r, &read)
			}
		}
	}
	b.weigh()
	b.post()
	b.key()
	x.vocab, x.words, x.forms = slices.Clip(x.vocab), slices.Clip(x.words), slices.Clip(x.forms)
	return x
}

type building struct {
	x        *Index
	ids      map[string]uint32
	legalIDs map[string]uint16
	keyText  []byte
}

func (b *building) add(entry, name, number int, r *reading) {
	x := b.x
	f := listed{entry: uint32(entry), name: uint32(name), reading: uint8(number), from: uint32(len(x.words)), legal: uint32(len(x.legals)), n: uint8(len(r.words)), nLegal: uint8(len(r.forms))}
	for i := range r.words {
		x.words = append(x.words, b.intern(&r.words[i]))
	}
	for _, w := range r.forms {
		id, ok := b.legalIDs[w.code]
		if !ok {
			id = uint16(len(x.legal))
			b.legalIDs[w.code] = id
			x.legal = append(x.legal, word{class: form, code: w.code})
		}
		x.legals = append(x.legals, id)
	}
	x.forms = append(x.forms, f)
}

// intern gives equal words one place.
func (b *building) intern(w *word) uint32 {
	flags := byte(w.script)<<2 | byte(boolInt(w.bare))<<1 | byte(boolInt(w.korean))
	b.keyText = append(append(append(b.keyText[:0], byte(w.class)), flags), w.text...)
	b.keyText = append(append(b.keyText, 0), w.native...)
	if id, ok := b.ids[string(b.keyText)]; ok {
		return id
	}
	id := uint32(len(b.x.vocab))
	b.ids[string(b.keyText)] = id
	c := *w
	// One short string each, so that a whole name is not kept for a word of it.
	c.text = string([]byte(w.text))
	if c.sound == w.text {
		c.sound = c.text
	}
	b.x.vocab = append(b.x.vocab, c)
	return id
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// weigh gives words their weights: a name that two share tells more than one that
// thousands do.
func (b *building) weigh() {
	x := b.x
	// Equal texts count together, whatever their class or script.
	df := make(map[string]int, len(x.vocab))
	for i := range x.forms {
		f := &x.forms[i]
		ws := x.words[f.from : f.from+uint32(f.n)]
		for j, id := range ws {
			if !slices.Contains(ws[:j], id) {
				df[x.vocab[id].text]++
			}
		}
	}
	x.weight = make([]float32, len(x.vocab))
	for i := range x.vocab {
		w := &x.vocab[i]
		x.weight[i] = w.weight() * rarity(df[w.text], len(x.forms))
	}
	for i := range x.forms {
		f := &x.forms[i]
		ws := x.words[f.from : f.from+uint32(f.n)]
		for j, id := range ws {
			if x.vocab[id].class != initial && !slices.Contains(ws[:j], id) {
				f.weight += x.weight[id]
			}
		}
	}
}

// rarity is 1 for a word in up to a thousandth of the names, and falls with the
// logarithm of its share to 0.4: a common name is weak evidence, but two people of
// different common names are still different. A small list is taken for a part of a
// large one.
func rarity(df, names int) float32 {
	const rare, least = 0.001, 0.4
	share := float64(df) / float64(max(names, 20_000))
	if share <= rare {
		return 1
	}
	return float32(max(least, 1-(1-least)*math.Log(share/rare)/math.Log(0.1/rare)))
}

// post lists the forms of each word.
func (b *building) post() {
	x := b.x
	x.postingStart = make([]uint32, len(x.vocab)+1)
	each := func(visit func(id, form uint32)) {
		for i := range x.forms {
			f := &x.forms[i]
			ws := x.words[f.from : f.from+uint32(f.n)]
			for j, id := range ws {
				if !slices.Contains(ws[:j], id) {
					visit(id, uint32(i))
				}
			}
		}
	}
	each(func(id, _ uint32) { x.postingStart[id+1]++ })
	for i := range x.vocab {
		x.postingStart[i+1] += x.postingStart[i]
	}
	x.postings = make([]uint32, x.postingStart[len(x.vocab)])
	at := slices.Clone(x.postingStart)
	each(func(id, form uint32) {
		x.postings[at[id]] = form
		at[id]++
	})
}

// key fills the tables that find words and forms.
func (b *building) key() {
	x := b.x
	var spelled, sounded, joined, short []uint64
	for i := range x.vocab {
		w := &x.vocab[i]
		eachSpelling(w.text, func(h uint32) { spelled = append(spelled, uint64(h)<<32|uint64(i)) })
		eachSound(w, func(h uint32) { sounded = append(sounded, uint64(h)<<32|uint64(i)) })
	}
	var buf []byte
	for i := range x.forms {
		f := &x.forms[i]
		ws := x.words[f.from : f.from+uint32(f.n)]
		x.eachJoin(ws, &buf, func(h uint32) { joined = append(joined, uint64(h)<<32|uint64(i)) })
		if x.entries[f.entry].Kind != fundtrail.Person {
			acronyms(len(ws), func(k int) *word { return &x.vocab[ws[k]] }, func(h uint32) { short = append(short, uint64(h)<<32|uint64(i)) })
		}
	}
	x.spelled, x.sounded, x.joined, x.short = makeKeyed(spelled), makeKeyed(sounded), makeKeyed(joined), makeKeyed(short)
}

// eachJoin visits the keys of two to four neighbouring words run together.
func (x *Index) eachJoin(ws []uint32, buf *[]byte, visit func(uint32)) {
	for i := range ws {
		text := (*buf)[:0]
		for k := i; k < len(ws) && k < i+4; k++ {
			w := &x.vocab[ws[k]]
			if w.class == number || len(text)+len(w.text) > maxWord {
				break
			}
			if text = append(text, w.text...); k > i && len(text) >= 4 {
				visit(joinKey(string(text)))
			}
		}
		*buf = text
	}
}

func joinKey(text string) uint32 { return hash('j', skeletonOf(soundOf(text), false)) }

// acronyms visits the key of the first letters of a name of three or more words, with
// and without its particles'.
func acronyms(n int, at func(int) *word, visit func(uint32)) {
	if n < 3 {
		return
	}
	var all, some [maxPieces]byte
	a, s := all[:0], some[:0]
	for k := range n {
		w := at(k)
		a = append(a, w.text[0])
		if w.class != particle {
			s = append(s, w.text[0])
		}
	}
	visit(hash('a', string(a)))
	if len(s) != len(a) && len(s) >= 3 {
		visit(hash('a', string(s)))
	}
}
