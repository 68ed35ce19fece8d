package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// The decoder of POST /v1/screen's body. Written by hand because a batch of 10,000
// addresses spends most of its time here otherwise, and stricter than encoding/json
// where a body that is read differently than it was meant gives a wrong verdict: an
// unknown or repeated member, a lone surrogate and invalid UTF-8 are refused. What it
// takes it reads as encoding/json does; a fuzz target holds it to that.

// MaxItems is the most items of one batch.
const MaxItems = 10_000

// A batch is a decoded body.
type batch struct {
	items []item
	full  []options // of the items that say more than their text
}

// An item is one text to screen.
type item struct {
	text string
	with int // its place in batch.full; -1: the batch's defaults
}

// options are what an item, or a batch for all its items, may say.
type options struct {
	id        string
	kind      screen.Kind
	chain     fundtrail.Chain
	asOf      time.Time
	known     time.Time
	party     fundtrail.PartyKind
	births    []string
	countries []string
	threshold float64
	limit     int
}

func (o *options) question(text string) screen.Question {
	return screen.Question{
		Text: text, Kind: o.kind, Chain: o.chain, AsOf: o.asOf, Known: o.known,
		Party: o.party, Births: o.births, Countries: o.countries, Threshold: o.threshold, Limit: o.limit,
	}
}

// decodeBatch reads a body. defaults are those of its own members outside items, and
// fill what an item leaves out.
func decodeBatch(body string, into *batch) (defaults options, err error) {
	into.items, into.full = into.items[:0], into.full[:0]
	if !utf8.ValidString(body) {
		return defaults, invalid("body", "is not UTF-8; send JSON in UTF-8")
	}
	d := decoder{s: body}
	var seen members
	sawItems := false
	err = d.object(&seen, func(name string) error {
		if name != "items" {
			return d.option(name, &defaults, &seen, false)
		}
		sawItems = true
		return d.items(into)
	})
	if err == nil {
		err = d.end()
	}
	switch {
	case err != nil:
		return defaults, err
	case !sawItems:
		return defaults, invalid("body.items", `is missing; want {"items": ["0x…", {"text": "…"}]}`)
	case len(into.items) == 0:
		return defaults, invalid("body.items", "is empty; give 1 to 10,000 items")
	}
	for i := range into.full {
		into.full[i].inherit(&defaults)
	}
	return defaults, nil
}

// inherit fills what an item does not say itself. Evidence about a name is never
// shared between items, and is not among the members of a batch.
func (o *options) inherit(from *options) {
	if o.kind == "" {
		o.kind = from.kind
	}
	if o.chain == "" {
		o.chain = from.chain
	}
	if o.asOf.IsZero() {
		o.asOf = from.asOf
	}
	if o.known.IsZero() {
		o.known = from.known
	}
	if o.threshold == 0 {
		o.threshold = from.threshold
	}
	if o.limit == 0 {
		o.limit = from.limit
	}
}

// A decoder reads JSON from the front of s.
type decoder struct {
	s    string
	i    int
	item int // the item being read plus one; 0 outside of items

	// The last time that was read: most batches have one, over and over.
	day    string
	dayEnd bool
	when   time.Time
}

// members are the names an object has had. No object here may have more.
type members struct {
	names [16]string
	n     int
}

func (m *members) add(name string) bool {
	if m.n == len(m.names) || slices.Contains(m.names[:m.n], name) {
		return false
	}
	m.names[m.n] = name
	m.n++
	return true
}

func (d *decoder) place(name string) string {
	at := "body"
	if d.item > 0 {
		at += ".items[" + strconv.Itoa(d.item-1) + "]"
	}
	if name != "" {
		at += "." + name
	}
	return at
}

// syntax is the error of JSON that is none.
func (d *decoder) syntax(want string) error {
	got := "the end of the body"
	if d.i < len(d.s) {
		r, _ := utf8.DecodeRuneInString(d.s[d.i:])
		got = strconv.QuoteRune(r)
	}
	return invalid(d.place(""), fmt.Sprintf("at byte %d: want %s, got %s", d.i, want, got))
}

func (d *decoder) space() {
	for d.i < len(d.s) && (d.s[d.i] == ' ' || d.s[d.i] == '\n' || d.s[d.i] == '\t' || d.s[d.i] == '\r') {
		d.i++
	}
}

// take skips space and then c, if c is next.
func (d *decoder) take(c byte) bool {
	d.space()
	if d.i < len(d.s) && d.s[d.i] == c {
		d.i++
		return true
	}
	return false
}

func (d *decoder) end() error {
	if d.space(); d.i < len(d.s) {
		return d.syntax("nothing after the object")
	}
	return nil
}

// object reads an object and calls member for each name, standing before its value.
func (d *decoder) object(seen *members, member func(name string) error) error {
	if !d.take('{') {
		return d.syntax("an object")
	}
	if d.take('}') {
		return nil
	}
	for {
		name, err := d.text("a member's name in quotes")
		if err != nil {
			return err
		}
		if !d.take(':') {
			return d.syntax("a colon")
		}
		if !seen.add(name) {
			return invalid(d.place(""), "the member "+quote(name)+" is there twice; keep one")
		}
		if err := member(name); err != nil {
			return err
		}
		if d.take(',') {
			continue
		}
		if d.take('}') {
			return nil
		}
		return d.syntax("a comma or }")
	}
}

// array reads an array and calls element before each value.
func (d *decoder) array(want string, element func() error) error {
	if !d.take('[') {
		return d.syntax(want)
	}
	if d.take(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if d.take(',') {
			continue
		}
		if d.take(']') {
			return nil
		}
		return d.syntax("a comma or ]")
	}
}

