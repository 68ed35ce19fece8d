package names

// Two derived forms make spellings alike. The sound of a word keeps its vowels and is
// compared letter by letter; the skeleton is coarse and only finds candidates.

// Sounds are written as one byte each. Capitals stand for what Latin letters write in
// several ways: S for sh, sch, ş; C for ch, tch, tsch, č; J for zh, ž; X for kh, ch in
// German and Polish, х, خ; T for ts, tz, z in German, ц.

// digraphs are tried in order; the longest first. They hold across the romanisations
// of Russian, Arabic, Chinese and Korean and across English, German, French, Polish
// and Turkish spelling, each of which writes the same sound in its own way.
var digraphs = []struct{ from, to string }{
	{"shch", "S"}, {"tsch", "C"}, {"dzh", "j"}, {"tch", "C"}, {"sch", "S"}, {"sz", "S"}, {"cz", "C"}, {"dsch", "j"},
	{"sh", "S"}, {"ch", "C"}, {"zh", "J"}, {"kh", "X"}, {"gh", "g"}, {"ph", "f"}, {"th", "t"}, {"dh", "d"}, {"dj", "j"}, {"dz", "z"}, {"ck", "k"},
	{"ts", "T"}, {"tz", "T"}, {"ou", "u"}, {"oo", "u"}, {"ee", "i"}, {"ie", "i"}, {"ei", "e"}, {"ey", "e"}, {"ay", "ai"}, {"oe", "o"}, {"ue", "u"}, {"ae", "a"},
	{"iy", "i"}, {"yy", "i"}, {"ij", "i"}, {"hs", "s"}, {"qu", "k"},
}

// digraphsFrom are the digraphs by their first letter.
var digraphsFrom = func() (t [128][]struct{ from, to string }) {
	for _, d := range digraphs {
		t[d.from[0]] = append(t[d.from[0]], d)
	}
	return t
}()

// soundOf writes a romanised word by its sound.
func soundOf(text string) string {
	var buf [maxWord]byte
	out := buf[:0]
	for i := 0; i < len(text); {
		n := 0
		for _, d := range digraphsFrom[text[i]&127] {
			if len(text)-i >= len(d.from) && text[i:i+len(d.from)] == d.from {
				out = appendSound(out, d.to)
				n = len(d.from)
				break
			}
		}
		if n > 0 {
			i += n
			continue
		}
		c := text[i]
		next := byte(0)
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch c {
		case 'c':
			if next == 'e' || next == 'i' || next == 'y' {
				c = 's'
			} else {
				c = 'k'
			}
		case 'q':
			c = 'k'
		case 'w':
			c = 'v'
		case 'x':
			if i > 0 {
				out = appendSound(out, "k")
			}
			c = 's' // Xi, Xavier, Xenia
		case 'y':
			c = 'i'
		case 'h':
			// Silent before a consonant and at the end: Johnson, Mahmud is not, and the
			// cost of a lost h is small anyway.
			if i+1 == len(text) && i > 1 {
				i++
				continue
			}
		}
		if n := len(out); (n == 0 || out[n-1] != c || c >= '0' && c <= '9') && n < cap(out) {
			out = append(out, c)
		}
		i++
	}
	return string(out)
}

// appendSound appends without doubling letters.
func appendSound(out []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if len(out) > 0 && out[len(out)-1] == s[i] && !(s[i] >= '0' && s[i] <= '9') || len(out) == cap(out) {
			continue
		}
		out = append(out, s[i])
	}
	return out
}

func isVowel(c byte) bool {
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y'
}

// coarse puts sounds that writers confuse, or that scripts do not tell apart, into one
// class; 0 is left out.
var coarse = func() (t [256]byte) {
	for _, g := range []string{"bp", "fv", "dt", "gkqX", "szcjSCJTx", "l", "r", "m", "n"} {
		for i := 0; i < len(g); i++ {
			t[g[i]] = g[0]
		}
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = byte(c)
	}
	return t
}()

// skeletonOf is the key under which words that sound alike are found: the classes of
// the consonants, with the first letter marked when it is a vowel. Without v for the
// readings of scripts where one letter is both w and u.
func skeletonOf(sound string, withV bool) string {
	var buf [maxWord]byte
	out := buf[:0]
	for i := 0; i < len(sound); i++ {
		c := sound[i]
		k := coarse[c]
		switch {
		case i == 0 && (isVowel(c) || c == 'h'):
			k = 'a' // and a first h, which comes and goes: Hussein, Ussein
		case k == 'f' && c == 'v' && i > 0 && !withV:
			k = 0
		}
		if k != 0 && (len(out) == 0 || out[len(out)-1] != k || k <= '9') && len(out) < cap(out) {
			out = append(out, k)
		}
	}
	return string(out)
}

// hangulSound makes the spellings of Korean sounds alike that its romanisations and
// personal habit write in many ways: 정 is jeong, jung, chŏng and chong.
func hangulSound(text string) string {
	var buf [maxWord]byte
	out := buf[:0]
	for i := 0; i < len(text) && len(out) < cap(out)-1; i++ {
		two := ""
		if i+2 <= len(text) {
			two = text[i : i+2]
		}
		switch two {
		case "eo", "eu", "oo", "ou", "wo":
			out = append(out, 'o')
			i++
			continue
		case "ch":
			out = append(out, 'j')
			i++
			continue
		case "ae", "ai", "oe", "ee":
			out = append(out, map[string]byte{"ae": 'e', "ai": 'e', "oe": 'e', "ee": 'i'}[two])
			i++
			continue
		case "sh":
			out = append(out, 's')
			i++
			continue
		}
		c := text[i]
		switch c {
		case 'g', 'q', 'c':
			c = 'k'
		case 'd':
			c = 't'
		case 'b':
			c = 'p'
		case 'u':
			c = 'o'
		case 'l':
			c = 'r'
		case 'h':
			if i > 0 {
				continue // aspiration, and the h of Ahn
			}
		}
		if len(out) == 0 || out[len(out)-1] != c {
			out = append(out, c)
		}
	}
	return string(out)
}
