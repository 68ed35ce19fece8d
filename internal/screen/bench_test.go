package screen

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

func BenchmarkAsk(b *testing.B) {
	x := realIndex(b)
	for _, c := range []struct {
		name string
		q    Question
	}{
		{"hit/evm", Question{Text: "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"}},
		{"hit/evm/chain", Question{Text: "0x098B716B8Aaf21512996dC57EB0615e2383E2f96", Chain: fundtrail.BSC}},
		{"hit/btc", Question{Text: "1JHdQHkBZiim1cb4hyUh2PbzEbbg6z2TrF"}},
		{"hit/asof", Question{Text: tornadoRouter, AsOf: day("2025-03-05")}},
		{"hit/known", Question{Text: tornadoRouter, AsOf: day("2025-03-05"), Known: day("2025-03-20")}},
		{"miss/evm/lower", Question{Text: "0x098b716b8aaf21512996dc57eb0615e2383e2f97"}},
		{"miss/evm/eip55", Question{Text: "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"}},
		{"miss/btc/p2pkh", Question{Text: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"}},
		{"miss/btc/bech32", Question{Text: "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"}},
		{"miss/btc/taproot", Question{Text: "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"}},
		{"miss/trx", Question{Text: "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"}},
		{"miss/sol", Question{Text: "So11111111111111111111111111111111111111112"}},
		{"miss/asof", Question{Text: "0x098b716b8aaf21512996dc57eb0615e2383e2f97", AsOf: day("2025-03-05")}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			want := Clear
			if strings.HasPrefix(c.name, "hit") {
				want = Matched
			}
			for b.Loop() {
				if a := x.Ask(c.q); a.Verdict != want {
					b.Fatal(a.Verdict, a.Reason)
				}
			}
		})
	}
}

// BenchmarkListed is a batch of a hundred addresses, one in fifty of them listed.
func BenchmarkListed(b *testing.B) {
	x := realIndex(b)
	rnd := rand.New(rand.NewPCG(1, 2))
	batch := make([]string, 100)
	for i := range batch {
		var payload [20]byte
		for j := range payload {
			payload[j] = byte(rnd.Uint32())
		}
		batch[i] = fundtrail.ChecksumCase(fundtrail.EVMAddress(fundtrail.Ethereum, payload).String())
		if i%2 == 1 {
			batch[i] = fundtrail.EVMAddress(fundtrail.Tron, payload).String()
		}
	}
	batch[7], batch[70] = "1JHdQHkBZiim1cb4hyUh2PbzEbbg6z2TrF", "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, s := range batch {
			if x.Listed(s) {
				n++
			}
		}
		if n != 2 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(batch))/b.Elapsed().Seconds(), "addresses/s")
}

func BenchmarkFreeText(b *testing.B) {
	x := realIndex(b)
	prose := strings.Repeat("The attacker moved the funds on 2022-03-23 through several intermediaries, as the report says. ", 100)
	for _, c := range []struct{ name, text string }{
		{"prose", prose + "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"},
		{"unicode", prose + "— 0x098B716B8Aaf21512996dC57EB0615e2383E2f96"},
		{"addresses", strings.Repeat("1BoatSLRHtKNngkdXEeobR76b53LETtpyT,0x098B716B8Aaf21512996dC57EB0615e2383E2f96\n", 100)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				if x.Ask(Question{Kind: FreeText, Text: c.text}).Verdict != Matched {
					b.Fatal("not found")
				}
			}
		})
	}
}

// generated is a history of versions of lists with as many parties as all lists have,
// of which one in a hundred changes with every version.
func generated(versions, parties int) *fundtrail.ListHistory {
	rnd := rand.New(rand.NewPCG(3, 4))
	h := &fundtrail.ListHistory{}
	word := func() string {
		b := make([]byte, 3+rnd.IntN(7))
		for i := range b {
			b[i] = byte('a' + rnd.IntN(26))
		}
		return string(b)
	}
	made := 0
	add := func(uid int) uint32 {
		p := fundtrail.Party{
			UID: fmt.Sprint(uid), Kind: fundtrail.Person, Programs: []string{"SDGT"},
			Names: []fundtrail.Name{{Text: word() + " " + word()}, {Text: word() + " " + word(), Kind: fundtrail.Alias}},
			Note:  fmt.Sprint("DOB 1970; change ", made),
		}
		made++
		if uid%20 == 0 {
			var payload [20]byte
			for j := range payload {
				payload[j] = byte(rnd.Uint32())
			}
			p.Wallets = []fundtrail.Wallet{{Text: fundtrail.EVMAddress(fundtrail.Ethereum, payload).String(), Currency: "ETH"}}
		}
		h.Parties = append(h.Parties, p)
		return uint32(len(h.Parties) - 1)
	}
	now := make([]uint32, parties)
	for i := range now {
		now[i] = add(i)
	}
	for v := range versions {
		for range parties / 100 {
			i := rnd.IntN(parties)
			now[i] = add(i)
		}
		published := day("2023-01-01").AddDate(0, 0, v)
		h.Versions = append(h.Versions, fundtrail.ListVersion{
			List: "made", Covers: fundtrail.CoversNames | fundtrail.CoversWallets, Published: published, Received: published,
			SHA256: sha256.Sum256([]byte{byte(v)}), Parties: parties,
		})
		members := append([]uint32(nil), now...)
		h.Members = append(h.Members, sorted(members))
	}
	return h
}

// BenchmarkAskName asks a history of fifty versions for names as they are and with an error.
func BenchmarkAskName(b *testing.B) {
	h := generated(50, 18_000)
	x := New(h, Options{})
	for _, c := range []struct {
		name string
		turn func(string) string
		as   Question
	}{
		{"exact", func(s string) string { return s }, Question{Kind: AName}},
		{"error", func(s string) string { return s[1:] }, Question{Kind: AName}},
		{"asof", func(s string) string { return s }, Question{Kind: AName, AsOf: day("2023-01-20")}},
	} {
		b.Run(c.name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				i += 7919
				q := c.as
				q.Text = c.turn(h.Parties[i%len(h.Parties)].Names[0].Text)
				x.Ask(q)
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, c := range []struct{ versions, parties int }{{50, 18_000}} {
		b.Run(fmt.Sprintf("versions=%d/parties=%d", c.versions, c.parties), func(b *testing.B) {
			var before, history, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			h := generated(c.versions, c.parties)
			runtime.GC()
			runtime.ReadMemStats(&history)
			var x *Index
			for b.Loop() {
				x = New(h, Options{})
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(history.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-history")
			b.ReportMetric(float64(after.HeapAlloc-history.HeapAlloc)/(1<<20), "MiB-index")
			runtime.KeepAlive(x)
			runtime.KeepAlive(h)
		})
	}
}
