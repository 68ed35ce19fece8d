package names

import "math/bits"

// A how is a How constant, small.
type how uint8

const (
	howDifferent how = iota
	howSame
	howSpelling
	howSound
	howTransliterated
	howVariant
	howInitial
	howJoined
	howAcronym
	howForm
	howNumber
	howMissing
	howRepeated
)

var hows = [...]string{HowDifferent, HowSame, HowSpelling, HowSound, HowTransliterated, HowVariant, HowInitial, HowJoined, HowAcronym, HowForm, HowNumber, HowMissing, HowRepeated}

// unit is the cost of one plain edit; the others are parts of it.
const unit = 20

// An edit table holds the costs of changing one letter into another and of leaving
// one out.
type edits struct {
	sub  [128][128]uint8
	drop [128]uint8
}

// typed are the costs of letters as written. A wrong letter is a wrong letter; a
// vowel for a vowel is the commonest difference between romanisations.
var typed = func() *edits {
	e := plainEdits()
	e.vowels(14, unit)
	return e
}()

// spoken are the costs of sounds: what writers of names confuse is cheap.
var spoken = func() *edits {
	e := plainEdits()
	e.vowels(9, 12)
	for _, p := range []struct {
		pairs string
		cost  uint8
	}{
		// One sound in two romanisations: kh/h, ch/sh/j/zh, ts/s/z.
		{"Xh Xk Xg CS Cj CJ SJ Jj Ts Tz CT Ss SX CX ij iJ fv", 6},
		// Voiced for voiceless: the difference Korean, Chinese and Arabic spellings blur.
		{"bp dt gk sz bv pf Cs jz Jz vu vo jd gh", 12},
		{"ou ei ia ea ao ui", 6},
	} {
		for i := 0; i+1 < len(p.pairs); i += 3 {
			e.pair(p.pairs[i], p.pairs[i+1], p.cost)
		}
	}
	e.drop['h'] = 6
	e.drop['i'] = 8 // Zelensky, Zelenskyi; Evgeny, Yevgeny
	return e
}()

// vowelless are the costs against a word of a script that writes no short vowels.
var vowelless = func() *edits {
	e := *spoken
	for _, v := range "aeiou" {
		e.drop[v] = 1
	}
	e.drop['i'], e.drop['v'], e.drop['h'], e.drop['X'] = 2, 4, 5, unit
	for _, v := range "ouv" {
		e.pair('v', byte(v), 1)
	}
	e.pair('i', 'e', 1)
	e.pair('a', 'e', 1)
	e.pair('a', 'o', 1)
	e.pair('a', 'u', 1)
	return &e
}()

func plainEdits() *edits {
	e := new(edits)
	for i := range e.sub {
		for j := range e.sub[i] {
			if i != j {
				e.sub[i][j] = unit
			}
		}
		e.drop[i] = unit
	}
	return e
}

func (e *edits) pair(a, b byte, cost uint8) {
	if a != b {
		e.sub[a][b], e.sub[b][a] = cost, cost
	}
}

func (e *edits) vowels(sub, drop uint8) {
	for _, a := range "aeiouy" {
		for _, b := range "aeiouy" {
			e.pair(byte(a), byte(b), sub)
		}
		e.drop[a] = drop
	}
}

// distance is the least cost of turning a into b with two neighbours swapped counted
// as swapCost, or more than most when it is more.
func (e *edits) distance(a, b string, most int) int {
	const swapCost, doubled = 16, 8
	var rows [3][maxWord + 1]int32
	cost := func(s string, i int) int32 {
		if i > 0 && s[i] == s[i-1] || i+1 < len(s) && s[i] == s[i+1] {
			return min(doubled, int32(e.drop[s[i]&127])) // a letter doubled by mistake, or not
		}
		return int32(e.drop[s[i]&127])
	}
	prev, cur, old := &rows[0], &rows[1], &rows[2]
	var drops [maxWord]int32
	for j := range len(b) {
		drops[j] = cost(b, j)
		prev[j+1] = prev[j] + drops[j]
	}
	for i := range len(a) {
		dropA := cost(a, i)
		cur[0] = prev[0] + dropA
		least := cur[0]
		ai := a[i] & 127
		for j := range len(b) {
			c := min(prev[j]+int32(e.sub[ai][b[j]&127]), prev[j+1]+dropA, cur[j]+drops[j])
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] && a[i] != b[j] {
				c = min(c, old[j-1]+swapCost)
			}
			cur[j+1] = c
			least = min(least, c)
		}
		if int(least) > most+swapCost {
			return most + 1
		}
		old, prev, cur = prev, cur, old
	}
	return int(prev[len(b)])
}

