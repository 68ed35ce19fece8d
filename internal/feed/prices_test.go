package feed

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

var eth = fundtrail.NativeAsset(fundtrail.Ethereum)

// dayPrice is a price as the tests write it.
type dayPrice struct {
	day    string
	micros string
}

func dayPrices(prices []fundtrail.Price) (out []dayPrice) {
	for _, p := range prices {
		out = append(out, dayPrice{p.Day, p.Micros.String()})
	}
	return out
}

func TestPriceShapes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []dayPrice
		basis      string
		noPrice    int
	}{
		{"dates", "Date,Adj_Close\n2017-11-10,299.25299072265625\n2017-11-09,320.8840026855469\n",
			[]dayPrice{{"2017-11-09", "320884003"}, {"2017-11-10", "299252991"}},
			"USD close of the day that the file states, column Adj_Close of x.csv", 0},
		{"close goes before adjusted close", "date,open,close,adj close\n2020-01-01,1,2,3\n", []dayPrice{{"2020-01-01", "2000000"}},
			"USD close of the day that the file states, column close of x.csv", 0},
		{"candles", "timestamp,open,close,volume,unix_timestamp,high,low\n2011-08-18 00:00:00,10.9,10.91,0.4,1313625600,10.9,10.9\n",
			[]dayPrice{{"2011-08-18", "10910000"}}, "USD close of the UTC day, column close of x.csv", 0},
		{"month first, zero is no price", "Date(UTC),UnixTimeStamp,Value\n7/30/15,1438214400,0\n8/7/15,1438905600,2.77\n8/8/15,1438992000,\n",
			[]dayPrice{{"2015-08-07", "2770000"}}, "USD price of the UTC day, column Value of x.csv", 2},
		{"price and date", "timestamp,price,date\n1722360000000,0.016535149,2024-07-30\n",
			[]dayPrice{{"2024-07-30", "16535"}}, "USD price of the day that the file states, column price of x.csv", 0},
		{"decimal commas, a byte order mark, rounded times",
			"\ufefftimeOpen;timeClose;timeHigh;timeLow;priceOpen;priceHigh;priceLow;priceClose;volume\r\n" +
				"1,72236E+12;1,72244E+12;1,72241E+12;1,72244E+12;3276,309651;3327,009529;3231,495356;3232,391303;892217179,5\r\n" +
				"1,72201E+12;1,7221E+12;1,72206E+12;1,72208E+12;3274,7;3306,6;3246,8;3250;1\r\n",
			[]dayPrice{{"2024-07-27", "3250000000"}, {"2024-07-31", "3232391303"}},
			"USD close, of the UTC day that the candle closes in, column priceClose of x.csv", 0},
		{"whole milliseconds, closing at midnight", "timeopen,timeclose,priceclose\n1648080000000,1648166400000,3100.5\n",
			[]dayPrice{{"2022-03-24", "3100500000"}}, "USD close, of the UTC day that the candle closes in, column priceclose of x.csv", 0},
		{"a byte order mark before a quote", "\ufeff\"Close\",\"Date\"\n5,2020-01-02\n", []dayPrice{{"2020-01-02", "5000000"}},
			"USD close of the day that the file states, column Close of x.csv", 0},
		{"seconds", "timestamp,close\n1648080000,1e-6\n1648166400,2.5E-5\n1648252800,null\n",
			[]dayPrice{{"2022-03-24", "1"}, {"2022-03-25", "25"}}, "USD close of the UTC day, column close of x.csv", 1},
	} {
		got, err := ParsePrices(strings.NewReader(c.text), eth, fundtrail.Source{Title: "x.csv"})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if have := dayPrices(got.Prices); !slices.Equal(have, c.want) {
			t.Errorf("%s: %v, want %v; rejected %v", c.name, have, c.want, got.Rejected)
		}
		if got.Basis != c.basis || got.NoPrice != c.noPrice || len(got.Rejected)+len(got.Conflicts) != 0 {
			t.Errorf("%s: basis %q, %d without price, rejected %v, conflicts %v", c.name, got.Basis, got.NoPrice, got.Rejected, got.Conflicts)
		}
		for _, p := range got.Prices {
			if p.Asset != eth || p.Source != c.basis {
				t.Errorf("%s: price %+v, want the asset given and the basis as source", c.name, p)
			}
		}
	}
}

