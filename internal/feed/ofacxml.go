package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// An element is one XML element with all that is in it. Names are without their
// namespace: the publishers change it from year to year.
type element struct {
	name  string
	attrs []xml.Attr
	text  string // of the element itself, without space around it
	kids  []*element
	bytes []byte // text while it is read
}

// attr returns an attribute's value, "" where it is not there.
func (e *element) attr(name string) string {
	for i := range e.attrs {
		if e.attrs[i].Name.Local == name {
			return e.attrs[i].Value
		}
	}
	return ""
}

// first returns the first element at a path of names; an empty one, never nil, where
// there is none.
func (e *element) first(path ...string) *element {
	for _, name := range path {
		i := slices.IndexFunc(e.kids, func(k *element) bool { return k.name == name })
		if i < 0 {
			return &element{}
		}
		e = e.kids[i]
	}
	return e
}

// get returns the text at a path of names.
func (e *element) get(path ...string) string { return e.first(path...).text }

// Bounds on what one entry may hold, against files made to exhaust memory.
const (
	maxDepth    = 64
	maxElements = 1 << 17
	maxText     = 1 << 22
)

// eachElement reads an XML file entry by entry, so that memory is that of one entry.
// Entries are the children of the root, and the children of those of its children that
// are named in open; visit gets the name of the parent and the entry. It refuses a file
// whose root is another, that is cut, or that goes on after its end.
func (u *usReader) eachElement(r io.Reader, root string, open []string, visit func(parent string, e *element) error) error {
	d := xml.NewDecoder(withoutBOM(r))
	var above []string     // the open elements that are not part of an entry
	var stack []*element   // those of the entry
	var elements, size int // of the entry
	closed := false
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			break
		} else if err != nil {
			return u.broken(d, root, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			name := t.Name.Local
			switch {
			case closed:
				return u.fail("%s: <%s> after the end of <%s>: two files in one", where(d), clip(name), root)
			case len(above) == 0 && name != root:
				return u.fail("want the root <%s>, found <%s>: this is another file%s", root, clip(name), errorPage(name))
			case len(above) == 0, len(above) == 1 && len(stack) == 0 && slices.Contains(open, name):
				above = append(above, name)
				continue
			}
			elements++
			if elements > maxElements || len(stack) > maxDepth {
				return u.tooLarge(d)
			}
			e := &element{name: name, attrs: t.Attr}
			if n := len(stack); n > 0 {
				stack[n-1].kids = append(stack[n-1].kids, e)
			}
			stack = append(stack, e)
		case xml.CharData:
			if n := len(stack); n > 0 {
				text := bytes.TrimSpace(t)
				if size += len(text); size > maxText {
					return u.tooLarge(d)
				}
				if e := stack[n-1]; len(e.bytes) > 0 && len(text) > 0 { // a comment stands within
					e.bytes = append(append(e.bytes, ' '), text...)
				} else {
					e.bytes = append(e.bytes, text...)
				}
			}
		case xml.EndElement:
			name := t.Name.Local
			if n := len(stack); n > 0 {
				e := stack[n-1]
				if e.name != name {
					return u.fail("%s: <%s> closed by </%s>", where(d), clip(e.name), clip(name))
				}
				e.text, e.bytes = string(e.bytes), nil
				stack = stack[:n-1]
				if n == 1 {
					elements, size = 0, 0
					if err := visit(above[len(above)-1], e); err != nil {
						return err
					}
				}
				continue
			}
			if n := len(above); n == 0 || above[n-1] != name {
				return u.fail("%s: </%s> closes nothing", where(d), clip(name))
			}
			above = above[:len(above)-1]
			closed = len(above) == 0
		}
	}
	if !closed {
		return u.broken(d, root, io.ErrUnexpectedEOF)
	}
	return nil
}

// broken says why the XML does not parse.
func (u *usReader) broken(d *xml.Decoder, root string, err error) error {
	var syntax *xml.SyntaxError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF") {
		if d.InputOffset() == 0 {
			return u.fail("empty file: want <%s>", root)
		}
		return u.fail("%s: the file ends before </%s>: it is cut", where(d), root)
	}
	if errors.As(err, &syntax) {
		return u.fail("line %d: no XML: %s", syntax.Line, clip(syntax.Msg))
	}
	return u.fail("%s: %v", where(d), err)
}

func (u *usReader) tooLarge(d *xml.Decoder) error {
	return errors.Join(u.fail("%s: one entry has more than %d elements, a depth of %d or %d bytes of text",
		where(d), maxElements, maxDepth, maxText), fundtrail.ErrLimit)
}

func where(d *xml.Decoder) string {
	line, _ := d.InputPos()
	return "line " + strconv.Itoa(line)
}

// errorPage says what a root of html means: a server answered with a page of its own.
func errorPage(root string) string {
	if strings.EqualFold(root, "html") {
		return ", a web page such as a server's error"
	}
	return ""
}

