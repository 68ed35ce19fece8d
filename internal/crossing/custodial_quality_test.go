package crossing

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// dailyCloses reads a table of prices: the first ten letters of one column are the day.
func dailyCloses(t testing.TB, path string, day, price int) map[string]float64 {
	t.Helper()
	f, err := os.Open(sharedData(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	closes := map[string]float64{}
	for _, row := range rows[1:] {
		if p, err := strconv.ParseFloat(row[price], 64); err == nil && p > 0 {
			closes[row[day][:10]] = p
		}
	}
	return closes
}

func gzipJSON(t testing.TB, path string, into any) {
	t.Helper()
	f, err := os.Open(sharedData(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(z)
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// shapeShift reads the exchanges of bitcoin into ether whose time and payout are known.
// The service published time, coins and amount in; which deposit and payout these were, the
// authors of the data found. outputCoin holds the amount and outputType the coin: the
// columns are swapped. Where several records have one amount, it is not certain which time
// is whose: such payouts are candidates, and no one is asked to find them.
func shapeShift(t testing.TB) (known []CustodialExchange, hashes []fundtrail.Hash, others []CustodialPayment, unknown, payouts int) {
	t.Helper()
	type table[row any] struct{ Data []row }
	var full table[struct {
		CurIn, CurOut string
		Timestamp     int64
		Amount        json.Number
	}]
	gzipJSON(t, "btc_mixing_blocksec/shapeshift_full_records.json.gz", &full)
	var mixing table[struct {
		TxID         string `json:"txId"`
		Amount       json.Number
		OutputCoin   any // an amount, or -1
		OutputType   string
		WithdrawTx   string
		WithdrawAddr string
	}]
	gzipJSON(t, "btc_mixing_blocksec/shapeshift_mixing_transactions.json.gz", &mixing)
	btc := dailyCloses(t, "prices/BTCUSD_daily_2011-08-18_2025-09-24.csv", 0, 2)
	eth := dailyCloses(t, "prices/ETH-USD_2017-11-09_2025-09-30.csv", 0, 1)
	times, used := map[fundtrail.Amount][]int64{}, map[fundtrail.Amount]int{}
	for _, r := range full.Data {
		if r.CurOut == "ETH" {
			payouts++
			if r.CurIn == "BTC" {
				a := wholeCoins(t, r.Amount.String())
				times[a] = append(times[a], r.Timestamp)
			}
		}
	}
	for _, m := range mixing.Data {
		if m.OutputType != "ETH" {
			continue
		}
		in := wholeCoins(t, m.Amount.String())
		text, ok := m.OutputCoin.(string)
		if !ok {
			unknown++
			continue
		}
		out, err := fundtrail.ParseDecimal(text, 18)
		if err != nil {
			t.Fatal(err)
		}
		h, err := fundtrail.ParseHash(m.TxID)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(times[in]); n != 1 {
			if n > 0 {
				at := times[in][used[in]%n]
				used[in]++
				others = append(others, CustodialPayment{Time: time.Unix(at, 0).UTC(), Amount: out, Decimals: 18})
			}
			continue
		}
		at := time.Unix(times[in][0], 0).UTC()
		day := at.Format(time.DateOnly)
		if btc[day] == 0 || eth[day] == 0 {
			t.Fatalf("no price of %s", day)
		}
		known = append(known, CustodialExchange{
			Deposit: CustodialPayment{Time: at, Amount: in, Decimals: 8},
			Rate:    btc[day] / eth[day],
			Payout:  CustodialPayment{Time: at, Amount: out, Decimals: 18},
		})
		hashes = append(hashes, h)
	}
	return known, hashes, others, unknown, payouts
}

// TestPayoutQuality measures how often the likeliest payout is the right one, and what
// the method claims when the right one cannot be there.
func TestPayoutQuality(t *testing.T) {
	if testing.Short() {
		t.Skip("reads all of ShapeShift's records")
	}
	known, hashes, others, unknown, payouts := shapeShift(t)
	var tuned, held []CustodialExchange
	var which []int // of the held-out exchanges among all
	list := make([]CustodialPayment, len(known))
	for i, e := range known {
		list[i] = e.Payout
		if hashes[i][31]&1 == 1 {
			held, which = append(held, e), append(which, i)
		} else {
			tuned = append(tuned, e)
		}
	}
	list = append(list, others...)
	m, err := FitPayouts(tuned)
	if err != nil {
		t.Fatal(err)
	}
	m.Seen = 0.9 // stated, not learnt: in these records every payout is seen
	var b bytes.Buffer
	fmt.Fprintln(&b, "ShapeShift: bitcoin deposits to ether payouts, by amount at the day's close. Written by TestPayoutQuality; do not edit.")
	fmt.Fprintf(&b, "\nexchanges with time and payout  %d (candidates only, because their amount stands in several records: %d; left out, payout unknown: %d)\n", len(known), len(others), unknown)
	fmt.Fprintf(&b, "learnt on the tuned half  %d: spread %.4f, flat fee %.5f ETH, scale %.4f\n", len(tuned), m.Spread, m.Flat, m.Scale)
	fmt.Fprintf(&b, "all payouts in ether that the service made, for any coin  %d: a full list has %.1f times these candidates\n", payouts, float64(payouts)/float64(len(list)))
	fmt.Fprintf(&b, "the records have one time an exchange, so how close in time a payout is was not used: only the window\n")

	// By chance: the same payouts, every one at another's time.
	shuffled := slices.Clone(list)
	r := rand.New(rand.NewPCG(4, 20))
	for i, k := range r.Perm(len(shuffled)) {
		shuffled[i].Time = list[k].Time
	}
	fmt.Fprintf(&b, "\nHELD-OUT HALF, %d exchanges\n%-8s%12s%10s%10s%12s%24s%24s%26s\n", len(held), "window", "candidates", "hit@1", "hit@3", "by chance", "leads at 0.5, right", "leads at 0.8, right", "shuffled: leads at 0.8")
	lists, null := m.List(list), m.List(shuffled)
	var bins [10]struct {
		n, right int
		sum      float64
	}
	for _, window := range []time.Duration{15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 72 * time.Hour} {
		candidates, first, third, claimed := 0, 0, 0, 0
		chance := 0.0
		var at [2][2]int
		for i, e := range held {
			leads := lists.Rank(e.Deposit, e.Rate, window)
			candidates += len(leads)
			if len(leads) > 0 {
				chance += 1 / float64(len(leads))
			}
			for rank, lead := range leads {
				right := lead.Payout == which[i]
				if right && rank == 0 {
					first++
				}
				if right && rank < 3 {
					third++
				}
				for k, least := range []float64{0.5, 0.8} {
					if lead.Odds >= least {
						at[k][0]++
						if right {
							at[k][1]++
						}
					}
				}
				if window == 24*time.Hour {
					bin := &bins[min(9, int(lead.Odds*10))]
					bin.n++
					bin.sum += lead.Odds
					if right {
						bin.right++
					}
				}
			}
			for _, lead := range null.Rank(e.Deposit, e.Rate, window) {
				if lead.Odds >= 0.8 && !shuffled[lead.Payout].Time.Equal(e.Deposit.Time) {
					claimed++
				}
			}
		}
		n := len(held)
		fmt.Fprintf(&b, "%-8s%12.1f%10.3f%10.3f%12.3f%24s%24s%26s\n", fmt.Sprintf("%gh", window.Hours()), float64(candidates)/float64(n), float64(first)/float64(n), float64(third)/float64(n), chance/float64(n),
			fmt.Sprintf("%d, %.3f", at[0][0], quotientOf(at[0][1], at[0][0])), fmt.Sprintf("%d, %.3f", at[1][0], quotientOf(at[1][1], at[1][0])), fmt.Sprintf("%d, %.3f a deposit", claimed, quotientOf(claimed, n)))
	}
	fmt.Fprintf(&b, "\nARE THE ODDS RIGHT? held-out half, window 24h\n%-12s%8s%12s%10s\n", "odds", "leads", "odds, mean", "right")
	for k, bin := range bins {
		if bin.n > 0 {
			fmt.Fprintf(&b, "%.1f to %.1f  %8d%12.3f%10.3f\n", float64(k)/10, float64(k+1)/10, bin.n, bin.sum/float64(bin.n), quotientOf(bin.right, bin.n))
		}
	}
	goldenCoinJoin(t, "payout-quality.txt", b.Bytes())
}

func quotientOf(a, b int) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}
