package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// CSV writes one row for each hop, then one for each touched record, in the
// document's order, then the withdrawals of passages and what was followed on from them,
// each with its certainty: RFC 4180, UTF-8, a heading row, lines ended by CR LF. Amounts
// are base units with every digit; the column "decimals" says how to read them. A
// policy that is not defined on the asset's chain has an empty cell.
//
// Text that somebody chose (names, reasons) is set so that a spreadsheet does not
// run it: see [cell].
func CSV(w io.Writer, d *Document) error {
	if err := d.Validate(); err != nil {
		return err
	}
	x := newIndex(d)
	c := newCSV(w)
	head := []string{"list", "tx", "index", "time", "block", "kind", "depth", "chain", "from", "from_name", "to", "to_name",
		"asset", "symbol", "decimals", "amount"}
	for _, p := range d.Trace.Policies {
		head = append(head, "tainted_"+clean(policyName(p)))
	}
	head = append(head, "possible", "possible_without_gaps", "step", "spends", "end", "end_category", "end_actor", "end_label", "certainty", "round", "probability", "protocol", "method")
	c.write(head)
	for _, list := range []struct {
		name string
		hops []Hop
	}{{"hops", d.Hops}, {"touched", d.Touched}} {
		for i := range list.hops {
			c.write(append(x.hopRow(list.name, &list.hops[i]), through(&list.hops[i], "", "")...))
		}
	}
	x.passageRows(c, 0)
	for _, f := range x.onward() {
		for i := range f.d.Hops {
			c.write(append(f.hopRow("onward", &f.d.Hops[i]), through(&f.d.Hops[i], f.o.Certainty, strconv.Itoa(f.o.Round))...))
		}
		for i := range f.d.Touched {
			c.write(append(f.hopRow("onward touched", &f.d.Touched[i]), through(&f.d.Touched[i], f.o.Certainty, strconv.Itoa(f.o.Round))...))
		}
		f.passageRows(c, f.o.Round)
	}
	return c.close()
}

// passageRows writes one row for each withdrawal that is linked to a depositor: inferred,
// and no record of the trace. round is how often the value had come out before.
func (x *index) passageRows(c csvWriter, round int) {
	for i := range x.d.Passages {
		p := &x.d.Passages[i]
		for j := range p.Withdrawals {
			w := &p.Withdrawals[j]
			a := x.asset(w.Asset)
			row := []string{"passages", cell(w.Tx), w.index(), w.Time, "", "withdrawal", "", cell(chainOf(w.Asset)),
				cell(p.Depositor), cell(x.name(chainOf(p.Asset), p.Depositor).text), cell(w.To), cell(x.name(chainOf(w.Asset), w.To).text),
				cell(w.Asset), cell(a.Symbol), decimals(a), w.Amount}
			for range x.d.Trace.Policies {
				row = append(row, "")
			}
			c.write(append(row, w.Carries, w.Carries, "inferred", "", "", "", "", "", cell(w.Certainty), strconv.Itoa(round+1), strconv.FormatFloat(w.Probability, 'f', -1, 64),
				cell(p.Protocol), cell(w.Method)))
		}
	}
}

// index is that of the withdrawal's record, "" where the ledger holds none.
func (w *Withdrawal) index() string {
	i := strings.LastIndexByte(w.Record, ':')
	return cell(w.Record[i+1:])
}

// through is the last cells of a hop's row: its part of the document, and of a crossing
// what it went through.
func through(h *Hop, certainty, round string) []string {
	return []string{cell(certainty), round, "", cell(h.Protocol), cell(h.Method)}
}

