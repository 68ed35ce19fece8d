package feed

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding"

	"github.com/fundtrail/fundtrail"
)

// A node is one XML element and all that is in it. Names are without prefix,
// because publishers have changed their namespaces and not their words.
type node struct {
	name string
	attr []xml.Attr
	text []byte // its own text and that of no child
	kids []*node
	line int
	used bool // some rule has read it
}

// squeeze writes a text on one line, with single spaces.
func squeeze(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c > '~' || c < ' ' || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return strings.Join(strings.Fields(s), " ")
		}
	}
	return s // as nearly every text is
}

// value returns the node's text on one line and notes that it was read.
func (e *node) value() string {
	if e == nil {
		return ""
	}
	e.used = true
	return squeeze(string(e.text))
}

// child returns the first child of that name, nil where there is none.
func (e *node) child(name string) *node {
	if e == nil {
		return nil
	}
	for _, k := range e.kids {
		if strings.EqualFold(k.name, name) {
			return k
		}
	}
	return nil
}

// get returns the text of the first child of that name.
func (e *node) get(name string) string { return e.child(name).value() }

// all returns every node of that name below e, at any depth: publishers have put
// wrappers around things and taken them away again.
func (e *node) all(names ...string) (out []*node) {
	if e == nil {
		return nil
	}
	for _, k := range e.kids {
		if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, k.name) }) {
			out = append(out, k)
		} else {
			out = append(out, k.all(names...)...)
		}
	}
	return out
}

// first returns the first node of that name below e at any depth.
func (e *node) first(name string) *node {
	if all := e.all(name); len(all) > 0 {
		return all[0]
	}
	return nil
}

// is returns an attribute's value on one line.
func (e *node) is(name string) string {
	if e == nil {
		return ""
	}
	e.used = true
	for _, a := range e.attr {
		if strings.EqualFold(a.Name.Local, name) {
			return squeeze(a.Value)
		}
	}
	return ""
}

// ignore marks elements as known and not kept.
func (e *node) ignore(names ...string) {
	for _, k := range e.all(names...) {
		k.useAll()
	}
}

func (e *node) useAll() {
	e.used = true
	for _, k := range e.kids {
		k.useAll()
	}
}

// unread counts every element with a text that no rule has read.
func (e *node) unread(c counter) {
	if !e.used && len(bytes.TrimSpace(e.text)) > 0 {
		c.add("element", e.name)
	}
	for _, k := range e.kids {
		k.unread(c)
	}
}

// An xmlForm is a publisher's XML: which root it has, and which elements only hold the
// records that are read one at a time.
type xmlForm struct {
	what    string // "UN consolidated list"
	root    string
	holders []string
}

// Bounds for one record: far above any real one, and little enough for a hostile one.
const (
	recordBytes = 8 << 20
	recordDepth = 64
)

