package node

import (
	"strings"
	"testing"
)

// FuzzClean: what is shown is printable, short, and stays as it is.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"USDT", "U\u202eTDSU", " a \x00 b\n", "Z\u0301\u0301\u0301\u0301a", "\xff\xfe", strings.Repeat("x", 100), "\u200bUSDC", "ＵＳＤＣ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s, 24)
		if n := len([]rune(got)); n > 24*3+1 {
			t.Errorf("%q has %d letters", got, n)
		}
		if strings.ContainsAny(got, "\u202e\u200b\n\t\x00") || strings.TrimSpace(got) != got {
			t.Errorf("%q", got)
		}
	})
}
