package report

import (
	"strings"
	"testing"
)

// untying is a document whose value went over a bridge that is followed, into a bridge
// that rank alone joins, and into a CoinJoin.
func untying(t *testing.T) *Document {
	t.Helper()
	d := lagoon(t)
	d.Onward, d.Passages = nil, nil
	end := 0
	for i := range d.Ends {
		if d.Ends[i].Category == "bridge" {
			end = i
			d.Ends[i].Followed = true
		}
	}
	const hash = "0x1111111111111111111111111111111111111111111111111111111111111111"
	in := Hop{Tx: hash, Time: "2023-09-07T09:00:11Z", From: "0xpayer", To: "0xbridge", Asset: "eth", Amount: "99800000000000000000", Kind: "crossing",
		Tainted: Tainted{}, Possible: "0", PossibleWithoutGaps: "0", End: &end, Protocol: "sandbar", Method: "bridge-id/1"}
	out := in
	out.Tx, out.Index, out.To, out.Amount, out.End = strings.Replace(hash, "1", "2", 1), 7, "0xreceiver", "99000000000000000000", nil
	d.Hops = append(d.Hops, in, out)
	d.Bridges = []Bridged{{Protocol: "sandbar", Method: "bridge-id/1", Confidence: 99, In: []string{in.Tx + ":0"}, Out: []string{out.Tx + ":7"}}}
	share := func(to, carries, certainty string, p float64) Withdrawal {
		return Withdrawal{Tx: "cc", Record: "cc:1", Time: "2023-09-08T00:00:00Z", To: to, Asset: "btc", Amount: "100000000", Carries: carries, Fee: "0",
			Probability: p, Certainty: certainty, Method: "coinjoin-spread/1", AnonymitySet: 5}
	}
	d.Passages = []Passage{
		{Kind: "mixer", Protocol: "whirlpool", Tx: "cc", Asset: "btc", Note: "0", Depositor: "bc1payer", Deposits: []string{"aa:0", "bb:0"}, Amount: "400000000", Stolen: "200000000",
			First: "2023-09-08T00:00:00Z", Last: "2023-09-08T00:00:00Z", Withdrawals: []Withdrawal{share("bc1one", "70000000", "probable", .7), share("bc1two", "20000000", "possible", .2), share("bc1three", "20000000", "possible", .3)}},
		{Kind: "bridge", Protocol: "poly", Pool: "eth to polygon", Asset: "eth", Note: "3000000000000000000", Depositor: "0xpayer", Deposits: []string{hash + ":3"}, Amount: "3000000000000000000", Stolen: "2000000000000000000",
			First: "2023-09-08T00:00:00Z", Last: "2023-09-08T00:00:00Z", Withdrawals: []Withdrawal{
				{Tx: "0xp", Time: "2023-09-08T00:10:00Z", To: "0xlikely", Asset: "eth", Amount: "2900000000000000000", Carries: "2900000000000000000", Fee: "0", Probability: .8, Certainty: "probable", Method: "bridge-rank/1"},
				{Tx: "0xq", Time: "2023-09-08T00:10:00Z", To: "0xless", Asset: "eth", Amount: "2900000000000000000", Carries: "2900000000000000000", Fee: "0", Probability: .15, Certainty: "possible", Method: "bridge-rank/1"}}},
	}
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestCoinJoinsAreToldByAmount: a CoinJoin has no notes; what went in is what was stolen,
// what came out what the outputs carry, each certainty by itself.
func TestCoinJoinsAreToldByAmount(t *testing.T) {
	text := flat(string(write(t, "text", untying(t))))
	for _, want := range []string{
		"Of 2.0000 BTC that went into CoinJoins, spread over the outputs that can be its owner's: certain 0 (0.0 %); probable 0.7000 (35.0 %); possible 0.4000 (20.0 %).",
		"Of 2.00 ETH that went into bridges, what came out is linked: certain 0 (0.0 %); probable 2.00 (100.0 %); possible 0 (0.0 %).",
		"THROUGH COINJOINS", "whirlpool: 2.0000 BTC of what was stolen went into 1 CoinJoin, in 2 coins. [coinjoin-spread/1]",
		"possible 2 0.4000 20.0 % 2 2023-09-08; odds 0.20 to 0.30; anonymity set 5",
		"2.0000 BTC in on 2023-09-08: 3 possible outputs, odds 0.20 to 0.70, anonymity set 5",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if strings.Contains(text, "THROUGH MIXERS") || strings.Contains(text, " notes") {
		t.Error("the text counts a CoinJoin's notes")
	}
	page := string(write(t, "html", untying(t)))
	for _, want := range []string{"Through CoinJoins", "2 coins", "cc:1", "3 possible outputs"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, `id="through"`) {
		t.Error("the page has a section about mixers")
	}
}

// TestFollowedBridgesAreToldApart: value that is followed over a bridge is not said to be
// there, and the crossing names its records and its method.
func TestFollowedBridgesAreToldApart(t *testing.T) {
	d := untying(t)
	text := flat(string(write(t, "text", d)))
	for _, want := range []string{
		"Sandbar Bridge, followed on", "99.80 of it followed on", "sandbar [bridge-id/1 99]", "out 99.00", "to 0xreceiver",
		"poly, eth to polygon: 3.0000 ETH went in", "probable (0.800, bridge-rank/1): 2.9000 ETH to 0xlikely on eth",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if strings.Contains(text, "on the other side of Sandbar") {
		t.Error("the reader is sent after what is followed")
	}
	page := string(write(t, "html", d))
	for _, want := range []string{`id="bridges"`, "sandbar", "[bridge-id/1 99]", "0xreceiver", "Not followed in the trace", "0xlikely", "odds 0.150"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for name, want := range map[string]string{
		"csv": ",crossing,", "csv of ends": "true\r\n", "graphml": `<data key="e_method">bridge-id/1</data>`,
	} {
		if got := string(write(t, name, d)); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q", name, want)
		}
	}
	for row := range strings.Lines(string(write(t, "csv", d))) {
		if strings.Contains(row, ",crossing,") && strings.Contains(row, "0xreceiver") && !strings.HasSuffix(row, "sandbar,bridge-id/1\r\n") {
			t.Errorf("a bridge's row does not name it: %s", row)
		}
		if strings.HasPrefix(row, "passages,cc,1,") && !strings.HasSuffix(row, "whirlpool,coinjoin-spread/1\r\n") {
			t.Errorf("a CoinJoin's row does not name it: %s", row)
		}
	}
}

// flat is a text page on one line.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }
