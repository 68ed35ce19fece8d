package plot

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// An Act is something that happened on a day, on one lane of a timeline.
type Act struct {
	Lane  string
	On    time.Time
	Until time.Time // zero: one day
	Label string
}

// Timeline draws acts by day, lane below lane. What each was is its title, which a pointer
// shows; the page tells the same in words.
func Timeline(s Style, acts []Act, from, to time.Time) string {
	const w, left, right, row, top = 760.0, 128.0, 10.0, 34.0, 6.0
	var lanes []string
	for _, a := range acts {
		if !contains(lanes, a.Lane) {
			lanes = append(lanes, a.Lane)
		}
	}
	h := top + row*float64(len(lanes)) + 28
	var c canvas
	c.open(w, h, s.Title)
	if !to.After(from) {
		to = from.AddDate(0, 0, 1)
	}
	all := to.Sub(from).Seconds()
	x := func(t time.Time) float64 {
		return left + min(max(t.Sub(from).Seconds()/all, 0), 1)*(w-left-right)
	}
	base := top + row*float64(len(lanes))
	for _, t := range years(from, to) {
		c.stroke(x(t), top, x(t), base+4, line, 1)
		c.text(x(t), base+18, "middle", soft, dateOf(t))
	}
	for i, lane := range lanes {
		y := top + row*(float64(i)+.5)
		c.stroke(left, y, w-right, y, line, 1)
		c.text(left-10, y+4, "end", ink, fits(lane, left-14))
		for _, a := range acts {
			if a.Lane != lane || a.On.Before(from) || a.On.After(to) {
				continue
			}
			at := x(a.On)
			fmt.Fprintf(&c, `<circle cx="%s" cy="%s" r="4.5" fill="%s" fill-opacity=".75" stroke="#fff"><title>%s</title></circle>`, num(at), num(y), blue,
				html.EscapeString(clean(strings.TrimSpace(a.On.Format(time.DateOnly)+" "+a.Label))))
			if !a.Until.IsZero() && x(a.Until)-at > 2 {
				c.stroke(at, y, x(a.Until), y, blue, 4)
			}
		}
	}
	return c.close()
}

// years are the beginnings of the years, or of the months of a short span, that a
// timeline marks.
func years(from, to time.Time) (out []time.Time) {
	step := func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }
	t := time.Date(from.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	if days := to.Sub(from).Hours() / 24; days < 800 {
		months := 1 + int(days)/240
		step = func(t time.Time) time.Time { return t.AddDate(0, months, 0) }
		t = time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	for ; !t.After(to); t = step(t) {
		if !t.Before(from) {
			out = append(out, t)
		}
	}
	return out
}

func dateOf(t time.Time) string {
	if t.Month() == 1 {
		return t.Format("2006")
	}
	return t.Format("2006-01")
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
