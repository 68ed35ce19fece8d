package trace_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestCases runs testdata/*.txt. A file is a list of questions and answers, each
//
//	question
//	----
//	answer
//
// A question is "ledger" with a ledger's text, "tags" with lines of NAME CATEGORY ACTOR
// [ROLE], "mixes" with lines of TX PROTOCOL CONFIDENCE [INPUT+INPUT>OUTPUT:WHOLE],
// "crossings" with lines as parseCrossings reads them, or "trace" with what to trace from
// and options; only trace has an answer.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runCases(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("answers differ; run with -update and read the diff. Got:\n%s", got)
			}
		})
	}
}

type caseState struct {
	mixes     mixes
	text      *ledgertest.Text
	tags      map[fundtrail.Address][]fundtrail.Tag
	crossings fakeCrossings
}

func runCases(t *testing.T, text string) string {
	var out strings.Builder
	var s caseState
	for _, block := range strings.SplitAfter(text, "\n\n") {
		question, _, _ := strings.Cut(block, "----\n")
		question = strings.TrimRight(question, "\n")
		if strings.HasPrefix(question, "#") {
			first := strings.Index(question, "\n")
			for first >= 0 && strings.HasPrefix(question[first+1:], "#") {
				next := strings.Index(question[first+1:], "\n")
				if next < 0 {
					first = -1
					break
				}
				first += 1 + next
			}
			if first < 0 {
				fmt.Fprintf(&out, "%s\n\n", question)
				continue
			}
			out.WriteString(question[:first+1])
			question = question[first+1:]
		}
		if question == "" {
			continue
		}
		command, body, _ := strings.Cut(question, "\n")
		answer := s.answer(t, strings.Fields(command), body)
		fmt.Fprintf(&out, "%s\n----\n%s\n", question, answer)
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

func (s *caseState) answer(t *testing.T, command []string, body string) string {
	switch command[0] {
	case "ledger":
		l, err := ledgertest.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		s.text, s.tags, s.mixes, s.crossings = l, map[fundtrail.Address][]fundtrail.Tag{}, mixes{}, nil
		return ""
	case "crossings":
		s.crossings = parseCrossings(t, body)
		return ""
	case "tags":
		for _, line := range strings.Split(body, "\n") {
			f := append(strings.Fields(line), "", "")
			for _, c := range []fundtrail.Chain{fundtrail.Ethereum, fundtrail.Bitcoin} {
				a := ledgertest.Address(c, f[0])
				tag := fundtrail.Tag{Address: a, Category: f[1], Label: f[0], Actor: f[2], Role: fundtrail.TagRole(f[3]), Confidence: 80}
				if f[1] == "-" {
					tag.Category = ""
				}
				s.tags[a] = append(s.tags[a], tag)
			}
		}
		return ""
	case "mixes":
		for _, line := range strings.Split(body, "\n") {
			f := strings.Fields(line)
			m := &fundtrail.Mix{Protocol: f[1], Method: fundtrail.Method(f[1] + "/1")}
			n, err := strconv.Atoi(f[2])
			if err != nil {
				t.Fatal(err)
			}
			m.Confidence = fundtrail.Confidence(n)
			for _, text := range f[3:] {
				m.Changes = append(m.Changes, s.mixChange(t, text))
			}
			s.mixes[ledgertest.Tx(fundtrail.Bitcoin, f[0])] = m
		}
		return ""
	case "trace":
		in, opt := s.input(t, command[1:])
		tr, err := trace.Run(context.Background(), in, opt)
		if err != nil {
			return "error: " + err.Error() + "\n"
		}
		return s.print(tr)
	}
	t.Fatalf("command %q is not known", command[0])
	return ""
}

func (s *caseState) input(t *testing.T, args []string) (trace.Input, trace.Options) {
	in := trace.Input{
		Subject: strings.Join(args, " "), Ledger: seal(t, s.text.Transactions, s.text.Coverage),
		Tags: func(a fundtrail.Address) []fundtrail.Tag { return s.tags[a] },
	}
	if len(s.mixes) > 0 {
		in.Mixes = s.mixes
	}
	if s.crossings != nil {
		in.Crossings = s.crossings
	}
	opt := trace.Options{Dust: map[fundtrail.Asset]fundtrail.Amount{}}
	chain := fundtrail.Ethereum
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "chain":
			chain = fundtrail.Chain(value)
		case "from":
			name, index, has := strings.Cut(value, ":")
			n, _ := strconv.Atoi(index)
			in.Thefts = append(in.Thefts, fundtrail.Theft{Tx: ledgertest.Tx(chain, name), Index: uint32(n), HasIndex: has})
		case "address":
			in.Thefts = append(in.Thefts, fundtrail.Theft{Address: ledgertest.Address(chain, value), Whole: true})
		case "stated": // NAME:AMOUNT:TIME
			f := strings.SplitN(value, ":", 3)
			at, err := time.Parse("2006-01-02T15:04Z", f[2])
			if err != nil {
				t.Fatal(err)
			}
			in.Thefts = append(in.Thefts, fundtrail.Theft{
				Address: ledgertest.Address(chain, f[0]), Asset: fundtrail.NativeAsset(chain), Amount: s.amount(t, chain, f[1]), Time: at,
			})
		case "carries": // of the theft before: the stolen part of it
			in.Thefts[len(in.Thefts)-1].Carries = s.amount(t, chain, value)
		case "odds": // of the theft before
			p, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			in.Thefts[len(in.Thefts)-1].Probability = p
		case "receipt": // NAME:AMOUNT:TIME, clean
			f := strings.SplitN(value, ":", 3)
			at, err := time.Parse("2006-01-02T15:04Z", f[2])
			if err != nil {
				t.Fatal(err)
			}
			in.Receipts = append(in.Receipts, fundtrail.Receipt{
				Address: ledgertest.Address(chain, f[0]), Asset: fundtrail.NativeAsset(chain), Amount: s.amount(t, chain, f[1]), Time: at,
			})
		case "dust":
			opt.Dust[fundtrail.NativeAsset(chain)] = s.amount(t, chain, value)
		case "hub":
			opt.Hub, _ = strconv.Atoi(value)
		case "hops":
			opt.MaxHops, _ = strconv.Atoi(value)
		case "actor":
			in.Actor = value
		case "policy":
			p, ok := fundtrail.ParsePolicy(value)
			if !ok {
				t.Fatalf("policy %q", value)
			}
			opt.Policy = p
		case "until", "since":
			at, err := time.Parse("2006-01-02T15:04Z", value)
			if err != nil {
				t.Fatal(err)
			}
			if key == "until" {
				opt.Until = at
			} else {
				opt.Since = at
			}
		case "wraps": // NAME, of the contract and of the token
			in.Wraps = func(a fundtrail.Asset) bool {
				return a.Contract == ledgertest.Address(chain, value) || a == ledgertest.Asset(chain, value)
			}
		case "backward":
			opt.Direction = fundtrail.Backward
		default:
			t.Fatalf("argument %q is not known", arg)
		}
	}
	return in, opt
}

func (s *caseState) amount(t *testing.T, chain fundtrail.Chain, text string) fundtrail.Amount {
	info, _ := chain.Info()
	a, err := fundtrail.ParseDecimal(text, info.Decimals)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func seal(t testing.TB, txs []fundtrail.Transaction, coverage []fundtrail.Coverage) *ledger.Memory {
	b := ledger.NewBuilder()
	for i := range txs {
		if err := b.Transaction(&txs[i], ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range coverage {
		b.Cover(c)
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// print shows a trace with names and whole coins.
func (s *caseState) print(tr *fundtrail.Trace) string {
	var out strings.Builder
	coins := func(asset fundtrail.Asset, a fundtrail.Amount) string {
		info, _ := asset.Chain.Info()
		if !asset.Contract.IsZero() {
			return a.Decimal(6)
		}
		return a.Decimal(info.Decimals)
	}
	taints := func(asset fundtrail.Asset, t *fundtrail.Taints) string {
		info, _ := asset.Chain.Info()
		var parts []string
		for p := range fundtrail.NumPolicies {
			if p.On(info.Model) {
				parts = append(parts, p.String()+"="+coins(asset, t[p]))
			}
		}
		return strings.Join(parts, " ")
	}
	for _, st := range tr.Stolen {
		fmt.Fprintf(&out, "stolen %s %s\n", coins(st.Asset, st.Amount), s.asset(st.Asset))
	}
	for _, h := range tr.Hops {
		end := ""
		if h.End >= 0 {
			end = fmt.Sprintf(" | end %d", h.End)
		}
		if c := h.Crossing; c != nil {
			end = fmt.Sprintf(" | %s of %d by %s%s", c.Protocol, len(c.In), c.Method, end)
		}
		name := s.text.TxName(h.Record.Transfer.Tx)
		fmt.Fprintf(&out, "%d %s:%s %s %s -> %s %s | %s%s\n", h.Depth, name, index(h.Record), h.Kind, s.text.Name(h.From), s.text.Name(h.To),
			coins(h.Asset, h.Amount), taints(h.Asset, &h.Taint), end)
	}
	for i, e := range tr.Ends {
		who := e.Actor
		for _, a := range e.Addresses {
			who += " " + s.text.Name(a)
		}
		gaps := ""
		if e.Bounds.Least != e.Bounds.LeastWithoutGaps || e.Bounds.Most != e.Bounds.MostWithoutGaps {
			gaps = fmt.Sprintf(" without gaps [%s, %s]", coins(e.Asset, e.Bounds.LeastWithoutGaps), coins(e.Asset, e.Bounds.MostWithoutGaps))
		}
		odds := ""
		if e.Odds != nil {
			odds = fmt.Sprintf(" odds %g to %g, expects %s", e.Odds.Least, e.Odds.Most, coins(e.Asset, e.Odds.Expected))
		}
		fmt.Fprintf(&out, "end %d %s (%s) %s | %s [%s, %s]%s x%d%s\n", i, e.Kind, strings.TrimSpace(who), e.Label, taints(e.Asset, &e.Taint),
			coins(e.Asset, e.Bounds.Least), coins(e.Asset, e.Bounds.Most), gaps, e.Transfers, odds)
	}
	for _, route := range tr.Routes {
		names := make([]string, len(route.Addresses))
		for i, a := range route.Addresses {
			names[i] = s.text.Name(a)
		}
		fmt.Fprintf(&out, "route %s %s => end %d\n", coins(route.Asset, route.Amount), strings.Join(names, " > "), route.End)
	}
	for _, inf := range tr.Inferences {
		fmt.Fprintf(&out, "inference %s: %s\n", s.text.Name(inf.Address), inf.Says)
	}
	for _, g := range tr.Gaps {
		fmt.Fprintf(&out, "gap %s short %s\n", s.text.Name(g.Address), coins(g.Asset, g.Short))
	}
	for _, n := range tr.Notes {
		fmt.Fprintf(&out, "note %s\n", n)
	}
	return out.String()
}

func (s *caseState) asset(a fundtrail.Asset) string {
	if a.Contract.IsZero() {
		return string(a.Chain)
	}
	return "token"
}

func index(o fundtrail.TransferOutput) string {
	s := o.String()
	return s[strings.LastIndex(s, ":")+1:]
}
