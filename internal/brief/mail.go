package brief

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// Envelope says whose message it is. The zero Envelope is a draft without addressees.
type Envelope struct {
	From string   // "Fundtrail <brief@example.org>"
	To   []string //
}

// sender stands where nobody said who sends: a name that no host has (RFC 6761).
const sender = "Fundtrail <fundtrail@fundtrail.invalid>"

// Mail writes the brief as one message (RFC 5322) in two forms, text and HTML. The day is its
// date, and what separates its parts is made from the text, so that it is the same each time.
func Mail(w io.Writer, b *Brief, e Envelope) error {
	if e.From == "" {
		e.From = sender
	}
	from, err := mail.ParseAddress(e.From)
	if err != nil {
		return fmt.Errorf("mail from %q: %w", e.From, err)
	}
	var to []string
	for _, s := range e.To {
		a, err := mail.ParseAddress(s)
		if err != nil {
			return fmt.Errorf("mail to %q: %w", s, err)
		}
		to = append(to, a.String())
	}
	var text, page bytes.Buffer
	if err := Markdown(&text, b); err != nil {
		return err
	}
	if err := htmlPage(&page, b, false); err != nil {
		return err
	}
	sum := sha256.New()
	sum.Write(text.Bytes())
	sum.Write(page.Bytes())
	digest := hex.EncodeToString(sum.Sum(nil))
	boundary := "fundtrail-" + digest[:32]
	_, domain, _ := strings.Cut(from.Address, "@")
	var m bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&m, "%s: %s\r\n", name, value) }
	header("From", from.String())
	if len(to) > 0 {
		header("To", strings.Join(to, ",\r\n "))
	}
	header("Subject", encoded(printable(b.Title)))
	header("Date", b.updated().Format(time.RFC1123Z))
	header("Message-ID", "<"+digest[32:]+"@"+domain+">")
	header("MIME-Version", "1.0")
	header("Content-Language", string(b.Lang))
	header("Content-Type", `multipart/alternative; boundary="`+boundary+`"`)
	m.WriteString("\r\n")
	for _, part := range []struct {
		kind string
		body []byte
	}{{"text/plain", text.Bytes()}, {"text/html", page.Bytes()}} {
		fmt.Fprintf(&m, "--%s\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", boundary, part.kind)
		q := quotedprintable.NewWriter(&m)
		if _, err := q.Write(part.body); err != nil {
			return err
		}
		if err := q.Close(); err != nil {
			return err
		}
		m.WriteString("\r\n")
	}
	fmt.Fprintf(&m, "--%s--\r\n", boundary)
	_, err = m.WriteTo(w)
	return err
}

// encoded is a header's text in RFC 2047's form, folded so that no line is too long.
func encoded(s string) string {
	return strings.ReplaceAll(mime.BEncoding.Encode("utf-8", s), "?= =?", "?=\r\n =?")
}
