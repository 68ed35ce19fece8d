// Package brief writes what the records hold, on one day, for people who must act on it: what
// is new, what stands, what traces found, and what is open.
//
// Every sentence is made from records by a template and cites them by number; nothing is said
// that no record carries. What a record says in its own words is quoted as such. Each line says
// whether it is a fact, a claim or an inference, and claims that contradict each other stand
// side by side. New builds a [Brief] out of a view of the records, which is cut to the two clocks already;
// the writers (Markdown, HTML, JSON, RSS, Atom, e-mail) only write it.
//
// The package is pure: the same records, traces and options give the same bytes. The day is the
// view's, because this package reads no clock.
package brief

import (
	"fmt"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/plot"
	"github.com/fundtrail/fundtrail/internal/report"
)

// Schema names the version of [Brief] as JSON, as report.Schema does a trace's.
const Schema = "fundtrail.brief/1"

// Kind says what a line is: the same word as everywhere else.
type Kind string

const (
	Fact      Kind = "fact"
	Claim     Kind = "claim"
	Inference Kind = "inference"
)

// Options say what is asked.
type Options struct {
	Since   time.Time // a day: only what changed from it on; zero: everything that stands
	Days    int       // without Since: how many days back is new, 14 if it is zero
	Topic   string    // "dprk", "" for all
	Lang    Lang      // English if it is ""
	Program string    // "fundtrail 1.0", for the foot of the page
	Link    string    // where the brief will stand, for feeds; "" for nowhere

	asOf, knownBy time.Time // the view's
}

// DefaultDays is how many days back is new where nothing else is said.
const DefaultDays = 14

// Inputs are what a brief rests on beside the records.
type Inputs struct {
	Traces []Traced
}

// A Traced is the report of a trace, and what to call it.
type Traced struct {
	Name   string // the file's, or where it comes from
	Report *report.Document
}

// A Brief is what is said, in one language.
type Brief struct {
	Schema     string      `json:"schema"`
	Program    string      `json:"program"`
	Lang       Lang        `json:"language"`
	Title      string      `json:"title"`
	Scope      []string    `json:"scope"` // sentences that say which day, which clock and which records
	AsOf       string      `json:"as_of"`
	KnownBy    string      `json:"known_by,omitempty"`
	Since      string      `json:"since"` // from which day on something is new
	Changes    bool        `json:"changes_only"`
	Topic      string      `json:"topic,omitempty"`
	Sections   []Section   `json:"sections"`
	References []Reference `json:"references"`
	Figures    []Plot      `json:"-"`

	link string
}

// A Section is one part of a brief. Part is "new", "stands", "traces" or "open".
type Section struct {
	ID    string `json:"id"`
	Part  string `json:"part"`
	Title string `json:"title"`
	Items []Item `json:"items"`
}

// An Item is one thing that is told: its own line, and the lines that carry it.
type Item struct {
	ID    string   `json:"id"` // the same in every brief: "case/us-v-storm/roman-storm"
	Topic string   `json:"topic"`
	About []string `json:"about"` // ids of records
	Line
	Lines []Line `json:"lines,omitempty"`
}

// A Line is one sentence, or a part of one where its Group holds several.
type Line struct {
	Kind   Kind    `json:"kind"`
	Group  string  `json:"group,omitempty"` // what the lines with it are together, such as "loss"
	Text   string  `json:"text"`
	Quote  string  `json:"quote,omitempty"` // a record's own words, as they are
	Date   string  `json:"date,omitempty"`  // when it happened
	Until  string  `json:"until,omitempty"`
	Known  string  `json:"known,omitempty"`       // from which day it is known to have been public
	Basis  string  `json:"known_basis,omitempty"` // what Known rests on
	Later  bool    `json:"published_later,omitempty"`
	Method string  `json:"method,omitempty"` // of an inference
	Values []Value `json:"values,omitempty"`
	Cites  []int   `json:"cites"`
}

// A Value is a number of a line. A single figure has the same least and most.
type Value struct {
	What      string `json:"what"` // stolen, through, addresses, counts…
	Least     string `json:"least"`
	Most      string `json:"most"`
	Unit      string `json:"unit"` // USD is whole dollars
	Qualifier string `json:"qualifier,omitempty"`
	Count     int    `json:"count,omitempty"` // how many claims or thefts it rests on
	Of        string `json:"of,omitempty"`
	Through   string `json:"through,omitempty"`
	By        string `json:"by,omitempty"`
}

// A Reference is one claim, or several of one record that share everything here.
type Reference struct {
	Number     int      `json:"number"`
	Record     string   `json:"record"` // "incidents/ronin-bridge"
	Claims     []string `json:"claims"` // which of its claims: "losses 1"
	By         string   `json:"by,omitempty"`
	Title      string   `json:"title"`
	URL        string   `json:"url,omitempty"`
	Published  string   `json:"published,omitempty"`
	Retrieved  string   `json:"retrieved,omitempty"`
	Known      string   `json:"known,omitempty"`
	Basis      string   `json:"known_basis,omitempty"`
	Confidence int      `json:"confidence"`
	Yours      string   `json:"yours,omitempty"` // the folder, where a record of the user's says it
}

// A Plot is a figure of the page, with the section that it stands in.
type Plot struct {
	Section, Title, Note, SVG string
}

// check refuses options that make no sense, and fills in the rest.
func (o *Options) check() error {
	if o.asOf.IsZero() {
		return fmt.Errorf("brief: no day: %w", fundtrail.ErrInvalid)
	}
	if o.Lang == "" {
		o.Lang = English
	}
	if _, ok := ParseLang(string(o.Lang)); !ok {
		return fmt.Errorf("brief: language %q: %w", o.Lang, fundtrail.ErrInvalid)
	}
	if o.Since.After(o.asOf) {
		return fmt.Errorf("brief: since %s is after %s: %w", o.Since.Format(time.DateOnly), o.asOf.Format(time.DateOnly), fundtrail.ErrInvalid)
	}
	if o.Days <= 0 {
		o.Days = DefaultDays
	}
	return nil
}

// style is what the figures of a brief share.
func (l Lang) style(title string) plot.Style {
	return plot.Style{Title: title, Print: l.axis, Words: plot.Words{
		Range: l.say("plot.range"), Disputed: l.say("plot.disputed"), Mark: l.say("plot.mark"),
	}}
}
