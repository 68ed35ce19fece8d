package brief

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// home stands where a feed must link somewhere and nobody said where the brief stands.
const home = "https://github.com/fundtrail/fundtrail"

func parseDay(s string) (time.Time, error) { return time.Parse(time.DateOnly, s) }

// uuid names something for good: a UUID of version 8, made from its name alone.
func uuid(name string) string {
	sum := sha256.Sum256([]byte("fundtrail/brief " + name))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return "urn:uuid:" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// entry is one thing that a feed tells. Its id is made from the item's and the language's
// alone, so that a reader sees it once.
type entry struct {
	id, title, link, body string
	at                    time.Time
}

// entries are what is new.
func (b *Brief) entries() (out []entry) {
	for _, s := range b.Sections {
		if s.Part != "new" && !(b.Changes && s.Part == "traces") {
			continue
		}
		for i := range s.Items {
			item := &s.Items[i]
			e := entry{id: uuid(string(b.Lang) + "/" + b.Topic + "/" + item.ID), title: printable(item.Text), link: home}
			e.at, _ = parseDay(cmp.Or(item.Date, item.Known, b.AsOf))
			for _, n := range item.Cites {
				if link := webLink(b.References[n-1].URL); link != "" {
					e.link = link
					break
				}
			}
			var body bytes.Buffer
			if err := itemTemplate.Execute(&body, b.itemView(item)); err == nil {
				body.WriteString("<ol>")
				for _, n := range item.allCites() {
					r := &b.References[n-1]
					fmt.Fprintf(&body, `<li value="%d">%s`, n, escape(b.citation(r)))
					if link := webLink(r.URL); link != "" {
						fmt.Fprintf(&body, ` <a href="%s">%s</a>`, escape(link), escape(link))
					}
					body.WriteString("</li>")
				}
				body.WriteString("</ol>")
			}
			e.body = printable(body.String())
			out = append(out, e)
		}
	}
	return out
}

// allCites are the numbers of an item and its lines, in order.
func (it *Item) allCites() (out []int) {
	seen := map[int]bool{}
	take := func(list []int) {
		for _, n := range list {
			if !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	take(it.Cites)
	for _, l := range it.Lines {
		take(l.Cites)
	}
	return out
}

func (b *Brief) home() string { return cmp.Or(webLink(b.link), home) }

func (b *Brief) updated() time.Time {
	t, _ := parseDay(b.AsOf)
	return t
}

type rss struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Atom    string   `xml:"xmlns:atom,attr,omitempty"`
	Channel struct {
		Title       string    `xml:"title"`
		Link        string    `xml:"link"`
		Self        *rssSelf  `xml:"atom:link,omitempty"`
		Description string    `xml:"description"`
		Language    string    `xml:"language"`
		PubDate     string    `xml:"pubDate"`
		Generator   string    `xml:"generator,omitempty"`
		Items       []rssItem `xml:"item"`
	} `xml:"channel"`
}

type rssSelf struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type rssItem struct {
	Title       string `xml:"title"`
	Link        string `xml:"link"`
	Description string `xml:"description"`
	PubDate     string `xml:"pubDate"`
	GUID        struct {
		Permalink string `xml:"isPermaLink,attr"`
		ID        string `xml:",chardata"`
	} `xml:"guid"`
}

// RSS writes what is new as RSS 2.0. An item's guid is the same in every feed.
func RSS(w io.Writer, b *Brief) error {
	var f rss
	f.Version = "2.0"
	c := &f.Channel
	c.Title, c.Link, c.Language, c.Generator = printable(b.Title), b.home(), string(b.Lang), printable(b.Program)
	c.Description = printable(b.Lang.sentences(b.Scope))
	c.PubDate = b.updated().Format(time.RFC1123Z)
	if link := webLink(b.link); link != "" {
		f.Atom = "http://www.w3.org/2005/Atom"
		c.Self = &rssSelf{link, "self", "application/rss+xml"}
	}
	for _, e := range b.entries() {
		item := rssItem{Title: e.title, Link: e.link, Description: e.body, PubDate: e.at.Format(time.RFC1123Z)}
		item.GUID.Permalink, item.GUID.ID = "false", e.id
		c.Items = append(c.Items, item)
	}
	return writeXML(w, &f)
}

type atom struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string   `xml:"xml:lang,attr"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Sub     string   `xml:"subtitle"`
	Updated string   `xml:"updated"`
	Author  struct {
		Name string `xml:"name"`
	} `xml:"author"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Content struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"content"`
}

// Atom writes what is new as Atom (RFC 4287).
func Atom(w io.Writer, b *Brief) error {
	f := atom{Lang: string(b.Lang), ID: uuid("feed " + string(b.Lang) + "/" + b.Topic), Title: printable(b.Title), Sub: printable(b.Lang.sentences(b.Scope)), Updated: b.updated().Format(time.RFC3339)}
	f.Author.Name = "Fundtrail"
	f.Links = []atomLink{{"alternate", home}}
	if link := webLink(b.link); link != "" {
		f.Links = []atomLink{{"self", link}}
	}
	for _, e := range b.entries() {
		x := atomEntry{ID: e.id, Title: e.title, Updated: e.at.Format(time.RFC3339), Link: atomLink{"alternate", e.link}}
		x.Content.Type, x.Content.Text = "html", e.body
		f.Entries = append(f.Entries, x)
	}
	return writeXML(w, &f)
}

func writeXML(w io.Writer, v any) error {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", " ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write feed: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(w)
	return err
}
