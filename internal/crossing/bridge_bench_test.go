package crossing_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

// Each reports nanoseconds for one transaction or withdrawal.

func BenchmarkCallLeg(b *testing.B) {
	var calls [][]byte
	for _, row := range rows(b, "ETH-Polygon/Poly/input.csv.gz") {
		raw, err := hex.DecodeString(strings.TrimPrefix(row[1], "0x"))
		if err != nil {
			b.Fatal(err)
		}
		calls = append(calls, raw)
	}
	for b.Loop() {
		for _, c := range calls {
			if _, err := crossing.CallLeg(fundtrail.TxID{Chain: fundtrail.Polygon}, c); err != nil {
				b.Fatal(err)
			}
		}
	}
	per(b, len(calls))
}

func BenchmarkPairByID(b *testing.B) {
	k := nomadOut(b)
	for b.Loop() {
		crossing.Pair(k.deposits, k.withdrawals, crossing.PairOptions{IDsOnly: true})
	}
	per(b, len(k.withdrawals))
}

func BenchmarkPairRanked(b *testing.B) {
	k := nomadOut(b)
	for b.Loop() {
		crossing.Pair(k.deposits, k.withdrawals, crossing.PairOptions{HideIDs: true})
	}
	per(b, len(k.withdrawals))
}

func BenchmarkAudit(b *testing.B) {
	k := nomadBack(b)
	rules := nomadRules(b)
	for b.Loop() {
		crossing.Audit(k.deposits, k.withdrawals, rules)
	}
	per(b, len(k.withdrawals))
}

func BenchmarkSwapReal(b *testing.B) {
	_, txs := blocks(b, nil)
	opt := crossing.SwapOptions{Wrapped: func(a fundtrail.Asset) bool { return a == wethAsset }, Price: mayPrices}
	for b.Loop() {
		for i := range txs {
			crossing.Swap(&txs[i], opt)
		}
	}
	per(b, len(txs))
}

func per(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/tx")
}
