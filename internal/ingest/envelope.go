package ingest

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
)

// Answers of Etherscan and Blockscout put an envelope around their rows, and so do nodes:
// {"status":"1","message":"OK","result":[…]}. A saved one is read as the list it holds.

// envelopeHead is what stands before the rows. Texts in it are short and have no quotes.
var envelopeHead = regexp.MustCompile(`^\{\s*("(status|message|jsonrpc|id)"\s*:\s*("[^"\\]{0,200}"|[0-9]{1,18}|null)\s*,\s*)*"result"\s*:\s*\[`)

func isEnvelope(head []byte) bool { return envelopeHead.Match(head) }

// unwrap returns the rows of an envelope, one a line. What stands behind them is left alone.
func unwrap(b *bufio.Reader, c io.Closer) io.ReadCloser {
	head, _ := b.Peek(64 << 10)
	at := bytes.IndexByte(head, '{')
	b.Discard(at + len(envelopeHead.Find(head[at:])) - 1) // up to the list's bracket
	return &objectLines{from: b, Closer: c, enveloped: true}
}
