package brief_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/brief"
	"github.com/fundtrail/fundtrail/internal/record"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func known(s string) fundtrail.Known {
	return fundtrail.Known{On: day(s), Basis: fundtrail.KnownPublished}
}

// hostile is text that no form may take for its own.
const hostile = `<script>alert(1)</script> ]]> & "quoted" [x](javascript:alert(1)) *b* ` + "\x00\x1b[31m\u202e"

// small are records in which everything happens once.
func small() data.Contents {
	source := fundtrail.Source{URL: "https://example.org/a?b=1&c=2", Title: "The Corner Gazette " + hostile, Published: day("2024-03-02"), Retrieved: day("2026-01-01")}
	usd := fundtrail.NewAmount
	when := fundtrail.When{From: day("2024-03-02"), To: day("2024-03-02")}
	return data.Contents{
		Incidents: []fundtrail.Incident{{
			ID: "corner", Name: "Corner Shop theft " + hostile, Happened: day("2024-02-01"), Kind: fundtrail.RobbedExchange,
			Dates: []fundtrail.DateClaim{{What: "happened", From: day("2024-02-01"), To: day("2024-02-01"), Confidence: 90, Known: known("2024-02-01"), Source: source}},
			Losses: []fundtrail.LossClaim{
				{USD: usd(1_000_000), Qualifier: "about", By: "police", Confidence: 60, Known: known("2024-03-02"), Source: source},
				{USD: usd(2_000_000), By: "The Corner Gazette", Note: hostile, Confidence: 60, Known: known("2025-03-02"), Source: source},
			},
			Attributions: []fundtrail.AttributionClaim{
				{Actor: "robbers", By: "police", Date: day("2024-03-01"), Confidence: 90, Known: known("2024-03-01"), Source: source},
				{Actor: "robbers", By: "a lawyer", Denied: true, Confidence: 40, Known: known("2024-03-05"), Source: source},
			},
			Figures: []fundtrail.Figure{{What: fundtrail.FigureThrough, USD: usd(400_000), Through: "tumbler", By: "police", Confidence: 60, Known: known("2024-03-02"), Source: source}},
		}},
		Actions: []fundtrail.Action{
			{ID: "2024-03-02-board-tumbler", Name: "Tumbler designated", Summary: "The Board listed Tumbler " + hostile, Kind: fundtrail.Designated, When: when, List: "wanted",
				By: []fundtrail.Agency{{Name: "The Board", Country: "US", Known: known("2024-03-02"), Confidence: 90, Source: source}},
				Of: []string{"tumbler"}, Incidents: []string{"corner"}, Known: known("2024-03-02"), Confidence: 90, Source: source,
				Figures: []fundtrail.Figure{{What: fundtrail.FigureThings, Quantity: "2", Unit: "Bitcoin addresses", By: "The Board", Confidence: 90, Known: known("2024-03-02"), Source: source}}},
		},
		Proceedings: []fundtrail.Proceeding{{
			ID: "us-v-mixer", Name: "United States v. Mixer", Kind: fundtrail.Criminal, Court: "A court", Jurisdiction: "US", Services: []string{"tumbler"},
			Parties: []fundtrail.CourtParty{{Actor: "mixer", Role: "defendant", Known: known("2024-03-02"), Confidence: 90, Source: source}},
			Charges: []fundtrail.Charge{{Count: 1, Text: "money laundering", Known: known("2024-03-02"), Confidence: 90, Source: source}},
			Events: []fundtrail.CourtEvent{
				{What: fundtrail.Charged, When: when, Charges: []int{1}, Text: "He was charged.", Known: known("2024-03-02"), Confidence: 90, Source: source},
				{What: fundtrail.LastSeen, When: fundtrail.When{From: day("2024-03-20"), To: day("2024-03-20")}, Text: "The sources end.", Known: known("2024-03-20"), Confidence: 90, Source: source},
			},
			Known: known("2024-03-02"), Confidence: 90, Source: source,
		}},
		Publications: []fundtrail.Publication{{ID: "gazette", Name: "The Corner Gazette", Definition: "all", Figures: []fundtrail.Figure{
			{What: fundtrail.FigureStolen, Actor: "robbers", USD: usd(5_000_000), Period: fundtrail.When{From: day("2024-01-01"), To: day("2024-12-31")}, By: "The Corner Gazette", Confidence: 60, Known: known("2025-01-10"), Source: source},
		}, Known: known("2025-01-10"), Confidence: 60, Source: source}},
		Actors:   []fundtrail.Actor{{ID: "robbers", Name: "The Robbers", Category: "hacking"}, {ID: "mixer", Name: "A. Mixer", Category: "user"}, {ID: "tumbler", Name: "Tumbler", Category: "mixing_service"}},
		Services: []data.Service{{ID: "tumbler", Name: "Tumbler", Actor: "tumbler", Category: "mixing_service"}},
	}
}