func (d *decoder) items(into *batch) error {
	err := d.array("an array of items", func() error {
		if len(into.items) == MaxItems {
			d.item = 0
			return problem(413, "too-large", "the batch has more than 10,000 items; send it in parts", Fault{"body.items", "want at most 10,000 items"})
		}
		d.item = len(into.items) + 1
		d.space()
		if d.i < len(d.s) && d.s[d.i] == '"' {
			text, err := d.text("")
			into.items = append(into.items, item{text, -1})
			return err
		}
		return d.itemObject(into)
	})
	d.item = 0
	return err
}

func (d *decoder) itemObject(into *batch) error {
	into.full = append(into.full, options{})
	o := &into.full[len(into.full)-1]
	var text string
	var seen members
	sawText := false
	d.space()
	if d.i >= len(d.s) || d.s[d.i] != '{' {
		return d.syntax("a text in quotes, or an object with a text")
	}
	err := d.object(&seen, func(name string) (err error) {
		if name != "text" {
			return d.option(name, o, &seen, true)
		}
		sawText = true
		text, err = d.text("a text in quotes")
		return err
	})
	if err == nil && !sawText {
		err = invalid(d.place("text"), "is missing; it is what is screened")
	}
	into.items = append(into.items, item{text, len(into.full) - 1})
	return err
}

const (
	batchMembers = "items, kind, chain, as_of, known_at, threshold, limit"
	itemMembers  = "text, id, kind, chain, as_of, known_at, party, births, countries, threshold, limit"
)

// option reads the value of one member. null is as if the member were not there.
func (d *decoder) option(name string, o *options, seen *members, ofItem bool) (err error) {
	if d.null() {
		if !d.known(name, ofItem) {
			return d.unknown(name, ofItem)
		}
		return nil
	}
	switch name {
	case "kind":
		var text string
		if text, err = d.text("a text in quotes"); err == nil {
			o.kind, err = parseKind(d.place(name), text)
		}
		return err
	case "chain":
		var text string
		if text, err = d.text("a text in quotes"); err == nil {
			o.chain, err = parseChain(d.place(name), text)
		}
		return err
	case "as_of":
		o.asOf, err = d.time(name, false)
		return err
	case "known_at":
		o.known, err = d.time(name, true)
		return err
	case "threshold":
		o.threshold, err = d.number(name)
		if err == nil {
			err = checkThreshold(d.place(name), o.threshold)
		}
		return err
	case "limit":
		var f float64
		if f, err = d.number(name); err == nil {
			o.limit, err = checkLimit(d.place(name), f)
		}
		return err
	}
	if !ofItem {
		return d.unknown(name, ofItem)
	}
	switch name {
	case "id":
		if o.id, err = d.text("a text in quotes"); err == nil && len(o.id) > 200 {
			err = invalid(d.place(name), "is longer than 200 bytes; it is only echoed, so make it shorter")
		}
	case "party":
		var text string
		if text, err = d.text("a text in quotes"); err == nil {
			o.party, err = parseParty(d.place(name), text)
		}
	case "births":
		o.births, err = d.texts(name, checkBirth)
	case "countries":
		o.countries, err = d.texts(name, checkCountry)
	default:
		err = d.unknown(name, ofItem)
	}
	return err
}

func (d *decoder) known(name string, ofItem bool) bool {
	list := batchMembers
	if ofItem {
		list = itemMembers
	}
	return name != "text" && name != "items" && slices.Contains(strings.Split(list, ", "), name)
}

func (d *decoder) unknown(name string, ofItem bool) error {
	list := batchMembers
	if ofItem {
		list = itemMembers
	}
	return invalid(d.place(""), "the member "+quote(name)+" is not known; there are "+list)
}

func (d *decoder) null() bool {
	d.space()
	if strings.HasPrefix(d.s[d.i:], "null") {
		d.i += len("null")
		return true
	}
	return false
}

func (d *decoder) time(name string, end bool) (time.Time, error) {
	text, err := d.text("a day or a time in quotes")
	if err != nil {
		return time.Time{}, err
	}
	if text != d.day || end != d.dayEnd || d.day == "" {
		if d.when, err = parseTime(d.place(name), text, end); err != nil {
			return time.Time{}, err
		}
		d.day, d.dayEnd = text, end
	}
	return d.when, nil
}

const maxEvidence = 20 // births or countries of one item

func (d *decoder) texts(name string, check func(place, text string) (string, error)) (list []string, err error) {
	err = d.array("an array of texts", func() error {
		text, err := d.text("a text in quotes")
		if err != nil {
			return err
		}
		if len(list) == maxEvidence {
			return invalid(d.place(name), fmt.Sprintf("has more than %d texts", maxEvidence))
		}
		text, err = check(d.place(name), text)
		list = append(list, text)
		return err
	})
	return list, err
}

// number reads a JSON number.
func (d *decoder) number(name string) (float64, error) {
	d.space()
	start := d.i
	digits := func() bool {
		from := d.i
		for d.i < len(d.s) && d.s[d.i]-'0' <= 9 {
			d.i++
		}
		return d.i > from
	}
	d.skip('-')
	if !d.skip('0') && !digits() {
		return 0, d.syntax("a number")
	}
	if d.skip('.') && !digits() {
		return 0, d.syntax("a digit")
	}
	if d.skip('e') || d.skip('E') {
		if !d.skip('+') {
			d.skip('-')
		}
		if !digits() {
			return 0, d.syntax("a digit")
		}
	}
	f, err := strconv.ParseFloat(d.s[start:d.i], 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, invalid(d.place(name), "is out of range")
	}
	return f, nil
}

func (d *decoder) skip(c byte) bool {
	if d.i < len(d.s) && d.s[d.i] == c {
		d.i++
		return true
	}
	return false
}
