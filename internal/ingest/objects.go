package ingest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/fundtrail/fundtrail"
)

// objects returns a reader of JSON lines for a text that is a JSON array of objects, or
// objects that stand over several lines, as programs that answer with JSON write them: each
// object becomes a line. Any other text is read as it is.
func objects(r io.ReadCloser) io.ReadCloser {
	b := bufio.NewReaderSize(r, 64<<10)
	head, _ := b.Peek(64 << 10) // an error comes again when it is read
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	head = bytes.TrimLeft(head, " \t\r\n")
	same := struct {
		io.Reader
		io.Closer
	}{b, r}
	if len(head) == 0 || head[0] != '[' && head[0] != '{' {
		return same
	}
	if head[0] == '{' && isEnvelope(head) {
		return unwrap(b, r)
	}
	if head[0] == '{' {
		line, _, ok := bytes.Cut(head, []byte{'\n'})
		if d := (depth{}); !ok || d.after(line) == 0 || d.quoted {
			return same // one object a line, or too long a line to tell: bad lines are told one by one
		}
	}
	return &objectLines{from: b, Closer: r}
}

// A depth says how deep in objects and lists a place of a JSON text is.
type depth struct {
	n               int
	quoted, escaped bool
}

// next takes a byte in.
func (d *depth) next(c byte) {
	switch {
	case d.escaped:
		d.escaped = false
	case d.quoted && c == '\\':
		d.escaped = true
	case c == '"':
		d.quoted = !d.quoted
	case d.quoted:
	case c == '{' || c == '[':
		d.n++
	case c == '}' || c == ']':
		d.n--
	}
}

func (d *depth) after(text []byte) int {
	for _, c := range text {
		d.next(c)
	}
	return d.n
}

// An objectLines writes each object of a JSON text in a line.
type objectLines struct {
	io.Closer
	from  *bufio.Reader
	depth depth
	state listState
	out   []byte // not yet read
	err   error
	// enveloped says that what stands after the array is no row.
	enveloped bool
}

// A listState says what may come next outside of objects.
type listState uint8

const (
	atStart   listState = iota // a byte order mark was skipped, or not
	wantFirst                  // in an array, before its first element
	wantNext                   // after an element: a comma or the end
	wantOne                    // after a comma
	atEnd                      // after the array
	noArray                    // objects one after another
)

func (o *objectLines) Read(p []byte) (int, error) {
	for len(o.out) == 0 && o.err == nil {
		o.fill()
	}
	if len(o.out) == 0 {
		return 0, o.err
	}
	n := copy(p, o.out)
	o.out = o.out[n:]
	return n, nil
}

func (o *objectLines) fill() {
	var err error
	o.out = o.out[:0]
	for len(o.out) < 32<<10 {
		var c byte
		if o.enveloped && o.state == atEnd {
			_, err = io.Copy(io.Discard, o.from)
			if err == nil {
				err = io.EOF
			}
			break
		}
		if c, err = o.from.ReadByte(); err != nil {
			break
		}
		if o.depth.n == 0 {
			if err = o.between(c); err != nil {
				break
			}
			continue
		}
		o.depth.next(c)
		if c == '\n' || c == '\r' {
			if o.depth.quoted {
				err = fmt.Errorf("not JSON: a line ends inside a text: %w", fundtrail.ErrInvalid)
				break
			}
			c = ' '
		}
		if o.out = append(o.out, c); o.depth.n == 0 {
			o.out = append(o.out, '\n')
		}
	}
	if err == io.EOF && (o.depth.n > 0 || o.state != atEnd && o.state != noArray) {
		err = fmt.Errorf("the JSON text ends early: the file is cut short: %w", fundtrail.ErrInvalid)
	}
	o.err = err
}

// between takes in a byte that stands outside of objects.
func (o *objectLines) between(c byte) error {
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return nil
	case o.state == atStart && (c == 0xef || c == 0xbb || c == 0xbf):
		return nil // of a byte order mark, as objects looked past it
	case o.state == atStart && c == '[':
		o.state = wantFirst
	case o.state == wantNext && c == ',':
		o.state = wantOne
	case (o.state == wantNext || o.state == wantFirst) && c == ']':
		o.state = atEnd
	case c == '{' && (o.state == wantFirst || o.state == wantOne):
		o.state = wantNext
		o.begin()
	case c == '{' && (o.state == atStart || o.state == noArray):
		o.state = noArray
		o.begin()
	case o.state == noArray:
		return fmt.Errorf("not JSON: %q between objects: %w", string(rune(c)), fundtrail.ErrInvalid)
	default:
		return fmt.Errorf("not a JSON array of objects: %q where an object, a comma or the end belongs: %w", string(rune(c)), fundtrail.ErrInvalid)
	}
	return nil
}

func (o *objectLines) begin() {
	o.depth.next('{')
	o.out = append(o.out, '{')
}
