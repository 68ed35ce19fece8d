package fundtrail

import (
	"encoding/json"
	"errors"
	"math/big"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var wrap = new(big.Int).Lsh(big.NewInt(1), 256)

// amounts are the boundaries of 64-bit words and of decimal chunks, and random
// numbers of every length.
func amounts() []Amount {
	var all []Amount
	add := func(b *big.Int) {
		if a, ok := AmountFromBig(b); ok {
			all = append(all, a)
		}
	}
	for _, bits := range []uint{0, 1, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256} {
		for d := int64(-2); d <= 2; d++ {
			b := new(big.Int).Lsh(big.NewInt(1), bits)
			add(b.Add(b, big.NewInt(d)))
		}
	}
	for _, digits := range []int64{1, 18, 19, 20, 38, 39, 57, 58, 76, 77} {
		for d := int64(-1); d <= 1; d++ {
			b := new(big.Int).Exp(big.NewInt(10), big.NewInt(digits), nil)
			add(b.Add(b, big.NewInt(d)))
		}
	}
	rnd := rand.New(rand.NewPCG(9, 10))
	for n := range 100 {
		var w [4]uint64
		for i := range w {
			w[i] = rnd.Uint64()
		}
		b := AmountFromWords(w).Big()
		add(b.Rsh(b, uint(n*256/100)))
	}
	return all
}

func TestAmountArithmetic(t *testing.T) {
	all := amounts()
	if !slices.Contains(all, MaxAmount) || !slices.Contains(all, Amount{}) {
		t.Fatal("the boundaries are missing")
	}
	same := func(what string, a, b, got Amount, flag bool, want *big.Int) {
		t.Helper()
		over := want.Sign() < 0 || want.BitLen() > 256
		low := new(big.Int).Mod(want, wrap)
		if got.Big().Cmp(low) != 0 || flag != over {
			t.Fatalf("%s of %v and %v = %v, %v, want %v, %v", what, a, b, got, flag, low, over)
		}
	}
	rnd := rand.New(rand.NewPCG(11, 12))
	for _, a := range all {
		for _, b := range all {
			x, y := a.Big(), b.Big()
			sum, over := a.Add(b)
			same("sum", a, b, sum, over, new(big.Int).Add(x, y))
			diff, under := a.Sub(b)
			same("difference", a, b, diff, under, new(big.Int).Sub(x, y))
			product, over := a.Mul(b)
			same("product", a, b, product, over, new(big.Int).Mul(x, y))
			for _, c := range []Amount{b, all[rnd.IntN(len(all))], all[rnd.IntN(len(all))]} {
				if c.IsZero() {
					continue
				}
				q, over := a.MulDiv(b, c)
				want := new(big.Int).Mul(x, y)
				want.Quo(want, c.Big())
				if over != (want.BitLen() > 256) || !over && q.Big().Cmp(want) != 0 {
					t.Fatalf("%v*%v/%v = %v, %v, want %v", a, b, c, q, over, want)
				}
			}
			cmp := x.Cmp(y)
			if a.Cmp(b) != cmp || a.Less(b) != (cmp < 0) || (a == b) != (cmp == 0) {
				t.Fatalf("%v compared with %v: %d, less %v, want %d", a, b, a.Cmp(b), a.Less(b), cmp)
			}
			least, most := a, b
			if cmp > 0 {
				least, most = b, a
			}
			if a.Min(b) != least || a.Max(b) != most {
				t.Fatalf("of %v and %v the lesser is %v and the greater %v", a, b, a.Min(b), a.Max(b))
			}
		}
	}
}

func TestAmountForms(t *testing.T) {
	for _, a := range amounts() {
		b := a.Big()
		if got := a.String(); got != b.String() {
			t.Fatalf("%#v prints as %s, want %s", a, got, b)
		}
		if back, err := ParseAmount(a.String()); err != nil || back != a {
			t.Fatalf("%v is read as %v, %v", a, back, err)
		}
		if back, ok := AmountFromBig(b); !ok || back != a {
			t.Fatalf("from big.Int %v: %v, %v", b, back, ok)
		}
		if back := AmountFromWords(a.Words()); back != a {
			t.Fatalf("from words of %v: %v", a, back)
		}
		if a.IsUint64() != b.IsUint64() || a.IsZero() != (b.Sign() == 0) || a.Uint64() != new(big.Int).Mod(b, new(big.Int).Lsh(big.NewInt(1), 64)).Uint64() {
			t.Fatalf("%v: IsUint64 %v, IsZero %v, Uint64 %d", a, a.IsUint64(), a.IsZero(), a.Uint64())
		}
		if a.IsUint64() && NewAmount(a.Uint64()) != a {
			t.Fatalf("NewAmount(%d) is not %v", a.Uint64(), a)
		}
		text, err := json.Marshal(a)
		var back Amount
		if err != nil || string(text) != `"`+b.String()+`"` || json.Unmarshal(text, &back) != nil || back != a {
			t.Fatalf("%v is %s in JSON, which is read as %v", a, text, back)
		}
	}
	for _, b := range []*big.Int{big.NewInt(-1), wrap, new(big.Int).Add(wrap, big.NewInt(1)), new(big.Int).Neg(wrap), new(big.Int).Lsh(wrap, 300)} {
		if a, ok := AmountFromBig(b); ok || !a.IsZero() {
			t.Errorf("from big.Int %v: %v", b, a)
		}
	}
	// A JSON number has lost digits before it gets here.
	a := NewAmount(7)
	if err := json.Unmarshal([]byte("12"), &a); err == nil || a != NewAmount(7) {
		t.Errorf("a JSON number is read as %v", a)
	}
	if err := json.Unmarshal([]byte(`"1.5"`), &a); !errors.Is(err, ErrInvalid) || a != NewAmount(7) {
		t.Errorf("1.5 is read as %v, %v", a, err)
	}
}

func TestAmountDivisionByZero(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MulDiv by zero does not panic")
		}
	}()
	NewAmount(1).MulDiv(NewAmount(1), Amount{})
}

