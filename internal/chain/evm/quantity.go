package evm

import (
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// The values of Ethereum's JSON-RPC: hexadecimal digits after 0x in JSON strings. Numbers
// are written without leading zeros, by rule if not always in fact; data in whole bytes.

// hexDigit gives a hexadecimal digit's value, 0xff for what is none.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

// digits returns what stands after 0x in a JSON string.
func digits(text []byte) ([]byte, bool) {
	if len(text) < 4 || text[0] != '"' || text[1] != '0' || text[2] != 'x' || text[len(text)-1] != '"' {
		return nil, false
	}
	return text[3 : len(text)-1], true
}

func want(what string, text []byte) error {
	const most = 60
	if len(text) > most {
		text = append(append([]byte{}, text[:most]...), "…"...)
	}
	return fmt.Errorf("%q, want %s: %w", text, what, fundtrail.ErrInvalid)
}

// fill decodes exactly as many bytes as into has.
func fill(into, text []byte) bool {
	d, ok := digits(text)
	if !ok || len(d) != 2*len(into) {
		return false
	}
	bad := byte(0)
	for i := range into {
		hi, lo := hexDigit[d[2*i]], hexDigit[d[2*i+1]]
		bad |= hi | lo
		into[i] = hi<<4 | lo
	}
	return bad < 0x10 // digits are below, what is none has all bits
}

// null leaves a number as it is, zero: what must be there is a pointer.
const null = "null"

type quantity uint64

func (q *quantity) UnmarshalJSON(text []byte) error {
	if string(text) == null {
		return nil
	}
	var a amount
	if err := a.UnmarshalJSON(text); err != nil || !fundtrail.Amount(a).IsUint64() {
		return want("0x and a number of at most 64 bits in hexadecimal digits", text)
	}
	*q = quantity(fundtrail.Amount(a).Uint64())
	return nil
}

type amount fundtrail.Amount

func (a *amount) UnmarshalJSON(text []byte) error {
	if string(text) == null {
		return nil
	}
	d, ok := digits(text)
	var w [4]uint64
	ok = ok && len(d) >= 1 && len(d) <= 64
	for i := 0; ok && i < len(d); i++ {
		v := hexDigit[d[len(d)-1-i]]
		ok = v != 0xff
		w[i/16] |= uint64(v&15) << (4 * (i % 16))
	}
	if !ok {
		return want("0x and a number of at most 256 bits in hexadecimal digits", text)
	}
	*a = amount(fundtrail.AmountFromWords(w))
	return nil
}

type hash fundtrail.Hash

func (h *hash) UnmarshalJSON(text []byte) error {
	if !fill(h[:], text) {
		return want("0x and 64 hexadecimal digits", text)
	}
	return nil
}

type party address

func (p *party) UnmarshalJSON(text []byte) error {
	if !fill(p[:], text) {
		return want("0x and 40 hexadecimal digits", text)
	}
	return nil
}

type data []byte

func (b *data) UnmarshalJSON(text []byte) error {
	if string(text) == null || string(text) == `"0x"` {
		*b = nil
		return nil
	}
	d, ok := digits(text)
	into := make([]byte, len(d)/2)
	if !ok || len(d)%2 != 0 || !fill(into, text) {
		return want("0x and an even number of hexadecimal digits", text)
	}
	*b = into
	return nil
}

// quoted writes a number as a parameter.
func quoted(n int64) string { return fmt.Sprintf("0x%x", n) }
