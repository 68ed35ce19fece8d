package fundtrail

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
)

const usdt = "0xdac17f958d2ee523a2206206994597c13d831ec7"

func TestParseAsset(t *testing.T) {
	for s, want := range map[string]string{
		"eth": "eth", "ETH": "eth", "ethereum": "eth", "btc": "btc", "trx": "trx", "Bitcoin Cash": "bch",
		"eth/" + usdt: "eth/" + usdt,
		"Ethereum/0xdAC17F958D2ee523a2206206994597C13D831ec7": "eth/" + usdt,
		"trx/TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t":              "trx/TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
		"trx/41a614f803b6fd780986a42c78ec9c7f77e6ded13c":      "trx/TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
		"sol/EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v":    "sol/EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
	} {
		a, err := ParseAsset(s)
		if err != nil || a.String() != want {
			t.Errorf("ParseAsset(%q) = %v, %v, want %s", s, a, err, want)
			continue
		}
		if native := !strings.Contains(want, "/"); a.Contract.IsZero() != native || native && a != NativeAsset(a.Chain) {
			t.Errorf("ParseAsset(%q) = %+v", s, a)
		}
		if a.IsZero() || !(Asset{}).IsZero() {
			t.Errorf("IsZero of %v is wrong", a)
		}
		if back, err := ParseAsset(a.String()); err != nil || back != a {
			t.Errorf("%v is read as %v, %v", a, back, err)
		}
	}
	for s, kind := range map[string]error{
		"": ErrInvalid, "/": ErrInvalid, "/" + usdt: ErrInvalid, "xmr": ErrInvalid, " eth": ErrInvalid, "usdt": ErrInvalid,
		"eth/": ErrUnknownForm, "eth//" + usdt: ErrUnknownForm, "eth/" + usdt + "/": ErrUnknownForm, "eth/ " + usdt: ErrUnknownForm,
		"eth/0xdAC17F958D2ee523a2206206994597C13D831eC7": ErrBadChecksum, "trx/" + usdt: ErrWrongNetwork,
		"btc/1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH": ErrInvalid, // coins have no contracts
		"eth/" + strings.Repeat("0", 1<<20):      ErrUnknownForm,
	} {
		a, err := ParseAsset(s)
		if a != (Asset{}) || !errors.Is(err, kind) || !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseAsset(%.40q) = %v, %v, want %v", s, a, err, kind)
			continue
		}
		if len(err.Error()) > 1500 {
			t.Errorf("ParseAsset(%.40q): %d bytes of error", s, len(err.Error()))
		}
	}
}

