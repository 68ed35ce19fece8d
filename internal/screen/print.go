package screen

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// WriteText writes an answer as a person reads it: the verdict first, then every party
// that it touches and why, what used to stand, and which versions of which lists were
// asked. verbose adds how each part of a name was found.
func WriteText(w io.Writer, q *Question, a *Answer, verbose bool) error {
	t := &textWriter{w: w, verbose: verbose}
	read := a.Read
	if read == "" {
		read = Line(q.Text)
	}
	t.line(0, "%-8s %s", a.Verdict, read)
	if a.Reason != "" {
		t.line(1, "%s", a.Reason)
	}
	t.matches("", a.Matches)
	t.matches("no longer, or not yet: ", a.Past)
	t.matches("related, does not count: ", a.Related)
	for _, tag := range a.Tags {
		t.line(1, "claim, no designation: %s (%s, confidence %d)%s", oneOf(tag.Label, tag.Actor), tag.Category, tag.Confidence, inBrackets(tag.Source.URL))
	}
	t.asked(a)
	return t.err
}

type textWriter struct {
	w       io.Writer
	verbose bool
	err     error
}

func (t *textWriter) line(depth int, format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, strings.Repeat("         ", min(depth, 1))+strings.Repeat("  ", max(0, depth-1))+format+"\n", args...)
	}
}

func (t *textWriter) matches(lead string, list []Match) {
	for i := range list {
		m := &list[i]
		d := m.Designation
		t.line(1, "%s%s", lead, PartyLine(d))
		if m.Name != "" {
			t.line(2, "as %q, score %.2f", m.Name, m.Score)
		}
		if m.Wallet != "" {
			t.line(2, "address as listed: %s", m.Wallet)
		}
		t.line(2, "%s", Standing(d))
		if m.Why != "" {
			t.line(2, "%s", m.Why)
		}
		if t.verbose {
			t.tokens(m.Tokens)
		}
		t.line(2, "seen by us from %s to %s; read from %s", dayOf(d.FirstSeen), dayOf(d.LastSeen), versionOf(m.Version))
	}
}

func (t *textWriter) tokens(list []TokenMatch) {
	for _, k := range list {
		t.line(3, "%-16s %-16s %-14s %.2f of weight %.2f", oneOf(k.Asked, "–"), oneOf(k.Listed, "–"), k.How, k.Score, k.Weight)
	}
}

// asked names the versions that answered, with where they came from when verbose.
func (t *textWriter) asked(a *Answer) {
	if len(a.Asked) == 0 {
		return
	}
	if t.verbose {
		for i, v := range a.Asked {
			t.line(1, "%s %s", []string{"asked:", "      "}[min(i, 1)], versionOf(v))
		}
	} else {
		var list []string
		for _, v := range a.Asked {
			list = append(list, v.List+" "+dayOf(v.Published))
		}
		t.line(1, "asked: %s", strings.Join(list, ", "))
	}
	if len(a.NotCovered) > 0 {
		t.line(1, "could not be asked: %s", strings.Join(a.NotCovered, ", "))
	}
}

// PartyLine names a designation's party in one line: list, name, identifier, programmes.
func PartyLine(d *fundtrail.Designation) string {
	name := "a party that this list does not name"
	if len(d.Party.Names) > 0 {
		name = d.Party.Names[0].Text
	}
	s := d.List + ": " + name
	if d.Party.Kind != "" {
		s += ", " + string(d.Party.Kind)
	}
	if d.Party.UID != "" {
		s += ", uid " + d.Party.UID
	}
	if len(d.Party.Programs) > 0 {
		s += ", " + strings.Join(d.Party.Programs, " ")
	}
	return Line(s)
}

// Standing says since when and until when a designation stood, as far as versions tell.
func Standing(d *fundtrail.Designation) string {
	s := "listed"
	switch {
	case !d.Party.Listed.IsZero():
		s += " on " + dayOf(d.Party.Listed) + " by the list's own date"
	case d.ListedAfter.IsZero():
		s += " by " + dayOf(d.Listed) + ", the first version held here"
	default:
		s += " between " + dayOf(d.ListedAfter) + " and " + dayOf(d.Listed)
	}
	if !d.Delisted.IsZero() {
		s += "; left between " + dayOf(d.DelistedAfter) + " and " + dayOf(d.Delisted)
	}
	return s
}

func versionOf(v *fundtrail.ListVersion) string {
	if v == nil {
		return "no version"
	}
	s := fmt.Sprintf("%s of %s", v.List, dayOf(v.Published))
	if v.Covers == fundtrail.CoversWallets {
		s += ", addresses only"
	} else if v.Covers == fundtrail.CoversNames {
		s += ", names only"
	}
	return fmt.Sprintf("%s (%s, received %s, sha256 %s)", s, v.Format, dayOf(v.Received), hex.EncodeToString(v.SHA256[:8]))
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "an unknown day"
	}
	return t.UTC().Format("2006-01-02")
}

func oneOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " [" + s + "]"
}

// Line makes one line of bounded length of a text that others wrote, without what could
// move a terminal's cursor.
func Line(s string) string {
	const most = 200
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
