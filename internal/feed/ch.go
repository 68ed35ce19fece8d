package feed

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// SECOSanctions is the list of the Swiss State Secretariat for Economic Affairs, in XML.
const SECOSanctions Format = "ch seco xml"

var secoForm = xmlForm{what: "SECO sanctions list", root: "swiss-sanctions-list"}

// A secoReader keeps what targets refer to, which may stand before or behind them.
type secoReader struct {
	*listReader
	programs map[string]string // of a sanctions set: its programme's key
	places   map[string]secoPlace
	targets  []secoTarget
}

type secoTarget struct {
	line, entry int
	party       *listing
	refs        []secoRef
}

// A secoRef is what a party refers to by number.
type secoRef struct{ what, id, text string }

type secoPlace struct{ text, code, country string }

func parseSECO(r io.Reader) (*List, error) {
	out := &secoReader{newListReader("ch-seco", secoForm.what), map[string]string{}, map[string]secoPlace{}, nil}
	err := secoForm.read(r, func(root, e *node) error {
		if out.list.Published.IsZero() {
			out.published("date", root.is("date"))
			if kind := root.is("list-type"); kind != "" && !strings.Contains(kind, "full") && !strings.Contains(kind, "consolidated") {
				return fmt.Errorf("a list of type %q holds changes alone: want the full list: %w", clip(kind), fundtrail.ErrInvalid)
			}
		}
		switch e.name {
		case "sanctions-program":
			out.program(e)
		case "place":
			out.place(e)
		case "target":
			out.entries++
			if t, stands := out.target(e); stands {
				out.targets = append(out.targets, t)
			}
		default:
			out.entries++
			out.reject(e.line, e.name, "found <%s>: want <sanctions-program>, <place> or <target>", clip(e.name))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, t := range out.targets {
		for _, ref := range t.refs {
			out.resolve(t.party, ref)
		}
		out.entries = t.entry
		out.keep(t.line, t.party)
	}
	return out.done()
}

func (r *secoReader) program(e *node) {
	key := ""
	for _, k := range e.all("program-key") {
		if key == "" || k.is("lang") == "eng" {
			key = k.value()
		}
	}
	for _, s := range e.all("sanctions-set") {
		r.programs[s.is("ssid")] = key
	}
}

func (r *secoReader) place(e *node) {
	country := e.first("country")
	p := secoPlace{code: country.is("iso-code"), country: country.value()}
	var parts []string
	for _, field := range []string{"location", "area", "country"} {
		if s := e.first(field).value(); s != "" {
			parts = append(parts, s)
		}
	}
	p.text = strings.Join(parts, ", ")
	r.places[e.is("ssid")] = p
}

// resolve adds what a number stands for.
func (r *secoReader) resolve(p *listing, ref secoRef) {
	if ref.what == "programme" {
		p.program(orElse(r.programs[ref.id], "sanctions set "+ref.id))
		return
	}
	place := r.places[ref.id]
	p.note(ref.what, strings.Join(filled([]string{ref.text, place.text}), ", "))
	if ref.what == "address" {
		p.country("country of an address", place.code, place.country)
	}
}

// target reads one party. stands is false for one that has left the list: the file
// keeps those, with the day.
func (r *secoReader) target(e *node) (t secoTarget, stands bool) {
	p := r.party(e.is("ssid"))
	t = secoTarget{line: e.line, entry: r.entries, party: p}
	last, day := "", ""
	for _, m := range e.all("modification") {
		kind, on := m.is("modification-type"), orElse(m.is("effective-date"), m.is("publication-date"))
		if kind == "listed" {
			p.listed("effective-date", on)
		}
		if kind == "listed" || kind == "de-listed" || kind == "re-listed" {
			if last == "" || on > day || on == day && kind == "de-listed" {
				last, day = kind, on
			}
		}
		m.useAll()
	}
	if last == "de-listed" {
		return t, false
	}
	body := e.child("individual")
	switch {
	case body != nil:
		p.Kind = fundtrail.Person
	case e.child("entity") != nil:
		body, p.Kind = e.child("entity"), fundtrail.Organisation
	case e.child("object") != nil:
		body = e.child("object")
		switch kind := body.is("object-type"); kind {
		case "vessel":
			p.Kind = fundtrail.Vessel
		case "aircraft":
			p.Kind = fundtrail.Aircraft
		default:
			p.unread.add("object type", kind)
		}
	}
	sets := []string{e.is("sanctions-set-id")}
	for _, s := range e.all("sanctions-set-id") {
		sets = append(sets, s.value())
	}
	for _, set := range sets {
		if set != "" {
			t.refs = append(t.refs, secoRef{what: "programme", id: set})
		}
	}
	for _, id := range e.all("foreign-identifier") {
		p.identifier("foreign identifier", id.value(), "")
	}
	for _, identity := range body.all("identity") {
		t.identity(identity)
	}
	for _, other := range e.all("other-information") {
		text := other.value()
		p.note("", text)
		p.walletsIn(text)
	}
	for _, why := range e.all("justification") {
		p.note("reasons", why.value())
	}
	e.ignore("relation")
	e.unread(r.unread)
	return t, true
}

func (t *secoTarget) identity(e *node) {
	p := t.party
	main := e.is("main") == "true"
	for _, n := range e.all("name") {
		p.secoName(n, main)
	}
	for _, d := range e.all("day-month-year") {
		text := d.is("year")
		if m := d.is("month"); text != "" && m != "" {
			text += "-" + m
			if day := d.is("day"); day != "" {
				text += "-" + day
			}
		}
		if from, to := d.is("from-year"), d.is("to-year"); text == "" && from != "" {
			text = from + "-" + to
		}
		if q := d.is("quality"); q == "approximate" || q == "circa" {
			text = "circa " + text
		}
		p.birth("date of birth", text)
	}
	for _, n := range e.all("nationality") {
		c := n.first("country")
		p.country("nationality", c.is("iso-code"), c.value())
	}
	for _, a := range e.all("address") {
		t.refs = append(t.refs, secoRef{"address", a.is("place-id"), strings.Join(texts(a), ", ")})
	}
	for _, b := range e.all("place-of-birth") {
		t.refs = append(t.refs, secoRef{what: "place of birth", id: b.is("place-id")})
	}
	for _, d := range e.all("identification-document") {
		issuer := d.first("issuer")
		country := issuer.is("code")
		p.identifier(orElse(d.is("document-type"), "document"), d.get("number"), orElse(country, issuer.value()))
		issuer.value()
		p.note(strings.TrimSpace(d.is("document-type")+" "+d.get("number")), strings.TrimSpace(d.get("remark")+" "+d.get("date-of-issue")+" "+d.get("expiry-date")))
	}
}

// secoName puts a name together from its parts, once as it is and once for every
// spelling that the parts have.
func (l *listing) secoName(e *node, main bool) {
	kind := fundtrail.Alias
	switch t := e.is("name-type"); t {
	case "primary-name":
		if main {
			kind = fundtrail.MainName
		}
	case "alias", "":
	case "formerly-known-as", "maiden-name":
		kind = fundtrail.FormerName
	default:
		l.unread.add("name type", t)
	}
	if e.is("quality") == "low" {
		kind = fundtrail.WeakAlias
	}
	parts := e.all("name-part")
	slices.SortStableFunc(parts, func(a, b *node) int {
		x, _ := strconv.Atoi(a.is("order")) // a part without an order comes first
		y, _ := strconv.Atoi(b.is("order"))
		return cmp.Compare(x, y)
	})
	name := fundtrail.Name{Kind: kind}
	var texts, given, family []string
	for _, p := range parts {
		v := p.get("value")
		texts = append(texts, v)
		switch p.is("name-part-type") {
		case "given-name", "further-given-name":
			given = append(given, v)
		case "family-name":
			family = append(family, v)
		}
	}
	name.Text = strings.Join(texts, " ")
	if len(given) > 0 && len(family) > 0 {
		name.Given, name.Family = strings.Join(given, " "), strings.Join(family, " ")
	}
	l.name(name)

	type spelling struct{ lang, script, order string }
	var all []spelling
	of := map[spelling]map[*node]string{}
	for _, p := range parts {
		for _, v := range p.all("spelling-variant") {
			s := spelling{v.is("lang"), v.is("script"), v.is("order")}
			if of[s] == nil {
				of[s] = map[*node]string{}
				all = append(all, s)
			}
			of[s][p] = v.value()
		}
	}
	if kind == fundtrail.MainName {
		kind = fundtrail.Alias
	}
	for _, s := range all {
		var variant []string
		for _, p := range parts {
			if v := of[s][p]; v != "" {
				variant = append(variant, v)
			} else if s.script == "" || strings.EqualFold(s.script, "latn") {
				variant = append(variant, p.get("value")) // as it is in the other spelling
			}
		}
		l.name(fundtrail.Name{Text: strings.Join(variant, " "), Kind: kind})
	}
}