// bearable is the cost at which nothing of a word's likeness is left. It grows with the
// length, but slowly: two slips are as many in a long word as in a short one, and three
// letters that differ are mostly another name ("Ortiz", "Ortega").
func bearable(letters int) float32 {
	return unit * min(max(tune.allow0+tune.allow1*float32(letters), 1.5), 4.5)
}

// likeness turns a cost into a score.
func likeness(cost int, letters int) float32 {
	x := float32(cost) / bearable(letters)
	if x >= 1 {
		return 0
	}
	return 1 - x*(tune.bend+(1-tune.bend)*x)
}

const firstSound = 6

// equal reports whether two words are the same letters and, where both are written in
// Chinese characters, the same characters.
func equal(a, b *word) bool {
	return a.text == b.text && (a.native == b.native || a.native == "" || b.native == "")
}

// similar scores two words, 0 to 1, and says how they are alike.
func similar(a, b *word) (float32, how) {
	if equal(a, b) {
		if a.script != b.script {
			return 1, howTransliterated
		}
		return 1, howSame
	}
	if a.class == number || b.class == number {
		return 0, howNumber
	}
	if a.class == initial || b.class == initial {
		if a.text[0] == b.text[0] && a.class != particle && b.class != particle {
			return tune.initial, howInitial
		}
		return 0, howDifferent
	}
	if a.native != "" && b.native != "" {
		return sameScript(a, b)
	}
	if a.code != "" && a.code == b.code && a.class == b.class {
		return 0.9, howVariant // bin, ibn; Trading, Handel
	}
	best, by := float32(0), howDifferent
	if shareKin(a.kin, b.kin) {
		best, by = 0.92, howVariant
	}
	if a.class == particle || b.class == particle {
		// "al" is not a misspelt "Ali", nor "der" a misspelt "Dar".
		return best, by
	}
	if s, h := bySpelling(a, b); s > best {
		best, by = s, h
	}
	return best, by
}

// sameScript compares words written in Chinese characters on both sides: other
// characters are another name even where they sound alike.
func sameScript(a, b *word) (float32, how) {
	if a.native == b.native {
		return 1, howSame
	}
	s, _ := bySpelling(a, b)
	if a.text == b.text {
		s = 1
	}
	return s * 0.6, howSound
}

func bySpelling(a, b *word) (float32, how) {
	cross := a.script != b.script
	switch {
	case a.korean != b.korean:
		k, l := a, b
		if b.korean {
			k, l = b, a
		}
		other := hangulSound(l.text)
		// A syllable is short, and one sound in it that differs is another name.
		c := spoken.distance(k.hangul, other, 2*unit) * 3 / 2
		return 0.97 * likeness(c, max(len(k.hangul), len(other))), howTransliterated
	case a.korean && b.korean && a.script == b.script:
		// A syllable is one letter to the eye: another one is another name.
		s := likeness(typed.distance(a.text, b.text, 2*unit), max(len(a.text), len(b.text)))
		return s * 0.6, howSpelling
	case a.bare && b.bare:
		// Without vowels every letter tells more, and one that differs is another name
		// more often: a third more costly.
		n := min(len(a.text), len(b.text))
		return likeness(typed.distance(a.text, b.text, 2*unit)*4/3, n), howSpelling
	case a.bare != b.bare:
		c := vowelless.distance(a.sound, b.sound, 3*unit)
		n := min(len(a.sound), len(b.sound))
		return 0.97 * likeness(c, n), howTransliterated
	}
	letters := max(len(a.text), len(b.text))
	// Letters that only one word has bound the cost from below, and most pairs of words
	// end here.
	most := bearable(letters)
	short := min(len(a.text), len(b.text))
	if float32((letters-short)*8) > most || float32(bits.OnesCount64(a.letter^b.letter)*3) > most+unit {
		return 0, howDifferent
	}
	t := typed.distance(a.text, b.text, int(most))
	s := spoken.distance(a.sound, b.sound, int(most)) + 1
	swapped := len(a.text) > 1 && len(b.text) > 1 && a.text[0] == b.text[1] && a.text[1] == b.text[0]
	if a.text[0] != b.text[0] && a.sound[0] != b.sound[0] && !(isVowel(a.sound[0]) && isVowel(b.sound[0])) && !swapped {
		// A name's first sound is the last thing a writer gets wrong.
		t, s = t+firstSound, s+firstSound
	}
	c, by := t, howSpelling
	if s < t && letters > 2 { // two letters have too little sound to go by: Il, Un
		c, by = s, howSound
	}
	if cross && c <= unit/2 {
		by = howTransliterated
	}
	return likeness(c, letters), by
}

func shareKin(a, b []uint16) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}