func briefOf(t *testing.T, asOf, knownBy, since string, o brief.Options) *brief.Brief {
	t.Helper()
	var by time.Time
	if knownBy != "" {
		by = day(knownBy)
	}
	if since != "" {
		o.Since = day(since)
	}
	b, err := brief.New(record.New(small(), data.Contents{}).At(day(asOf), by), brief.Inputs{}, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func item(t *testing.T, b *brief.Brief, id string) *brief.Item {
	t.Helper()
	for _, s := range b.Sections {
		for i := range s.Items {
			if s.Items[i].ID == id {
				return &s.Items[i]
			}
		}
	}
	t.Fatalf("no item %s", id)
	return nil
}

// TestClaimsSideBySide: contradicting claims are both told, each with what it cites, and one
// that was published after the day is told as such, or left out where it must be known.
func TestClaimsSideBySide(t *testing.T) {
	b := briefOf(t, "2024-03-10", "", "", brief.Options{})
	in := item(t, b, "incidents/corner")
	var losses []brief.Line
	for _, l := range in.Lines {
		if l.Group == "loss" {
			losses = append(losses, l)
		}
	}
	if len(losses) != 2 || losses[0].Later || !losses[1].Later || losses[0].Cites[0] == losses[1].Cites[0] {
		t.Errorf("losses %+v: want two, with sources of their own, the second published later", losses)
	}
	if v := in.Values[0]; v.Least != "1000000" || v.Most != "2000000" || v.Count != 2 {
		t.Errorf("value %+v: want the range of both", v)
	}
	if !strings.Contains(in.Text, "$1 million to $2 million") {
		t.Errorf("%q lacks the range", in.Text)
	}
	item(t, b, "open/loss/corner")
	item(t, b, "open/attribution/corner")

	only := item(t, briefOf(t, "2024-03-10", "2024-03-10", "", brief.Options{}), "incidents/corner")
	if v := only.Values[0]; v.Most != "1000000" {
		t.Errorf("known by the day, the loss is %+v", v)
	}
}

// TestStandings: what the acts and events up to the day say, and no more.
func TestStandings(t *testing.T) {
	b := briefOf(t, "2024-03-10", "", "", brief.Options{})
	if m := item(t, b, "mixer/tumbler"); m.Topic != "listed" || len(m.Lines) != 2 {
		t.Errorf("mixer %+v: want it listed, with its addresses and what went through it", m)
	}
	if c := item(t, b, "case/us-v-mixer/mixer"); !strings.Contains(c.Text, "charged 2 March 2024 (count 1)") {
		t.Errorf("case %q", c.Text)
	}
	open := item(t, b, "open/case/us-v-mixer/mixer")
	if !strings.Contains(open.Text, "hold no outcome") {
		t.Errorf("open %q", open.Text)
	}
	if open = item(t, briefOf(t, "2024-04-01", "", "", brief.Options{}), "open/case/us-v-mixer/mixer"); !strings.Contains(open.Text, "do not support any statement") || open.Topic != "unsupported" {
		t.Errorf("open %q", open.Text)
	}
	for _, s := range briefOf(t, "2024-03-01", "", "", brief.Options{}).Sections {
		if s.ID == "mixers" && len(s.Items) > 0 {
			t.Error("the mixer stands listed before it was")
		}
	}
}

// TestSince: the newsletter holds what happened or became known in its days.
func TestSince(t *testing.T) {
	b := briefOf(t, "2025-04-01", "", "2025-03-01", brief.Options{})
	if !b.Changes || len(b.Sections) != 2 {
		t.Errorf("%d sections: want what is new and what traces found", len(b.Sections))
	}
	in := item(t, b, "new/incidents/corner/2025-03-02")
	if len(in.Lines) != 1 || in.Lines[0].Values[0].By != "The Corner Gazette" {
		t.Errorf("lines %+v: want the loss that became known, alone", in.Lines)
	}
	if b = briefOf(t, "2024-03-10", "", "", brief.Options{}); item(t, b, "new/actions/2024-03-02-board-tumbler").Topic != "designation" {
		t.Error("the designation is not new")
	}
	if _, err := brief.New(record.New(small(), data.Contents{}).At(day("2024-03-10"), time.Time{}), brief.Inputs{}, brief.Options{Since: day("2024-04-01")}); err == nil {
		t.Error("since after the day: no error")
	}
}

// TestEveryLineCites: no sentence stands without a number, but those that count records, and
// every number leads to a reference.
func TestEveryLineCites(t *testing.T) {
	for _, lang := range brief.Langs {
		b := briefOf(t, "2025-04-01", "", "", brief.Options{Lang: lang})
		for _, s := range b.Sections {
			for i := range s.Items {
				it := &s.Items[i]
				for _, l := range append([]brief.Line{it.Line}, it.Lines...) {
					if len(l.Cites) == 0 && it.Topic != "count" {
						t.Errorf("%s %s: %q cites nothing", lang, it.ID, l.Text)
					}
					if l.Kind != brief.Fact && l.Kind != brief.Claim && l.Kind != brief.Inference {
						t.Errorf("%s %s: kind %q", lang, it.ID, l.Kind)
					}
					for _, n := range l.Cites {
						if n < 1 || n > len(b.References) || b.References[n-1].Number != n {
							t.Errorf("%s: cites %d of %d", it.ID, n, len(b.References))
						}
					}
				}
			}
		}
	}
}

var writers = map[string]func(io.Writer, *brief.Brief) error{
	"md": brief.Markdown, "html": brief.HTML, "json": brief.JSON, "rss": brief.RSS, "atom": brief.Atom,
	"eml": func(w io.Writer, b *brief.Brief) error { return brief.Mail(w, b, brief.Envelope{}) },
}

func write(t *testing.T, form string, b *brief.Brief) string {
	t.Helper()
	var out bytes.Buffer
	if err := writers[form](&out, b); err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	return out.String()
}

// TestSameBytes: the same records and options give the same bytes in every form, and writing
// one form leaves the others as they were.
func TestSameBytes(t *testing.T) {
	b := briefOf(t, "2025-04-01", "", "2024-01-01", brief.Options{Lang: brief.Korean})
	first := map[string]string{}
	for form := range writers {
		first[form] = write(t, form, briefOf(t, "2025-04-01", "", "2024-01-01", brief.Options{Lang: brief.Korean}))
	}
	for range 3 {
		for form := range writers {
			if write(t, form, b) != first[form] {
				t.Errorf("%s differs", form)
			}
		}
	}
}

// TestHostileText: what a record says never becomes markup.
func TestHostileText(t *testing.T) {
	b := briefOf(t, "2025-04-01", "", "", brief.Options{})
	for _, form := range []string{"html", "md", "rss", "atom"} {
		out := write(t, form, b)
		if strings.Contains(out, "<script") || strings.Contains(out, "\x1b") || strings.Contains(out, "\x00") || strings.Contains(out, "\u202e") {
			t.Errorf("%s holds a script or a control character", form)
		}
		if form == "md" && strings.Contains(out, "[x](") {
			t.Error("md holds a link of a record's making")
		}
	}
	page := write(t, "html", b)
	for _, outside := range []string{"src=\"http", "@import", "url(http", "<link rel=\"style"} {
		if strings.Contains(page, outside) {
			t.Errorf("the page fetches: %s", outside)
		}
	}
	figures := strings.SplitAfter(page, "</svg>")
	if len(figures) < 3 {
		t.Errorf("%d figures", len(figures)-1)
	}
	for _, f := range figures[:len(figures)-1] {
		d := xml.NewDecoder(strings.NewReader(f[strings.Index(f, "<svg"):]))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("figure: %v", err)
			}
		}
	}
}

