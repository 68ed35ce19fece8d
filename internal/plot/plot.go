// Package plot draws figures that stand in a page or in a file of their own: ranges over
// years, ranges over names, amounts over time, and acts on a line of time. A figure is SVG
// without scripts, fonts or links; its colours are plain and told apart by shape too, so
// that it can be printed without colour. The same data draws the same bytes.
//
// A range is drawn from its least to its most, never as one bar from nothing to a mean.
package plot

import (
	"fmt"
	"html"
	"math"
	"strings"
	"unicode/utf8"
)

// A Range is what a figure shows of one year, one name or one source: from the least to
// the most, the same where there is one figure alone.
type Range struct {
	Label       string
	Least, Most float64
	Disputed    float64 // beyond Most, if what is disputed is counted too
	Marks       []Mark
	Note        string // shown beside it; empty for the range itself
	Unknown     bool   // there is something that no source gives a figure of
}

// A Mark is a single figure beside a range, such as a total that somebody published.
type Mark struct {
	At    float64
	Label string
}

// A Style is what all figures share.
type Style struct {
	Title string               // read out, and shown by a pointer that rests on the figure
	Print func(float64) string // an amount, on axes and beside bars
	Words Words
}

// Words are what a legend says.
type Words struct{ Range, Disputed, Mark string }

const (
	ink      = "#1f2933"
	soft     = "#616e7c"
	line     = "#cbd2d9"
	blue     = "#2f5d8a"
	pale     = "#b9cfe4"
	red      = "#a23b2a"
	hatching = `<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/><line x1="0" y1="0" x2="0" y2="6" stroke="` + soft + `" stroke-width="2"/></pattern></defs>`
)

type canvas struct{ strings.Builder }

func (c *canvas) open(w, h float64, title string) {
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" font-family="system-ui, 'Noto Sans', 'Noto Sans CJK KR', 'Noto Sans CJK JP', sans-serif" font-size="12" fill="%s">`, num(w), num(h), num(w), num(h), ink)
	fmt.Fprintf(c, `<title>%s</title>%s`, html.EscapeString(clean(title)), hatching)
}

func (c *canvas) text(x, y float64, anchor, fill, s string, more ...string) {
	fmt.Fprintf(c, `<text x="%s" y="%s" text-anchor="%s" fill="%s"%s>%s</text>`, num(x), num(y), anchor, fill, strings.Join(more, ""), html.EscapeString(clean(s)))
}

func (c *canvas) rect(x, y, w, h float64, fill, stroke string) {
	fmt.Fprintf(c, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s" stroke="%s"/>`, num(x), num(y), num(w), num(h), fill, stroke)
}

func (c *canvas) stroke(x1, y1, x2, y2 float64, colour string, width float64) {
	fmt.Fprintf(c, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s" stroke-width="%s"/>`, num(x1), num(y1), num(x2), num(y2), colour, num(width))
}

func (c *canvas) diamond(x, y float64, label string) {
	fmt.Fprintf(c, `<path d="M%s %sl4 4 -4 4 -4 -4z" fill="#fff" stroke="%s" stroke-width="1.5"><title>%s</title></path>`, num(x), num(y-4), red, html.EscapeString(clean(label)))
}

func (c *canvas) close() string {
	c.WriteString("</svg>\n")
	return c.String()
}

// clean drops what XML cannot hold and what turns the direction of text.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			return ' '
		case r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, s)
}

func num(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	s := fmt.Sprintf("%.1f", f)
	return strings.TrimSuffix(strings.TrimSuffix(s, ".0"), "-0")
}