// read hands over the root, without what is in it, and then each record whole. It
// fails when the file is not of this form, or ends before its root does. No entity is
// ever looked up: those of XML itself are the only ones.
func (f xmlForm) read(r io.Reader, record func(root, e *node) error) error {
	broken := func(format string, args ...any) error {
		return fmt.Errorf("parse %s: "+format+": %w", append(append([]any{f.what}, args...), fundtrail.ErrInvalid)...)
	}
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, _ := in.Peek(3); string(mark) == "\ufeff" {
		_, _ = in.Discard(3) // it was peeked, so it is there
	}
	dec := xml.NewDecoder(in)
	var root *node
	var names []string     // of the open elements, with their prefixes
	var open []*node       // of the record being read
	var start, depth int64 // where the record began; how many elements hold it
	for {
		tok, err := dec.RawToken()
		line, _ := dec.InputPos()
		if err == io.EOF {
			switch {
			case root == nil:
				return broken("no XML element in it: want <%s>", f.root)
			case len(names) > 0:
				return broken("line %d: the file ends inside <%s>: it is cut short", line, names[len(names)-1])
			}
			return nil
		}
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) {
			what := syntax.Msg
			if root == nil {
				what += "; want <" + f.root + ">"
			}
			return broken("line %d: %s", syntax.Line, what)
		} else if err != nil {
			return fmt.Errorf("parse %s: line %d: %w", f.what, line, readError(err))
		}
		if len(open) > 0 && dec.InputOffset()-start > recordBytes {
			return fmt.Errorf("parse %s: line %d: a record of more than %d bytes: %w", f.what, open[0].line, recordBytes, fundtrail.ErrLimit)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			e := &node{name: t.Name.Local, attr: slices.Clone(t.Attr), line: line}
			full := t.Name.Space + ":" + t.Name.Local
			switch {
			case root == nil:
				if !strings.EqualFold(e.name, f.root) {
					if strings.EqualFold(e.name, "html") {
						return broken("line %d: it is a web page, not the list: want <%s>", line, f.root)
					}
					return broken("line %d: found <%s>: want <%s>", line, clip(e.name), f.root)
				}
				root = e
			case len(names) == 0:
				return broken("line %d: found <%s> after the end of <%s>", line, clip(e.name), f.root)
			case len(open) > 0:
				if len(open) >= recordDepth {
					return fmt.Errorf("parse %s: line %d: elements nested more than %d deep: %w", f.what, line, recordDepth, fundtrail.ErrLimit)
				}
				parent := open[len(open)-1]
				parent.kids = append(parent.kids, e)
				open = append(open, e)
			case slices.ContainsFunc(f.holders, func(h string) bool { return strings.EqualFold(h, e.name) }) && depth < recordDepth:
				depth++
			default:
				open, start = append(open, e), dec.InputOffset()
			}
			names = append(names, full)
		case xml.EndElement:
			full := t.Name.Space + ":" + t.Name.Local
			if len(names) == 0 || names[len(names)-1] != full {
				return broken("line %d: </%s> closes no open element", line, clip(t.Name.Local))
			}
			names = names[:len(names)-1]
			if len(open) == 0 {
				depth--
				break
			}
			done := open[len(open)-1]
			if open = open[:len(open)-1]; len(open) == 0 {
				if err := record(root, done); err != nil {
					return fmt.Errorf("parse %s: line %d: %w", f.what, done.line, err)
				}
			}
		case xml.CharData:
			if len(open) > 0 {
				e := open[len(open)-1]
				e.text = append(e.text, t...)
			} else if s := strings.TrimSpace(string(t)); s != "" {
				return broken("line %d: text %q outside of any record", line, clip(s))
			}
		}
	}
}

// readError keeps what went wrong while bytes were fetched apart from what is wrong
// with them.
func readError(err error) error {
	if errors.Is(err, encoding.ErrInvalidUTF8) {
		return fmt.Errorf("not UTF-8: save it again as UTF-8: %w", fundtrail.ErrInvalid)
	}
	if errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("a line of more than a megabyte: %w", fundtrail.ErrLimit)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%v: the file is cut short: %w", err, fundtrail.ErrInvalid)
	}
	if errors.Is(err, fundtrail.ErrInvalid) || errors.Is(err, fundtrail.ErrLimit) || errors.Is(err, fundtrail.ErrUnavailable) {
		return err
	}
	if strings.HasPrefix(err.Error(), "xml: ") { // such as an encoding that is not UTF-8
		return fmt.Errorf("%w: %w", err, fundtrail.ErrInvalid)
	}
	return err
}

// rootIs reports whether the first node of an XML file has that name. A root with
// a common name must hold the given text as well.
func rootIs(head []byte, name, holds string) bool {
	s := string(head)
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 || strings.TrimSpace(strings.TrimPrefix(s[:i], "\ufeff")) != "" {
			return false
		}
		s = s[i+1:]
		switch {
		case strings.HasPrefix(s, "?"):
			_, s, _ = strings.Cut(s, "?>")
		case strings.HasPrefix(s, "!--"):
			_, s, _ = strings.Cut(s, "-->")
		case strings.HasPrefix(s, "!"):
			_, s, _ = strings.Cut(s, ">")
		default:
			end := strings.IndexAny(s, " \t\r\n/>")
			if end < 0 {
				return false
			}
			root := s[:end]
			return strings.EqualFold(root[strings.IndexByte(root, ':')+1:], name) && strings.Contains(s, holds)
		}
	}
}