// TestRSS holds the feed to the rules of RSS 2.0.
func TestRSS(t *testing.T) {
	var f struct {
		XMLName xml.Name `xml:"rss"`
		Version string   `xml:"version,attr"`
		Channel struct {
			Title       string `xml:"title"`
			Link        string `xml:"link"`
			Description string `xml:"description"`
			Language    string `xml:"language"`
			PubDate     string `xml:"pubDate"`
			Items       []struct {
				Title, Link, Description, PubDate string
				Date                              string `xml:"pubDate"`
				Name                              string `xml:"title"`
				To                                string `xml:"link"`
				GUID                              struct {
					Permalink string `xml:"isPermaLink,attr"`
					ID        string `xml:",chardata"`
				} `xml:"guid"`
			} `xml:"item"`
		} `xml:"channel"`
	}
	b := briefOf(t, "2025-04-01", "", "2024-01-01", brief.Options{Lang: brief.Japanese})
	if err := xml.Unmarshal([]byte(write(t, "rss", b)), &f); err != nil {
		t.Fatal(err)
	}
	c := f.Channel
	if f.Version != "2.0" || c.Title == "" || c.Description == "" || c.Language != "ja" || len(c.Items) < 3 {
		t.Errorf("channel %+v", c)
	}
	if _, err := url.ParseRequestURI(c.Link); err != nil {
		t.Errorf("link: %v", err)
	}
	if _, err := time.Parse(time.RFC1123Z, c.PubDate); err != nil {
		t.Errorf("pubDate: %v", err)
	}
	ids := map[string]bool{}
	for _, it := range c.Items {
		if it.Name == "" || ids[it.GUID.ID] || it.GUID.Permalink != "false" || !strings.HasPrefix(it.GUID.ID, "urn:uuid:") {
			t.Errorf("item %+v", it)
		}
		ids[it.GUID.ID] = true
		if _, err := time.Parse(time.RFC1123Z, it.Date); err != nil {
			t.Errorf("pubDate: %v", err)
		}
		if _, err := url.ParseRequestURI(it.To); err != nil {
			t.Errorf("link: %v", err)
		}
	}
	// The next feed tells what it has in common with this one under the same names.
	var next = f
	next.Channel.Items = nil
	if err := xml.Unmarshal([]byte(write(t, "rss", briefOf(t, "2025-05-01", "", "2024-02-15", brief.Options{Lang: brief.Japanese}))), &next); err != nil {
		t.Fatal(err)
	}
	common := 0
	for _, it := range next.Channel.Items {
		if ids[it.GUID.ID] {
			common++
		}
	}
	if common == 0 {
		t.Error("no guid is the same a month later")
	}
}