func TestMicros(t *testing.T) {
	for _, c := range []struct {
		text  string
		comma bool
		want  string // "" for no price, "!" for an error
	}{
		{"1", false, "1000000"}, {"0.0000005", false, "1"}, {"0.00000049", false, "!"}, {"0.0000014999", false, "1"}, {"0.0000015", false, "2"},
		{"0.9999995", false, "1000000"}, {"123456789.123456789", false, "123456789123457"}, {"0", false, ""}, {"0.000", false, ""}, {"0e5", false, ""},
		{"", false, ""}, {"NaN", false, ""}, {"-", false, ""}, {"N/A", false, ""},
		{"3276,309651", true, "3276309651"}, {"7e-05", false, "70"}, {"1.5E+3", false, "1500000000"}, {"00012", false, "12000000"},
		{"-1", false, "!"}, {"+1", false, "!"}, {"1,234.5", false, "!"}, {"1.234,5", true, "!"}, {"1.", false, "!"}, {".5", false, "!"},
		{"1e", false, "!"}, {"1e99", false, "!"}, {"1e64", false, "1" + strings.Repeat("0", 70)}, {"$5", false, "!"}, {"0x10", false, "!"}, {"1_000", false, "!"},
		{strings.Repeat("9", 65), false, "!"}, {strings.Repeat("9", 64) + "e60", false, "!"}, {"Infinity", false, "!"},
	} {
		got, err := micros(c.text, c.comma)
		switch {
		case c.want == "" && !errors.Is(err, errNoPrice):
			t.Errorf("micros(%q) = %v, %v; want no price", c.text, got, err)
		case c.want == "!":
			wantInvalid(t, err, "")
		case c.want != "" && (err != nil || got.String() != c.want):
			t.Errorf("micros(%q) = %v, %v; want %s", c.text, got, err, c.want)
		}
	}
}

func TestPricesRejected(t *testing.T) {
	got, err := ParsePrices(strings.NewReader(`Date(UTC),UnixTimeStamp,Value
7/8/15,1438905600,2.77
8/7/15,yesterday,2.77
13/13/13,1438905600,2
8/7/15,1438905600,two
8/7/15,1438905600,0.00000001
8/7/15,1438905600,2.77
`), eth, fundtrail.Source{})
	if err != nil {
		t.Fatal(err)
	}
	says := []string{
		`dateutc "7/8/15" is not the day of unixtimestamp, 2015-08-07`, `unixtimestamp "yesterday": want a date`,
		`dateutc "13/13/13": want a date`, `"two": want a number`, "below half a millionth",
	}
	if len(got.Rejected) != len(says) || len(got.Prices) != 1 {
		t.Fatalf("rejected %v, prices %v", got.Rejected, got.Prices)
	}
	for i, s := range says {
		if r := got.Rejected[i]; r.Line != i+2 || r.Entry != i+1 {
			t.Errorf("rejected %v, want line %d, entry %d", r, i+2, i+1)
		}
		wantInvalid(t, got.Rejected[i].Err, s)
	}

	got, err = ParsePrices(strings.NewReader("timeOpen;timeClose;priceClose\n1,7223E+12;1,7224E+12;5\n1722297600000;1722384000001;5\n1,7e12;x;5\n"), eth, fundtrail.Source{})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range []string{"rounded so far that the day may be 2024-07-30 or 2024-07-31", "are not a day apart", `timeclose "x": want Unix milliseconds`} {
		if i >= len(got.Rejected) {
			t.Fatalf("rejected %v, want 3", got.Rejected)
		}
		wantInvalid(t, got.Rejected[i].Err, s)
	}
}

