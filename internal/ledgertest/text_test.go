package ledgertest

import (
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

func TestParse(t *testing.T) {
	l := MustParse(conformanceText)
	if n := len(l.Transactions); n != 7 {
		t.Errorf("%d transactions, want 7", n)
	}
	t2 := l.Transactions[1]
	if l.TxName(t2.ID) != "t2" || len(t2.Transfers) != 4 || t2.Place != 1 {
		t.Errorf("t2 is %+v", t2)
	}
	fee := t2.Transfers[3]
	if fee.ID.Index != fundtrail.FeeIndex || l.Name(fee.Inputs[0].Address) != "thief" || fee.Fee.String() != "10000000000000000" {
		t.Errorf("fee is %+v", fee)
	}
	last := l.Transactions[6].Transfers[0]
	if last.Fee.String() != "90000000" || l.Name(last.Inputs[1].Address) != "bob" {
		t.Errorf("t7 is %+v", last)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"2022-03-29 t1 eth a -> b 1":                    "line 1",
		"2022-03-29T10:00Z t1 xyz a -> b 1":             "chain",
		"2022-03-29T10:00Z t1 eth a to b 1":             "want: FROM -> TO",
		"2022-03-29T10:00Z t1 btc t9:0 -> b 1":          "not written further up",
		"2022-03-29T10:00Z t1 btc coinbase -> b 1 2":    "want NAME AMOUNT",
		"cover eth all 1 value":                         "blocks",
		"\n2022-03-29T10:00Z t1 eth a -> b 1.5.2 ETH\n": "line 2",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want an error with %q", text, err, want)
		}
	}
}