// parseSDNXML reads SDN.XML and CONSOLIDATED.XML, of any year's namespace.
func parseSDNXML(r io.Reader) (*List, error) {
	u := newUSReader("OFAC SDN.XML")
	entry := 0
	err := u.eachElement(r, "sdnList", nil, func(_ string, e *element) error {
		switch e.name {
		case "publshInformation", "publishInformation": // the first is how the schema spells it
			return u.publication(e)
		case "sdnEntry":
			entry++
			u.sdnEntry(entry, e)
		default:
			u.unread.add("element", e.name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if u.out.Published.IsZero() {
		u.unread.add("Publish_Date", "missing")
	}
	return u.finish(fundtrail.CoversNames | fundtrail.CoversWallets)
}

func (u *usReader) publication(e *element) error {
	for _, k := range e.kids {
		switch k.name {
		case "Publish_Date":
			day, ok := usDay(k.text)
			if !ok {
				return u.fail("Publish_Date %q: want a day such as 11/24/2025", clip(k.text))
			}
			u.out.Published = day
		case "Record_Count":
			n, err := strconv.Atoi(k.text)
			if err != nil || n < 0 {
				return u.fail("Record_Count %q: want a number", clip(k.text))
			}
			u.out.Stated = n
		default:
			u.unread.add("element", e.name+"/"+k.name)
		}
	}
	return nil
}

func (u *usReader) sdnEntry(entry int, e *element) {
	var p fundtrail.Party
	p.UID = e.get("uid")
	u.kind(&p, e.get("sdnType"))
	addPersonName(&p, e.get("lastName"), e.get("firstName"), fundtrail.MainName)
	if p.UID == "" || len(p.Names) == 0 || !u.isNew(p.UID) {
		u.reject(0, entry, p.UID, "sdnEntry %d: want a new uid and a name", entry)
		return
	}
	u.addNote(&p, "", e.get("remarks"))
	for _, k := range e.kids {
		switch k.name {
		case "uid", "firstName", "lastName", "sdnType", "remarks":
		case "title":
			u.addNote(&p, "Title", k.text)
		case "programList":
			for _, program := range k.kids {
				p.Programs = append(p.Programs, program.text)
			}
		case "idList":
			for _, id := range k.kids {
				u.sdnID(&p, id)
			}
		case "akaList":
			for _, aka := range k.kids {
				addPersonName(&p, aka.get("lastName"), aka.get("firstName"),
					u.aliasKind(aka.get("type"), aka.get("category") == "weak"))
			}
		case "addressList":
			for _, a := range k.kids {
				u.addCountry(&p, a.get("country"))
				var lines []string
				for _, part := range a.kids {
					if part.name != "uid" && part.text != "" {
						lines = append(lines, part.text)
					}
				}
				u.addNote(&p, "Address", strings.Join(lines, ", "))
			}
		case "nationalityList", "citizenshipList":
			for _, n := range k.kids {
				u.addCountry(&p, n.get("country"))
			}
		case "dateOfBirthList":
			for _, b := range k.kids {
				u.addBirth(&p, b.get("dateOfBirth"))
			}
		case "placeOfBirthList":
			for _, b := range k.kids {
				u.addNote(&p, "POB", b.get("placeOfBirth"))
			}
		case "vesselInfo":
			u.sdnVessel(&p, k)
		default:
			u.unread.add("element", k.name)
		}
	}
	u.out.Parties = append(u.out.Parties, p)
}

// addPersonName joins the two parts as the CSV files do: "FAMILY, Given".
func addPersonName(p *fundtrail.Party, family, given string, kind fundtrail.NameKind) {
	n := fundtrail.Name{Text: family, Kind: kind}
	switch {
	case given != "" && family != "":
		n.Text, n.Family, n.Given = family+", "+given, family, given
	case given != "":
		n.Text = given
	}
	addNameParts(p, n)
}

func (u *usReader) sdnID(p *fundtrail.Party, id *element) {
	typ, number := id.get("idType"), id.get("idNumber")
	u.addFeature(p, typ, number, id.get("idCountry"))
	var days []string
	for _, day := range []struct{ name, word string }{{"issueDate", "issued"}, {"expirationDate", "expires"}} {
		if text := id.get(day.name); text != "" {
			days = append(days, day.word+" "+text)
		}
	}
	if len(days) > 0 {
		u.addNote(p, "", typ+" "+number+" "+strings.Join(days, " "))
	}
}

func (u *usReader) sdnVessel(p *fundtrail.Party, v *element) {
	for _, k := range v.kids {
		switch k.name {
		case "callSign":
			if k.text != "" {
				u.addIdentifier(p, "Vessel Call Sign", k.text, "")
			}
		case "vesselFlag":
			u.addCountry(p, k.text)
		case "vesselType":
			u.addNote(p, "Vessel Type", k.text)
		case "vesselOwner":
			u.addNote(p, "Vessel Owner", k.text)
		case "tonnage":
			u.addNote(p, "Tonnage", k.text)
		case "grossRegisteredTonnage":
			u.addNote(p, "Gross Registered Tonnage", k.text)
		default:
			u.unread.add("element", "vesselInfo/"+k.name)
		}
	}
}
