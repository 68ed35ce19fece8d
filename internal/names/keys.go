package names

import "slices"

// A keyed maps 32-bit hashes to numbers, in two flat slices. Different keys with one
// hash are rare, and what is found is always compared in full.
type keyed struct {
	start []uint32 // by the upper bits of the hash
	items []uint64 // hash<<32 | number, sorted
	shift uint
}

func makeKeyed(items []uint64) keyed {
	slices.Sort(items)
	items = slices.Clip(slices.Compact(items))
	if cap(items)-len(items) > len(items)/8 {
		items = append(make([]uint64, 0, len(items)), items...)
	}
	bits := uint(1)
	for 1<<bits < len(items)/4 {
		bits++
	}
	k := keyed{items: items, shift: 64 - bits, start: make([]uint32, 1<<bits+1)}
	for _, it := range items {
		k.start[it>>k.shift+1]++
	}
	for i := 1; i < len(k.start); i++ {
		k.start[i] += k.start[i-1]
	}
	return k
}

// each visits the numbers of a hash, ascending.
func (k *keyed) each(h uint32, visit func(uint32)) {
	b := uint64(h) << 32 >> k.shift
	for _, it := range k.items[k.start[b]:k.start[b+1]] {
		if uint32(it>>32) == h {
			visit(uint32(it))
		}
	}
}

// hash is FNV-1a, salted by the kind of key.
func hash(salt byte, s string) uint32 {
	h := (uint32(2166136261) ^ uint32(salt)) * 16777619
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// hashWithout hashes a text without the letters at i and j; -1 leaves none out.
func hashWithout(s string, i, j int) uint32 {
	h := uint32(2166136261)
	for k := range len(s) {
		if k != i && k != j {
			h = (h ^ uint32(s[k])) * 16777619
		}
	}
	return h
}

// eachSpelling visits the keys under which a word is found when it is misspelt: itself
// and with one letter left out, from 8 letters on also with two. Two words one or two
// edits apart share one. Beyond 20 letters one edit and the skeleton must do.
func eachSpelling(text string, visit func(uint32)) {
	visit(hashWithout(text, -1, -1))
	if len(text) < 3 {
		return
	}
	for i := range len(text) {
		if i > 0 && text[i] == text[i-1] {
			continue // the same text as without the letter before
		}
		visit(hashWithout(text, i, -1))
		if len(text) < 8 || len(text) > 20 {
			continue
		}
		for j := i + 1; j < len(text); j++ {
			visit(hashWithout(text, i, j))
		}
	}
}

// eachSound visits the keys under which words that sound alike, or are one name in two
// languages, are found.
func eachSound(w *word, visit func(uint32)) {
	if w.class == number {
		return
	}
	k := skeletonOf(w.sound, true)
	visit(hash('k', k))
	if v := skeletonOf(w.sound, false); v != k {
		visit(hash('k', v))
	}
	for _, g := range w.kin {
		visit(hash('g', string([]byte{byte(g), byte(g >> 8)})))
	}
	if w.class == generic || w.class == particle {
		visit(hash('c', w.code))
	}
}
