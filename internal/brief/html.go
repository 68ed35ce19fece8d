package brief

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"io"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Parse(pageSource))
	itemTemplate = pageTemplate.Lookup("item")
)

func escape(s string) string { return html.EscapeString(printable(s)) }

// HTML writes the brief as one file that a browser opens from disk: no script, nothing
// fetched, and a policy in its head that forbids both.
func HTML(w io.Writer, b *Brief) error { return htmlPage(w, b, true) }

// A lineView is a line for the page.
type lineView struct {
	Text, Kind, KindName, Mark, Quote string
	Cites                             []run
}

type itemView struct {
	ID   string
	Main lineView
	// Paras are the lines below it, group by group.
	Paras []paraView
}

type paraView struct {
	Name  string
	Lines []lineView
}

type sectionView struct {
	ID, Head, Title, None string
	Sub                   bool
	First                 bool // the figures stand before the items, not after the first of them
	Items                 []itemView
	Plots                 []plotView
}

type plotView struct {
	Title, Note string
	SVG         template.HTML
}

type referenceView struct {
	Number      int
	Text, Where string
	Link        string
}

type pageView struct {
	Lang, Title, Scope, References, Foot, Made string
	Sections                                   []sectionView
	Refs                                       []referenceView
}

func (b *Brief) lineView(l *Line, kind bool) lineView {
	v := lineView{Text: printable(l.Text), Kind: string(l.Kind), Mark: b.mark(l), Cites: runs(l.Cites)}
	if kind {
		v.KindName = b.Lang.say("kind." + string(l.Kind))
	}
	return v
}

func (b *Brief) itemView(item *Item) itemView {
	v := itemView{ID: item.ID, Main: b.lineView(&item.Line, true)}
	if item.Quote != "" {
		v.Main.Quote = printable(b.Lang.say("quote", "words", item.Quote))
	}
	for _, p := range b.paragraphs(item) {
		pv := paraView{Name: p.Name}
		for i := range p.Lines {
			l := b.lineView(&p.Lines[i], p.Lines[i].Kind != "" && p.Lines[i].Kind != item.Kind)
			switch {
			case p.Lines[i].Quote == "":
			case p.Name == "":
				l.Quote = printable(b.Lang.say("quote", "words", p.Lines[i].Quote))
			default:
				l.Quote = printable(b.Lang.quoted(p.Lines[i].Quote))
			}
			pv.Lines = append(pv.Lines, l)
		}
		v.Paras = append(v.Paras, pv)
	}
	return v
}

func htmlPage(w io.Writer, b *Brief, plots bool) error {
	v := pageView{Lang: string(b.Lang), Title: printable(b.Title), Scope: b.Lang.sentences(b.Scope), References: b.Lang.say("section.references"), Foot: b.Lang.say("foot.confidence")}
	if b.Program != "" {
		v.Made = b.Lang.say("made", "program", b.Program)
	}
	heads := b.heads()
	for i := range b.Sections {
		s := &b.Sections[i]
		sv := sectionView{ID: s.ID, Head: heads[i], Title: s.Title, Sub: s.Part == "stands", First: s.ID == "mixers", None: b.empty(s)}
		for j := range s.Items {
			sv.Items = append(sv.Items, b.itemView(&s.Items[j]))
		}
		for _, p := range b.Figures {
			if plots && p.Section == s.ID {
				sv.Plots = append(sv.Plots, plotView{p.Title, p.Note, template.HTML(p.SVG)}) // plot escapes what it is given
			}
		}
		v.Sections = append(v.Sections, sv)
	}
	for i := range b.References {
		r := &b.References[i]
		v.Refs = append(v.Refs, referenceView{r.Number, printable(b.citation(r)), printable(b.where(r)), webLink(r.URL)})
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", b.Lang)
	sum := sha256.Sum256([]byte(pageStyle))
	fmt.Fprintf(&out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n", base64.StdEncoding.EncodeToString(sum[:]))
	out.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n")
	fmt.Fprintf(&out, "<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n", escape(b.Title), pageStyle)
	if err := pageTemplate.Execute(&out, v); err != nil {
		return fmt.Errorf("write brief: %w", err)
	}
	out.WriteString("</body>\n</html>\n")
	_, err := out.WriteTo(w)
	return err
}