func (x *index) hopRow(list string, h *Hop) []string {
	a := x.asset(h.Asset)
	chain := chainOf(h.Asset)
	row := []string{list, cell(h.Tx), strconv.FormatUint(uint64(h.Index), 10), h.Time, strconv.FormatInt(h.Block, 10), cell(h.Kind), strconv.Itoa(h.Depth),
		cell(chain), cell(h.From), cell(x.name(chain, h.From).text), cell(h.To), cell(x.name(chain, h.To).text),
		cell(h.Asset), cell(a.Symbol), decimals(a), h.Amount}
	for _, p := range x.d.Trace.Policies {
		s, _ := h.Tainted.under(p)
		row = append(row, s)
	}
	step := "certain"
	if x.inferred(h) {
		step = "inferred"
	}
	spends := make([]string, len(h.Spends))
	for i, s := range h.Spends {
		spends[i] = clean(s)
	}
	row = append(row, h.Possible, h.PossibleWithoutGaps, step, cell(strings.Join(spends, " ")))
	if h.End == nil {
		return append(row, "", "", "", "")
	}
	e := &x.d.Ends[*h.End]
	return append(row, strconv.Itoa(*h.End), cell(e.Category), cell(e.Actor), cell(e.Label))
}

// CSVEnds writes one row for each end, in the document's order, in the form of
// [CSV]. Its column "end" is the number that CSV's column "end" refers to.
func CSVEnds(w io.Writer, d *Document) error {
	if err := d.Validate(); err != nil {
		return err
	}
	x := newIndex(d)
	c := newCSV(w)
	head := []string{"end", "category", "actor", "label", "reason", "asset", "symbol", "decimals"}
	for _, p := range d.Trace.Policies {
		head = append(head, "amount_"+clean(policyName(p)))
	}
	c.write(append(head, "at_least", "at_most", "at_least_without_gaps", "at_most_without_gaps", "exact",
		"moved", "transfers", "first", "last", "usd", "usd_unpriced", "usd_basis", "addresses", "certainty", "round", "odds_least", "odds_most", "expected", "followed"))
	x.endRows(c, "", "")
	for _, f := range x.onward() {
		f.endRows(c, cell(f.o.Certainty), strconv.Itoa(f.o.Round))
	}
	return c.close()
}

func (x *index) endRows(c csvWriter, certainty, round string) {
	d := x.d
	for i := range d.Ends {
		e := &d.Ends[i]
		a := x.asset(e.Asset)
		row := []string{strconv.Itoa(i), cell(e.Category), cell(e.Actor), cell(e.Label), cell(e.Reason), cell(e.Asset), cell(a.Symbol), decimals(a)}
		for _, p := range d.Trace.Policies {
			s, _ := e.Amount.under(p)
			row = append(row, s)
		}
		row = append(row, e.AtLeast, e.AtMost, e.AtLeastWithoutGaps, e.AtMostWithoutGaps, strconv.FormatBool(e.Exact), e.Moved,
			strconv.Itoa(e.Transfers), e.First, e.Last)
		if u := e.USD; u != nil {
			row = append(row, u.Amount, u.Unpriced, cell(u.Basis))
		} else {
			row = append(row, "", "", "")
		}
		addresses := make([]string, len(e.Addresses))
		for j, s := range e.Addresses {
			addresses[j] = clean(s)
		}
		row = append(row, cell(strings.Join(addresses, " ")), certainty, round)
		if o := e.Odds; o != nil {
			row = append(row, strconv.FormatFloat(o.Least, 'f', -1, 64), strconv.FormatFloat(o.Most, 'f', -1, 64), o.Expected)
		} else {
			row = append(row, "", "", "")
		}
		c.write(append(row, strconv.FormatBool(e.Followed)))
	}
}

// decimals is empty where they are not known: such an amount has no whole coins.
func decimals(a Asset) string {
	if a.Decimals < 0 {
		return ""
	}
	return strconv.Itoa(a.Decimals)
}

// cell makes text safe in a table: control and reordering characters are written
// out, and text that a spreadsheet would take for a formula (it begins with = + - @,
// a tab or a carriage return, or with their full-width twins) gets a leading
// apostrophe. Source: OWASP, "CSV Injection".
func cell(s string) string {
	safe := clean(s)
	trimmed := strings.TrimLeft(s, " \u00a0\u3000\n")
	for _, lead := range []string{"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(trimmed, lead) {
			return "'" + safe
		}
	}
	return safe
}

type csvWriter struct{ *csv.Writer }

func newCSV(w io.Writer) csvWriter {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	return csvWriter{c}
}

// write keeps a failed write's error for close, as csv.Writer does.
func (c csvWriter) write(row []string) { _ = c.Write(row) }

func (c csvWriter) close() error {
	c.Flush()
	return c.Error()
}