func TestParseAmountRefuses(t *testing.T) {
	for _, s := range []string{
		"", " ", " 1", "1 ", "+1", "-1", "-0", "1.0", "1e3", "1,000", "1_000", "0x10", "ten", "١", "1\x00", "\xff", "½", "NaN", "1:", "1/",
		wrap.String(), "1" + strings.Repeat("0", 78), strings.Repeat("9", 1<<20), strings.Repeat("9", 78) + "x",
	} {
		a, err := ParseAmount(s)
		if !errors.Is(err, ErrInvalid) || !a.IsZero() {
			t.Errorf("ParseAmount(%.40q) = %v, %v", s, a, err)
			continue
		}
		if len(err.Error()) > 600 || len(s) < 90 && !strings.Contains(err.Error(), "digits") && !strings.Contains(err.Error(), "256 bits") {
			t.Errorf("ParseAmount(%.40q): %v", s, err)
		}
	}
	for s, want := range map[string]string{
		"0": "0", "00": "0", "007": "7", strings.Repeat("0", 1000) + "1": "1", strings.Repeat("0", 100) + MaxAmount.String(): MaxAmount.String(),
	} {
		if a, err := ParseAmount(s); err != nil || a.String() != want {
			t.Errorf("ParseAmount(%.40q) = %v, %v, want %s", s, a, err, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		units    string
		decimals int
		want     string
	}{
		{"1500000000000000000", 18, "1.5"}, {"0", 18, "0"}, {"1", 18, "0.000000000000000001"}, {"10", 2, "0.1"},
		{"100", 2, "1"}, {"101", 2, "1.01"}, {"12345", 0, "12345"}, {"100", 0, "100"}, {"5", 1, "0.5"}, {"50", 3, "0.05"},
		{"173600000000000000000000", 18, "173600"}, {"25500000000000", 6, "25500000"},
		{MaxAmount.String(), 77, "1.15792089237316195423570985008687907853269984665640564039457584007913129639935"},
		{MaxAmount.String(), 78, "0.115792089237316195423570985008687907853269984665640564039457584007913129639935"},
		{"1", 80, "0." + strings.Repeat("0", 79) + "1"}, {"12345", -3, "12345"},
	} {
		a, err := ParseAmount(c.units)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Decimal(c.decimals); got != c.want {
			t.Errorf("%s with %d decimals is %s, want %s", c.units, c.decimals, got, c.want)
		}
	}
	for _, a := range amounts() {
		for decimals := range 31 {
			s := a.Decimal(decimals)
			ratio, ok := new(big.Rat).SetString(s)
			scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
			if !ok || ratio.Cmp(new(big.Rat).SetFrac(a.Big(), scale)) != 0 {
				t.Fatalf("%v with %d decimals is %s", a, decimals, s)
			}
			if back, err := ParseDecimal(s, decimals); err != nil || back != a {
				t.Fatalf("%s with %d decimals is read as %v, %v, want %v", s, decimals, back, err, a)
			}
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct {
		s        string
		decimals int
		want     string
	}{
		{"1.5", 18, "1500000000000000000"}, {"1.50", 1, "15"}, {"1.000", 0, "1"}, {"0.0", 0, "0"}, {"007.5", 1, "75"},
		{"0." + strings.Repeat("0", 500), 8, "0"}, {"0", 255, "0"}, {"0." + strings.Repeat("0", 254) + "1", 255, "1"},
		{MaxAmount.Decimal(18), 18, MaxAmount.String()},
	} {
		if a, err := ParseDecimal(c.s, c.decimals); err != nil || a.String() != c.want {
			t.Errorf("ParseDecimal(%.40q, %d) = %v, %v, want %s", c.s, c.decimals, a, err, c.want)
		}
	}
	for _, c := range []struct {
		s        string
		decimals int
		says     string
	}{
		{"", 8, "such as 1.5"}, {".", 8, "such as 1.5"}, {"1.", 8, "such as 1.5"}, {".5", 8, "such as 1.5"}, {"1.2.3", 8, "such as 1.5"},
		{"1,5", 8, "such as 1.5"}, {"-1", 8, "such as 1.5"}, {"+1", 8, "such as 1.5"}, {"1e3", 8, "such as 1.5"}, {" 1", 8, "such as 1.5"},
		{"1.5 ", 8, "such as 1.5"}, {"1.x", 8, "such as 1.5"}, {"1.00x", 2, "such as 1.5"}, {"0x1", 8, "such as 1.5"}, {"1.-5", 8, "such as 1.5"},
		{"0.123456789", 8, "8 decimals"}, {"0.1", 0, "0 decimals"}, {"1", 256, "want 0 to 255"}, {"1", -1, "want 0 to 255"}, {"0.5", 1 << 60, "want 0 to 255"},
		{"1", 78, "256 bits"}, {wrap.String(), 0, "256 bits"}, {MaxAmount.Decimal(18) + "1", 19, "256 bits"}, {strings.Repeat("9", 1<<20), 18, "256 bits"},
		{strings.Repeat("\xff", 1<<20), 18, "such as 1.5"},
	} {
		a, err := ParseDecimal(c.s, c.decimals)
		if !errors.Is(err, ErrInvalid) || !a.IsZero() {
			t.Errorf("ParseDecimal(%.40q, %d) = %v, %v", c.s, c.decimals, a, err)
			continue
		}
		text := err.Error()
		if len(text) > 600 || !strings.Contains(text, c.says) || len(c.s) < 90 && !strings.Contains(text, `"`+c.s+`"`) {
			t.Errorf("ParseDecimal(%.40q, %d): %v, want it to quote the text and say %s", c.s, c.decimals, err, c.says)
		}
	}
}

// What goes into an error is bounded, and cut between letters.
func TestShort(t *testing.T) {
	if s := strings.Repeat("x", 96); short(s) != s {
		t.Errorf("96 bytes are cut: %q", short(s))
	}
	for lead := range 4 {
		s := strings.Repeat("x", lead) + strings.Repeat("€", 100)
		got := short(s)
		if whole := strings.TrimSuffix(got, "…"); len(whole) > 96 || len(whole) < 93 || !strings.HasPrefix(s, whole) || strings.ContainsRune(got, '\ufffd') {
			t.Errorf("cut to %q", got)
		}
	}
	if s := short(strings.Repeat("\x80", 1000)); len(s) > 100 {
		t.Errorf("%d bytes", len(s))
	}
}

var digitsAlone = regexp.MustCompile(`^[0-9]+$`)

func FuzzParseAmount(f *testing.F) {
	for _, a := range amounts() {
		f.Add(a.String())
	}
	for _, s := range []string{"", "00", "-1", "1e9", "1.5", wrap.String(), strings.Repeat("0", 90) + "1", " 1", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAmount(s)
		want, ok := new(big.Int), digitsAlone.MatchString(s)
		if ok {
			want.SetString(s, 10)
			ok = want.BitLen() <= 256
		}
		if ok != (err == nil) || a.Big().Cmp(want) != 0 && ok {
			t.Fatalf("ParseAmount(%q) = %v, %v, want %v, %v", s, a, err, want, ok)
		}
		if err != nil {
			if !errors.Is(err, ErrInvalid) || !a.IsZero() || len(err.Error()) > 600 {
				t.Fatalf("ParseAmount(%q) = %v, %v", s, a, err)
			}
			return
		}
		if canonical := strings.TrimLeft(s[:len(s)-1], "0") + s[len(s)-1:]; a.String() != canonical {
			t.Fatalf("%q prints as %s, want %s", s, a, canonical)
		}
	})
}

var decimalNumber = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

func FuzzParseDecimal(f *testing.F) {
	for i, a := range amounts() {
		f.Add(a.Decimal(i%31), i%31)
	}
	for _, s := range []string{"1.5", "0.10", "1.", ".5", "1.2.3", "1,5", "-1", "1e3", "", "0.000000000000000000000000000001"} {
		f.Add(s, 18)
	}
	f.Fuzz(func(t *testing.T, s string, decimals int) {
		a, err := ParseDecimal(s, decimals)
		ok := decimals >= 0 && decimals <= 255 && decimalNumber.MatchString(s)
		if ok {
			whole, frac, _ := strings.Cut(s, ".")
			units, _ := new(big.Int).SetString(whole+frac, 10)
			units.Mul(units, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil))
			rest := new(big.Int)
			units.QuoRem(units, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(frac))), nil), rest)
			ok = rest.Sign() == 0 && units.BitLen() <= 256
			if ok && a.Big().Cmp(units) != 0 {
				t.Fatalf("ParseDecimal(%q, %d) = %v, want %v", s, decimals, a, units)
			}
		}
		if ok != (err == nil) {
			t.Fatalf("ParseDecimal(%q, %d) = %v, %v, want it accepted: %v", s, decimals, a, err, ok)
		}
		if err != nil {
			if !errors.Is(err, ErrInvalid) || !a.IsZero() || len(err.Error()) > 600 {
				t.Fatalf("ParseDecimal(%q, %d) = %v, %v", s, decimals, a, err)
			}
			return
		}
		if back, err := ParseDecimal(a.Decimal(decimals), decimals); err != nil || back != a {
			t.Fatalf("%v with %d decimals is %s, which is read as %v, %v", a, decimals, a.Decimal(decimals), back, err)
		}
	})
}

func BenchmarkAmount(b *testing.B) {
	const digits = "123456789012345678901234567890"
	a, err := ParseAmount(digits)
	if err != nil {
		b.Fatal(err)
	}
	ether, wei := NewAmount(1e18), NewAmount(1234567890)
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"parse", func() { ParseAmount(digits) }},
		{"parse-decimal", func() { ParseDecimal("123456789012.345678", 18) }},
		{"string", func() { _ = a.String() }},
		{"decimal", func() { _ = a.Decimal(18) }},
		{"add", func() { a, _ = a.Add(wei) }},
		{"sub", func() { a, _ = a.Sub(wei) }},
		{"cmp", func() { a.Cmp(ether) }},
		{"mul", func() { a.Mul(ether) }},
		{"muldiv", func() { a.MulDiv(a, ether) }},
		{"muldiv-64", func() { ether.MulDiv(wei, ether) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.f()
			}
		})
	}
}