func TestAssetOrder(t *testing.T) {
	var all []Asset
	for _, s := range []string{"btc", "eth", "eth/0x" + strings.Repeat("0", 40), "eth/" + usdt, "trx", "trx/TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"} {
		a, err := ParseAsset(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	want := slices.Clone(all)
	slices.Reverse(all)
	slices.SortFunc(all, Asset.Compare)
	if !slices.Equal(all, want) {
		t.Errorf("in order %v, want %v", all, want)
	}
}

const ronin = "c28fad5e8d5e0ce6a2eaf67b6687be5d58113e16be590824d6cfa1a94467d0b7"

func TestParseHash(t *testing.T) {
	for _, s := range []string{ronin, "0x" + ronin, strings.ToUpper(ronin), "0x" + strings.ToUpper(ronin)} {
		h, err := ParseHash(s)
		if err != nil || hex.EncodeToString(h[:]) != ronin {
			t.Errorf("ParseHash(%q) = %x, %v", s, h, err)
		}
		for _, info := range Chains() {
			want := ronin
			if info.Family == FamilyEVM {
				want = "0x" + ronin
			}
			id := TxID{info.Chain, h}
			if id.String() != want {
				t.Errorf("%s transaction prints as %s, want %s", info.Chain, id, want)
			}
			if back, err := ParseHash(id.String()); err != nil || back != h {
				t.Errorf("%s is read as %x, %v", id, back, err)
			}
		}
	}
	for _, s := range []string{
		"", "0x", ronin[1:], ronin + "0", "0X" + ronin, "0x0x" + ronin[2:], " " + ronin, ronin + "\n", ronin[:63] + "g", "0x" + ronin[2:],
		strings.Repeat("é", 32), strings.Repeat("a", 1<<20),
	} {
		h, err := ParseHash(s)
		if !errors.Is(err, ErrInvalid) || h != (Hash{}) || !strings.Contains(err.Error(), "want 64 hexadecimal digits") || len(err.Error()) > 600 {
			t.Errorf("ParseHash(%.70q) = %x, %v", s, h, err)
		}
	}
	if !(TxID{}).IsZero() || (TxID{Chain: Ethereum}).IsZero() || (TxID{Hash: Hash{1}}).IsZero() {
		t.Error("TxID.IsZero is wrong")
	}
}

func TestTransferOutputString(t *testing.T) {
	h, err := ParseHash(ronin)
	if err != nil {
		t.Fatal(err)
	}
	for chain, want := range map[Chain]string{
		Ethereum: "0x" + ronin + ":1000007", Tron: ronin + ":1000007", Solana: ronin + ":1000007",
		Bitcoin: ronin + ":3", Litecoin: ronin + ":3", Dogecoin: ronin + ":3", BitcoinCash: ronin + ":3",
	} {
		o := TransferOutput{TransferID{TxID{chain, h}, LogIndex + 7}, 3}
		if o.String() != want {
			t.Errorf("%s output prints as %s, want %s", chain, o, want)
		}
	}
}

func TestKindsString(t *testing.T) {
	for kinds, want := range map[Kinds]string{
		0: "", ValueTransfers: "value", InternalTransfers: "internal", TokenTransfers: "token", Fees: "fees",
		ValueTransfers | Fees: "value, fees", AllKinds: "value, internal, token, fees",
	} {
		if kinds.String() != want {
			t.Errorf("kinds %b print as %q, want %q", kinds, kinds, want)
		}
	}
}

func FuzzParseAsset(f *testing.F) {
	for _, row := range table(f, "addresses.txt", 4) {
		f.Add(row[0])
		f.Add(row[0] + "/" + row[1])
	}
	for _, s := range []string{"", "/", "eth/", "eth//", "Bitcoin Cash", "XBT", "btc/1", "usdt", "eth/" + usdt + "/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAsset(s)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || a != (Asset{}) || len(err.Error()) > 1500 {
				t.Fatalf("ParseAsset(%q) = %v, %v", s, a, err)
			}
			return
		}
		if back, err := ParseAsset(a.String()); err != nil || back != a {
			t.Fatalf("%q is %v, which is read as %v, %v", s, a, back, err)
		}
		if !a.Contract.IsZero() && a.Contract.Chain() != a.Chain {
			t.Fatalf("%q is on %s, its contract on %s", s, a.Chain, a.Contract.Chain())
		}
	})
}

func FuzzParseHash(f *testing.F) {
	for _, s := range []string{ronin, "0x" + ronin, strings.ToUpper(ronin), "0x", "", ronin[1:], strings.Repeat("é", 32), "0X" + ronin} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHash(s)
		b, hexErr := hex.DecodeString(strings.TrimPrefix(s, "0x"))
		if ok := hexErr == nil && len(b) == 32; ok != (err == nil) {
			t.Fatalf("ParseHash(%q) = %x, %v, want it accepted: %v", s, h, err, ok)
		}
		if err != nil {
			if !errors.Is(err, ErrInvalid) || h != (Hash{}) || len(err.Error()) > 600 {
				t.Fatalf("ParseHash(%q) = %x, %v", s, h, err)
			}
			return
		}
		if got := (TxID{Bitcoin, h}).String(); got != strings.ToLower(strings.TrimPrefix(s, "0x")) {
			t.Fatalf("%q prints as %s", s, got)
		}
	})
}
