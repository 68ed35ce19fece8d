package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// text reads a JSON string. One without escapes is a part of the body, not a copy.
func (d *decoder) text(want string) (string, error) {
	if !d.take('"') {
		return "", d.syntax(want)
	}
	start := d.i
	n := plainBytes(d.s[start:])
	d.i += n
	switch {
	case d.i == len(d.s):
		return "", d.syntax("the quote that ends a text")
	case d.s[d.i] != '"':
		return d.escaped(start)
	}
	d.i++
	return d.s[start : start+n], nil
}

// plainBytes counts the bytes at the front of s that stand in a JSON string as they are:
// none below a space, no quote, no backslash. Eight at a time: Lamport's and Mycroft's
// tests for a byte in a word, which may err only behind a byte that they found rightly.
func plainBytes(s string) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		quote, slash := w^ones*'"', w^ones*'\\'
		if ((w-ones*' ')&^w|(quote-ones)&^quote|(slash-ones)&^slash)&highs != 0 {
			break
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// escaped goes on reading the string that began at start, from its first byte that is
// not plain.
func (d *decoder) escaped(start int) (string, error) {
	out := append(make([]byte, 0, d.i-start+32), d.s[start:d.i]...)
	for d.i < len(d.s) {
		c := d.s[d.i]
		switch {
		case c == '"':
			d.i++
			return string(out), nil
		case c < ' ':
			return "", d.syntax(`a control character as \u and four digits`)
		case c != '\\':
			out = append(out, c)
			d.i++
			continue
		}
		d.i++
		if d.i == len(d.s) {
			break
		}
		c = d.s[d.i]
		if c == 'u' {
			r, err := d.unicode()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
			continue
		}
		plain := strings.IndexByte(`"\/bfnrt`, c)
		if plain < 0 {
			return "", d.syntax(`one of " \ / b f n r t u after a backslash`)
		}
		out = append(out, "\"\\/\b\f\n\r\t"[plain])
		d.i++
	}
	return "", d.syntax("the quote that ends a text")
}

// unicode reads the escape that stands at its u, and a second one where two make a
// surrogate pair.
func (d *decoder) unicode() (rune, error) {
	at := d.i - 1
	r, ok := hex4(d.s[d.i+1:])
	if !ok {
		return 0, d.syntax("u and four hexadecimal digits")
	}
	d.i += 5
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if strings.HasPrefix(d.s[d.i:], `\u`) {
		if low, ok := hex4(d.s[d.i+2:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				d.i += 6
				return pair, nil
			}
		}
	}
	return 0, invalid(d.place(""), fmt.Sprintf("at byte %d: half of a surrogate pair is no character; send the character itself in UTF-8", at))
}

func hex4(s string) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for i := range 4 {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// quote shows what a caller sent in a message, cut short.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}

// parseTime reads a day or a time. A day alone is midnight at its beginning for the
// list's clock, and its last moment for ours, so that what was received on it counts.
func parseTime(place, s string, end bool) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		if end {
			t = t.Add(24*time.Hour - time.Nanosecond)
		}
		return t, inRange(place, t)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, invalid(place, "want a day as 2024-03-01, or a time as 2024-03-01T12:00:00Z; got "+quote(s))
	}
	return t.UTC(), inRange(place, t)
}

// inRange refuses years that no list has, before they overflow a number of seconds.
func inRange(place string, t time.Time) error {
	if y := t.UTC().Year(); y < 1900 || y > 2999 {
		return invalid(place, "the year must be from 1900 to 2999")
	}
	return nil
}

func parseKind(place, s string) (screen.Kind, error) {
	switch k := screen.Kind(s); k {
	case screen.Either, screen.AnAddress, screen.AName, screen.FreeText:
		return k, nil
	}
	return "", invalid(place, `want "address", "name" or "text", or leave it out to have it recognised; got `+quote(s))
}

func parseChain(place, s string) (fundtrail.Chain, error) {
	if s == "" {
		return "", nil
	}
	c, err := fundtrail.ParseChain(s)
	if err != nil {
		return "", invalid(place, err.Error())
	}
	return c, nil
}

func parseParty(place, s string) (fundtrail.PartyKind, error) {
	switch k := fundtrail.PartyKind(s); k {
	case fundtrail.PartyUnstated, fundtrail.Person, fundtrail.Organisation, fundtrail.Vessel, fundtrail.Aircraft:
		return k, nil
	}
	return "", invalid(place, `want "person", "organisation", "vessel" or "aircraft"; got `+quote(s))
}

func checkThreshold(place string, f float64) error {
	if !(f >= 0 && f <= 1) {
		return invalid(place, "want a score from 0 to 1; 0 is the default")
	}
	return nil
}

const maxLimit = 100

func checkLimit(place string, f float64) (int, error) {
	if f != math.Trunc(f) || f < 0 || f > maxLimit {
		return 0, invalid(place, fmt.Sprintf("want a whole number from 1 to %d; 0 is the default", maxLimit))
	}
	return int(f), nil
}

// checkBirth takes a year, a month or a day.
func checkBirth(place, s string) (string, error) {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
		if _, err := time.Parse(layout, s); err == nil {
			return s, nil
		}
	}
	return "", invalid(place, "want a year, a month or a day as 1962, 1962-03 or 1962-03-14; got "+quote(s))
}

// checkCountry takes two letters and writes them in upper case.
func checkCountry(place, s string) (string, error) {
	if len(s) == 2 {
		up := strings.ToUpper(s)
		if 'A' <= up[0] && up[0] <= 'Z' && 'A' <= up[1] && up[1] <= 'Z' {
			return up, nil
		}
	}
	return "", invalid(place, `want two letters of ISO 3166-1 as "KP"; got `+quote(s))
}
