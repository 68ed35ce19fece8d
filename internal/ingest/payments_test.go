package ingest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

const paymentRows = "kind,time,asset,amount,tx,answers\n" +
	"deposit,2019-11-07T06:16:29Z,btc,494297,4f7b00a7da0adc410587632f9747105a16fa5509d71a7243296b61cc0e9c0aeb,\n" +
	"Payout,1573107389,eth,240551340000000000,0xcaf0f85c686c7e3b8c164e725029a24b89478c610629275809c0de2d99044383,4f7b00a7da0adc410587632f9747105a16fa5509d71a7243296b61cc0e9c0aeb\n"

func TestPayments(t *testing.T) {
	list, err := Payments(strings.NewReader("\ufeff" + paymentRows))
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	d, p := list[0], list[1]
	if d.Payout || !p.Payout || d.Amount != fundtrail.NewAmount(494297) || p.Asset.String() != "eth" || p.Answers.Hash != d.Tx.Hash || !p.Time.Equal(time.Unix(1573107389, 0)) {
		t.Errorf("%+v", list)
	}
	for old, c := range map[string][2]string{
		"kind,":                 {"sort,", "no column kind"},
		"answers\n":             {"kind\n", "column kind twice"},
		"deposit,":              {"refund,", `column kind: "refund"`},
		",btc,":                 {",btx,", "column asset"},
		",494297,":              {",0.5,", "column amount"},
		"2019-11-07T06:16:29Z":  {"yesterday", "column time"},
		",4f7b00":               {",4f7b0", "column tx"},
		"0aeb,\n":               {"0aeb," + strings.Repeat("1", 64) + "\n", "a deposit answers nothing"},
		"044383,4f7b":           {"044383,zf7b", "line 3: column answers"},
		"Payout,1573107389,eth": {"Payout,1573107389", "line 3"},
		"4f7b00a7da0adc410587632f9747105a16fa5509d71a7243296b61cc0e9c0aeb,\n": {strings.Repeat("0", 64) + ",\n", "not zero"},
	} {
		text := strings.Replace(paymentRows, old, c[0], 1)
		if _, err := Payments(strings.NewReader(text)); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%q for %q: %v, want %q", c[0], old, err, c[1])
		}
	}
	if _, err := Payments(strings.NewReader("")); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("empty: %v", err)
	}
}

func FuzzPayments(f *testing.F) {
	f.Add(paymentRows)
	f.Add("kind,time,Asset,Amount,tX,0\n\"0000") // a quote never closed
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Payments(strings.NewReader(text))
		if err != nil && !errors.Is(err, fundtrail.ErrInvalid) {
			t.Fatal(err)
		}
		for _, p := range list {
			if err == nil && (p.Tx.IsZero() || p.Asset.IsZero() || p.Time.Unix() < 0 || !p.Payout && !p.Answers.IsZero()) {
				t.Fatalf("%+v", p)
			}
		}
	})
}
