package node

import (
	"strings"
	"unicode"
)

// Clean makes a foreign text fit to be shown: contracts and nodes may say anything, with
// letters that erase, reverse or hide what stands around them. It keeps what is visible,
// makes one space of any, at most two marks behind a letter, and most letters in all.
func Clean(s string, most int) string {
	var out strings.Builder
	marks, letters, gap := 0, 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			gap = true
			continue
		case r == unicode.ReplacementChar, !unicode.IsPrint(r): // format and control letters are not printed
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > 2 || letters == 0 {
				continue
			}
		case letters == most:
			return out.String() + "…"
		default:
			marks = 0
			letters++
			if gap && out.Len() > 0 {
				out.WriteByte(' ')
			}
			gap = false
		}
		out.WriteRune(r)
	}
	return out.String()
}