// ticks are round steps that cover 0 to most, five of them at the most.
func ticks(most float64) []float64 {
	if !(most > 0) || math.IsInf(most, 0) {
		return []float64{0, 1}
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, m := range []float64{.1, .2, .25, .5, 1, 2, 5} {
		if most/(step*m) <= 5 {
			step *= m
			break
		}
	}
	out := []float64{0}
	for i := 1; out[len(out)-1] < most; i++ {
		out = append(out, step*float64(i))
	}
	return out
}

// width guesses how wide a text is: a letter of Chinese, Japanese or Korean is twice as
// wide as a Latin one.
func width(s string) float64 {
	w := 0.0
	for _, r := range s {
		if r >= 0x1100 {
			w += 12
		} else {
			w += 6.4
		}
	}
	return w
}

func fits(s string, room float64) string {
	if width(s) <= room {
		return s
	}
	r := []rune(s)
	for len(r) > 1 && width(string(r))+8 > room {
		r = r[:len(r)-1]
	}
	return strings.TrimSpace(string(r)) + "…"
}

func (r *Range) most() float64 {
	m := max(r.Most, r.Most+r.Disputed)
	for _, mark := range r.Marks {
		m = max(m, mark.At)
	}
	return m
}

func legend(c *canvas, s Style, x, y float64, ranges []Range) {
	var disputed, marks bool
	for _, r := range ranges {
		disputed = disputed || r.Disputed > 0
		marks = marks || len(r.Marks) > 0
	}
	item := func(draw func(x float64), words string) {
		if words == "" {
			return
		}
		draw(x)
		c.text(x+18, y+4, "start", soft, words)
		x += 18 + width(words) + 22
	}
	item(func(x float64) { c.rect(x, y-5, 12, 10, blue, blue) }, s.Words.Range)
	if disputed {
		item(func(x float64) { c.rect(x, y-5, 12, 10, "url(#hatch)", soft) }, s.Words.Disputed)
	}
	if marks {
		item(func(x float64) { c.diamond(x+6, y, s.Words.Mark) }, s.Words.Mark)
	}
}

// Columns draws ranges side by side, such as years: a bar from the least to the most,
// what is disputed above it, and marks.
func Columns(s Style, ranges []Range) string {
	const w, h, left, right, top, bottom = 760.0, 300.0, 98.0, 12.0, 14.0, 58.0
	var c canvas
	c.open(w, h, s.Title)
	most := 0.0
	for i := range ranges {
		most = max(most, ranges[i].most())
	}
	steps := ticks(most)
	top0, base := top, h-bottom
	y := func(v float64) float64 { return base - v/steps[len(steps)-1]*(base-top0) }
	for _, t := range steps {
		c.stroke(left, y(t), w-right, y(t), line, 1)
		c.text(left-8, y(t)+4, "end", soft, s.Print(t))
	}
	slot := (w - left - right) / float64(max(1, len(ranges)))
	bar := min(34, slot*.5)
	every := 1 // of so many labels one is shown, so that they do not run into each other
	for _, r := range ranges {
		every = max(every, int(math.Ceil((width(r.Label)+10)/slot)))
	}
	for i, r := range ranges {
		mid := left + slot*(float64(i)+.5)
		fmt.Fprintf(&c, `<g><title>%s</title>`, html.EscapeString(clean(r.Label+": "+note(s, r))))
		if r.Disputed > 0 {
			c.rect(mid-bar/2, y(r.Most+r.Disputed), bar, y(r.Most)-y(r.Most+r.Disputed), "url(#hatch)", soft)
		}
		if r.Most > 0 {
			if r.Least > 0 { // what every source agrees on, pale; the span between them, full
				c.rect(mid-bar/2, y(r.Least), bar, base-y(r.Least), pale, "none")
			}
			c.rect(mid-bar/2, y(r.Most), bar, max(2, y(r.Least)-y(r.Most)), blue, "none")
		}
		c.WriteString("</g>")
		for _, m := range r.Marks {
			c.diamond(mid, y(m.At), m.Label+": "+s.Print(m.At))
		}
		label := r.Label
		if r.Unknown {
			label += "*"
		}
		if i%every == 0 {
			c.text(mid, base+18, "middle", ink, label)
		}
	}
	legend(&c, s, left, h-14, ranges)
	return c.close()
}

func note(s Style, r Range) string {
	if r.Note != "" {
		return r.Note
	}
	if r.Least == r.Most {
		return s.Print(r.Most)
	}
	return s.Print(r.Least) + " – " + s.Print(r.Most)
}

// Rows draws ranges below each other, such as claims: the label above, the range as a
// bar, its figures beside it.
func Rows(s Style, ranges []Range) string {
	const w, left, right, row, top = 760.0, 4.0, 4.0, 40.0, 4.0
	h := top + row*float64(len(ranges)) + 30
	var c canvas
	c.open(w, h, s.Title)
	most := 0.0
	for i := range ranges {
		most = max(most, ranges[i].most())
	}
	steps := ticks(most)
	span := w - left - right - 12
	x := func(v float64) float64 { return left + v/steps[len(steps)-1]*span }
	base := top + row*float64(len(ranges))
	for _, t := range steps {
		c.stroke(x(t), top, x(t), base, line, 1)
		anchor := "middle"
		if t == 0 {
			anchor = "start"
		} else if t == steps[len(steps)-1] {
			anchor = "end"
		}
		c.text(x(t), base+18, anchor, soft, s.Print(t))
	}
	for i, r := range ranges {
		y := top + row*float64(i)
		shown := note(s, r)
		// White behind the words, so that the lines of the axis do not cross them.
		words := fits(r.Label, span-width(shown)-24)
		c.rect(left, y+2, width(words)+4, 16, "#fff", "none")
		c.text(left, y+14, "start", ink, words)
		c.rect(w-right-width(shown)-4, y+2, width(shown)+4, 16, "#fff", "none")
		c.text(w-right, y+14, "end", soft, shown)
		c.rect(left, y+20, max(1, x(r.Least)-left), 11, pale, "none")
		c.rect(x(r.Least), y+20, max(2, x(r.Most)-x(r.Least)), 11, blue, "none")
		if r.Disputed > 0 {
			c.rect(x(r.Most), y+20, x(r.Most+r.Disputed)-x(r.Most), 11, "url(#hatch)", soft)
		}
		for _, m := range r.Marks {
			c.diamond(x(m.At), y+25.5, m.Label+": "+s.Print(m.At))
		}
	}
	return c.close()
}
