package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text from outside (labels, names, notes) safe to show. A label can be
// chosen by whoever is being investigated, so whatever could move the cursor, hide
// text, reorder it or break a line is written out as its code point, <U+202E>, and
// bytes that are no UTF-8 as <0xFF>. Nothing is dropped in silence. Combining marks
// beyond two on one letter are written out too: they draw over neighbouring lines.
func clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	marks := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, "<0x%02X>", s[i])
			marks = 0
		case unsafeRune(r) || unicode.Is(unicode.M, r) && marks == 2:
			fmt.Fprintf(&b, "<U+%04X>", r)
		case unicode.Is(unicode.M, r):
			marks++
			b.WriteRune(r)
		default:
			marks = 0
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// unsafeRune reports whether r is a control, a format character (bidi overrides and
// isolates, zero-width letters, tags), a line or paragraph separator, a blank that
// looks like nothing, or no character at all.
func unsafeRune(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x2800, 0x3164, 0xffa0, 0x034f: // fillers, blank braille, joiner: they draw nothing
		return true
	}
	return !unicode.IsGraphic(r) || unicode.Is(unicode.Variation_Selector, r)
}

// columns is how many columns of a terminal s takes: 0 for combining marks, 2 for
// East Asian wide and full-width characters and emoji (Unicode 16, UAX #11, by
// block), 1 otherwise. s is clean.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf && r != 0x303f,
		r >= 0xa960 && r <= 0xa97f, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f000 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd,
		r == 0x231a, r == 0x231b, r >= 0x23e9 && r <= 0x23f3, r >= 0x2600 && r <= 0x27bf,
		r >= 0x2b1b && r <= 0x2b55:
		return 2
	}
	return 1
}