// TestAtom holds the feed to RFC 4287: ids that are IRIs and unlike each other, dates, an
// author, content.
func TestAtom(t *testing.T) {
	var f struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Title   string   `xml:"title"`
		Updated string   `xml:"updated"`
		Author  string   `xml:"author>name"`
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Updated string `xml:"updated"`
			Content string `xml:"content"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(write(t, "atom", briefOf(t, "2025-04-01", "", "2024-01-01", brief.Options{}))), &f); err != nil {
		t.Fatal(err)
	}
	if f.Title == "" || f.Author == "" || len(f.Entries) < 3 {
		t.Errorf("feed %+v", f)
	}
	ids := []string{f.ID}
	for _, e := range f.Entries {
		ids = append(ids, e.ID)
		if e.Title == "" || e.Content == "" {
			t.Errorf("entry %+v", e)
		}
		if _, err := time.Parse(time.RFC3339, e.Updated); err != nil {
			t.Error(err)
		}
	}
	uuid := regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) || slices.ContainsFunc(ids, func(s string) bool { return !uuid.MatchString(s) }) {
		t.Errorf("ids %v", ids)
	}
}

// TestMail reads the message back: its headers, both forms, and no line that is too long.
func TestMail(t *testing.T) {
	b := briefOf(t, "2025-04-01", "", "", brief.Options{Lang: brief.Korean})
	var out bytes.Buffer
	if err := brief.Mail(&out, b, brief.Envelope{From: "한국 <desk@example.org>", To: []string{"a@example.org", "B <b@example.org>"}}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(out.String(), "\r\n") {
		if len(line) > 998 || strings.ContainsRune(line, '\n') {
			t.Fatalf("line of %d bytes, or with a bare line feed", len(line))
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != b.Title {
		t.Errorf("subject %q, %v", subject, err)
	}
	for i := range len(m.Header.Get("Subject")) {
		if m.Header.Get("Subject")[i] > 126 {
			t.Fatal("a header is not ASCII")
		}
	}
	if to, err := m.Header.AddressList("To"); err != nil || len(to) != 2 {
		t.Errorf("to %v, %v", to, err)
	}
	if at, err := m.Header.Date(); err != nil || !at.Equal(day("2025-04-01")) {
		t.Errorf("date %v, %v", at, err)
	}
	kind, args, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, args["boundary"])
	want := map[string]string{"text/plain; charset=utf-8": write(t, "md", b), "text/html; charset=utf-8": ""}
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		text, ok := want[p.Header.Get("Content-Type")]
		if !ok {
			t.Errorf("a part of %s", p.Header.Get("Content-Type"))
		}
		if got := strings.ReplaceAll(string(body), "\r\n", "\n"); text != "" && strings.TrimSpace(got) != strings.TrimSpace(text) {
			t.Error("the text part is not the Markdown")
		} else if text == "" && !strings.Contains(got, "<html lang=\"ko\">") {
			t.Error("the HTML part is no page")
		}
		delete(want, p.Header.Get("Content-Type"))
	}
	if len(want) > 0 {
		t.Errorf("parts missing: %v", want)
	}
	if err := brief.Mail(io.Discard, b, brief.Envelope{To: []string{"no address\r\nBcc: x@example.org"}}); err == nil {
		t.Error("a header was put in by an address")
	}
}
