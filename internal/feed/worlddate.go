package feed

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Dates of lists are written in many ways. What is read is what cannot mean anything
// else: of two numbers before a year the first is the day, in every list here.
var (
	dateYMD    = regexp.MustCompile(`^(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})\s?[日일.]?$`)
	dateYM     = regexp.MustCompile(`^(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[月월.]?$`)
	dateY      = regexp.MustCompile(`^(\d{4})\s?[年년]?\s?[生생]?$`)
	dateDMY    = regexp.MustCompile(`^(\d{1,2}|dd)[-/.](\d{1,2}|mm)[-/.](\d{4})$`)
	dateDMonY  = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?,?[ -](\d{4})$`)
	dateMonDY  = regexp.MustCompile(`^([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})$`)
	dateMonY   = regexp.MustCompile(`^([a-z]{3,9})\.?,? (\d{4})$`)
	dateSpan   = regexp.MustCompile(`^(?:between |from )?(\d{4})\s?(?:-|–|—|/|~|〜|and|to|or)\s?(\d{4})$`)
	dateEra    = regexp.MustCompile(`^(令和|平成|昭和|r|h|s)\.?\s?(元|\d{1,2})\s?[年.]\s?(\d{1,2})\s?[月.]\s?(\d{1,2})\s?日?$`)
	dateAbout  = regexp.MustCompile(`^(?:circa|approximately|approx\.?|about|around|ca\.?|c\.?|~|約|약)\s*`)
	dateAfter  = regexp.MustCompile(`\s*(?:\(?(?:circa|approximately|approx\.?)\)?|頃|ごろ|경)$`)
	dateInZone = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[t ]\d\d:\d\d.*|z|[+-]\d\d:\d\d)$`)
)

var monthNames = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// eras are the first years of the Japanese eras that lists use, less one.
var eras = map[string]int{"令和": 2018, "r": 2018, "平成": 1988, "h": 1988, "昭和": 1925, "s": 1925}

func monthOf(name string) int {
	for i, m := range monthNames {
		if strings.HasPrefix(m, name) || name == "sept" && i == 8 {
			return i + 1
		}
	}
	return 0
}

// birth reads a date of birth as fundtrail.Party has it: "1962", "1962-03",
// "1962-03-14", "~1962" for about, "1960/1964" for between.
func birth(s string) (text string, ok bool) {
	const longest = 64
	if len(s) > longest {
		return "", false
	}
	if isWholeDay(s) {
		return s, true
	}
	s = strings.ToLower(squeeze(norm.NFKC.String(s)))
	about := ""
	if cut := dateAfter.ReplaceAllString(dateAbout.ReplaceAllString(s, ""), ""); cut != s {
		s, about = cut, "~"
	}
	if m := dateInZone.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	if m := dateSpan.FindStringSubmatch(s); m != nil {
		if !inLives(m[1]) || !inLives(m[2]) || m[2] < m[1] {
			return "", false
		}
		return m[1] + "/" + m[2], true // about a span is the span: there is no form for less
	}
	y, mon, d := partsOfDate(s)
	switch {
	case !inLives(y):
		return "", false
	case mon == 0 && d == 0:
		return about + y, true
	case d == 0 && mon > 0 && mon <= 12:
		return fmt.Sprintf("%s%s-%02d", about, y, mon), true
	}
	day := fmt.Sprintf("%s-%02d-%02d", y, mon, d)
	return about + day, isWholeDay(day)
}

// partsOfDate returns a date's year, and its month and day, 0 where they are not stated.
func partsOfDate(s string) (year string, month, day int) {
	n := func(s string) int { v, _ := strconv.Atoi(s); return v } // "dd", "mm": 0, as "00" is
	if m := dateYMD.FindStringSubmatch(s); m != nil {
		return m[1], n(m[2]), n(m[3])
	} else if m := dateDMY.FindStringSubmatch(s); m != nil {
		return m[3], n(m[2]), n(m[1])
	} else if m := dateY.FindStringSubmatch(s); m != nil {
		return m[1], 0, 0
	} else if m := dateYM.FindStringSubmatch(s); m != nil && n(m[2]) > 0 {
		return m[1], n(m[2]), 0
	} else if m := dateDMonY.FindStringSubmatch(s); m != nil && monthOf(m[2]) > 0 {
		return m[3], monthOf(m[2]), n(m[1])
	} else if m := dateMonDY.FindStringSubmatch(s); m != nil && monthOf(m[1]) > 0 {
		return m[3], monthOf(m[1]), n(m[2])
	} else if m := dateMonY.FindStringSubmatch(s); m != nil && monthOf(m[1]) > 0 {
		return m[2], monthOf(m[1]), 0
	} else if m := dateEra.FindStringSubmatch(s); m != nil {
		of := 1
		if m[2] != "元" {
			of = n(m[2])
		}
		return strconv.Itoa(eras[m[1]] + of), n(m[3]), n(m[4])
	}
	return "", 0, 0
}

// inLives reports whether a year can be one of somebody's life.
func inLives(year string) bool { return year >= "1800" && year <= "2100" && len(year) == 4 }

func isWholeDay(s string) bool {
	if len(s) != len(time.DateOnly) {
		return false
	}
	_, err := time.Parse(time.DateOnly, s)
	return err == nil && inLives(s[:4])
}

// listDay reads a whole day: of a listing, of a file.
func listDay(s string) (time.Time, bool) {
	text, ok := birth(s)
	if !ok || len(text) != len(time.DateOnly) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

// listTime reads the time or the day that a file says it was made.
func listTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1900 && t.Year() <= 2100 {
			return t.UTC(), true
		}
	}
	return listDay(s)
}