func TestPricesBroken(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{"a,b\n1,2\n", "line 1: \"a,b\": want a column for the day"},
		{"date,close,Close\n", "column \"Close\" stands twice"},
		{"date,close\n2020-01-01\n", "want 2 columns: record on line 2: wrong number of fields"},
		{"date,close\n2020-01-01,\"1\n", "line 2"},
	} {
		got, err := ParsePrices(strings.NewReader(c.text), eth, fundtrail.Source{})
		wantInvalid(t, err, "parse prices", c.says)
		if got.Prices != nil {
			t.Errorf("%q: prices beside an error", c.text)
		}
	}
}

func TestPricesLookUp(t *testing.T) {
	parse := func(title, text string, asset fundtrail.Asset) PriceFile {
		t.Helper()
		f, err := ParsePrices(strings.NewReader(text), asset, fundtrail.Source{Title: title})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	btc := fundtrail.NativeAsset(fundtrail.Bitcoin)
	p, conflicts := NewPrices(
		parse("a.csv", "date,close\n2022-03-23,3000\n2022-03-23,3001\n2022-03-23,3000\n2022-03-25,3100\n", eth),
		parse("b.csv", "date,close\n2022-03-23,3002\n2022-03-24,3050\n2022-03-25,3100\n1969-12-31,1\n", eth),
		parse("c.csv", "date,close\n2022-03-23,42000\n", btc),
	)
	type pair struct{ day, kept, dropped string }
	var have []pair
	for _, c := range conflicts {
		have = append(have, pair{c.Kept.Day, c.Kept.Micros.String(), c.Dropped.Micros.String()})
	}
	if want := []pair{{"2022-03-23", "3000000000", "3001000000"}, {"2022-03-23", "3000000000", "3002000000"}}; !slices.Equal(have, want) {
		t.Errorf("conflicts %v, want %v", have, want)
	}
	for _, c := range []struct {
		asset fundtrail.Asset
		at    time.Time
		want  string // "" for unpriced
	}{
		{eth, day(2022, 3, 23), "3000000000"},
		{eth, day(2022, 3, 24).Add(-time.Second), "3000000000"},
		{eth, day(2022, 3, 24), "3050000000"},
		{eth, day(2022, 3, 25).Add(12 * time.Hour), "3100000000"},
		{eth, day(2022, 3, 26), ""}, // no price is carried over
		{eth, day(2022, 3, 22), ""},
		{eth, day(1970, 1, 1).Add(-time.Second), "1000000"},
		{eth, day(1970, 1, 1), ""},
		{btc, day(2022, 3, 23), "42000000000"},
		{btc, day(2022, 3, 24), ""},
		{fundtrail.NativeAsset(fundtrail.BSC), day(2022, 3, 23), ""},
	} {
		got, ok := p.At(c.asset, c.at.Unix())
		if ok != (c.want != "") || ok && (got.Micros.String() != c.want || got.Asset != c.asset || got.Day != c.at.Format(time.DateOnly)) {
			t.Errorf("At(%v, %v) = %+v, %v; want %q", c.asset, c.at, got, ok, c.want)
		}
	}
	if want := []string{
		"USD close of the day that the file states, column close of a.csv",
		"USD close of the day that the file states, column close of b.csv",
		"USD close of the day that the file states, column close of c.csv",
	}; !slices.Equal(p.Basis(), want) {
		t.Errorf("basis %q", p.Basis())
	}
	var none *Prices
	if _, ok := none.At(eth, 0); ok || none.Basis() != nil {
		t.Error("no prices at all know a price")
	}
}

func TestPricesReal(t *testing.T) {
	for _, c := range []struct {
		name          string
		rows, noPrice int
		day, micros   string // a spot check
	}{
		{"prices/BTCUSD_daily_2011-08-18_2025-09-24.csv", 5152, 0, "2011-08-19", "11690000"},
		{"prices/ETH-USD_2017-11-09_2025-09-30.csv", 2883, 0, "2017-11-10", "299252991"},
		{"prices/ETH_etherscan_2015-07-30_on.csv", 1369, 8, "2019-05-06", "166160000"},
		{"bridge_events/token-price-data/ronin-bridge/bitget/weth-20240801182136963.csv", 1040, 0, "2024-07-31", "3232391303"},
		{"bridge_events/token-price-data/ronin-bridge/data/weth_historical_data.csv", 1040, 0, "2024-07-30", "3232391303"},
		{"bridge_events/token-price-data/nomad-bridge/bitget/covalent-20240801181710707.csv", 1058, 0, "2024-07-31", "16535"},
	} {
		got, err := ParsePrices(realData(t, c.name), eth, fundtrail.Source{Title: c.name})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(got.Prices) != c.rows || got.NoPrice != c.noPrice || len(got.Rejected)+len(got.Conflicts) != 0 {
			t.Errorf("%s: %d prices, %d without, rejected %v, conflicts %v; want %d, %d, none",
				c.name, len(got.Prices), got.NoPrice, got.Rejected, got.Conflicts, c.rows, c.noPrice)
		}
		if !slices.Contains(dayPrices(got.Prices), dayPrice{c.day, c.micros}) {
			t.Errorf("%s: no price of %s on %s", c.name, c.micros, c.day)
		}
	}
}

// TestPriceDaysReal: two sources that agree on the day are close to each other on
// it. A candle export whose times are eight hours off must still land on its day.
func TestPriceDaysReal(t *testing.T) {
	read := func(name string) PriceFile {
		t.Helper()
		f, err := ParsePrices(realData(t, name), eth, fundtrail.Source{})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	want, _ := NewPrices(read("prices/ETH-USD_2017-11-09_2025-09-30.csv"))
	near, far := 0, 0
	for _, p := range read("bridge_events/token-price-data/ronin-bridge/bitget/weth-20240801182136963.csv").Prices {
		d, err := time.Parse(time.DateOnly, p.Day)
		if err != nil {
			t.Fatal(err)
		}
		q, ok := want.At(eth, d.Unix())
		if !ok {
			t.Fatalf("no price on %s", p.Day)
		}
		diff := p.Micros.Max(q.Micros)
		diff, _ = diff.Sub(p.Micros.Min(q.Micros))
		if diff, _ = diff.Mul(fundtrail.NewAmount(100)); diff.Less(q.Micros) {
			near++
		} else {
			far++
		}
	}
	if far*20 > near {
		t.Errorf("%d days within a hundredth of the other source, %d not: the days are shifted", near, far)
	}
}

func FuzzPrices(f *testing.F) {
	f.Add("Date(UTC),UnixTimeStamp,Value\n7/30/15,1438214400,0\n8/7/15,1438905600,2.77\n")
	f.Add("timeOpen;timeClose;priceClose\n1,72236E+12;1,72244E+12;3232,391303\n1,7E+12;1,7E+12;3232,391303\n")
	f.Add("timestamp,price,date\n1722360000000,1e-6,2024-07-30\n,,2024-07-30\n")
	f.Add("Date,Adj_Close\n2017-11-09,320.8840026855469\n2017-11-09,320.8\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParsePrices(strings.NewReader(text), eth, fundtrail.Source{})
		if err != nil {
			wantInvalid(t, err)
			return
		}
		checkRejected(t, got.Rejected)
		for i, p := range got.Prices {
			d, err := time.Parse(time.DateOnly, p.Day)
			if err != nil || p.Micros.IsZero() {
				t.Fatalf("price %+v: want a day and more than nothing", p)
			}
			if i > 0 && got.Prices[i-1].Day >= p.Day {
				t.Fatalf("day %s after %s: want each once, in order", p.Day, got.Prices[i-1].Day)
			}
			all, _ := NewPrices(got)
			if q, ok := all.At(eth, d.Unix()); !ok || q != p {
				t.Fatalf("looked up %+v, want %+v", q, p)
			}
		}
	})
}
