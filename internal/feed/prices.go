package feed

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A PriceFile is what one CSV says an asset cost, day by day.
type PriceFile struct {
	Prices    []fundtrail.Price // by day
	Basis     string            // what a price is: "daily close in USD, column Adj_Close of eth.csv"
	NoPrice   int               // rows that state no price: empty, or zero, which no coin costs
	Rejected  []Rejected
	Conflicts []PriceConflict // two prices for one day: the first was kept
}

// A PriceConflict is two prices for one asset and day.
type PriceConflict struct {
	Kept, Dropped fundtrail.Price
}

// A priceShape is a set of columns that says which day a row is about and what the
// asset cost. Column names are compared in lower-case letters and digits alone.
type priceShape struct {
	day     []string // the first is the day, others must agree with it
	price   string
	what    string
	readDay func(row priceRow, shape *priceShape) (time.Time, error)
}

var priceShapes = []priceShape{
	{[]string{"timeclose", "timeopen"}, "priceclose", "close, of the UTC day that the candle closes in", closingDay},
	{[]string{"unixtimestamp", "dateutc"}, "value", "price of the UTC day", statedDay},
	{[]string{"timestamp", "unixtimestamp"}, "close", "close of the UTC day", statedDay},
	{[]string{"timestamp"}, "close", "close of the UTC day", statedDay},
	{[]string{"date"}, "close", "close of the day that the file states", statedDay},
	{[]string{"date"}, "adjclose", "close of the day that the file states", statedDay},
	{[]string{"date"}, "price", "price of the day that the file states", statedDay},
}

// A priceRow is a row with its columns by name.
type priceRow struct {
	fields  []string
	columns map[string]int
}

func (r priceRow) get(column string) string { return strings.TrimSpace(r.fields[r.columns[column]]) }

// ParsePrices reads a CSV of daily prices of one asset in US dollars. Its shape is
// told by its header, in any order of columns; see doc/formats-tags.md. A file
// whose header is separated by semicolons has decimal commas.
//
// Prices are exact decimals rounded half up to a millionth of a dollar. A zero is
// no price; a price that would round to zero is rejected.
//
// from says where the bytes came from; its Title, the file's name, stands in every
// price's Source. An error wraps [fundtrail.ErrInvalid] and means that the file is
// no price table.
func ParsePrices(r io.Reader, asset fundtrail.Asset, from fundtrail.Source) (PriceFile, error) {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = in.Discard(3) // it was peeked, so it is there
	}
	header, _ := in.Peek(1024) // an error here is met again when the header is read
	table := csv.NewReader(in)
	table.ReuseRecord = true
	table.Comma = separator(header)
	names, err := table.Read()
	if err == io.EOF {
		return PriceFile{}, fmt.Errorf("parse prices: empty file: want a header and a row a day: %w", fundtrail.ErrInvalid)
	} else if err != nil {
		return PriceFile{}, fmt.Errorf("parse prices: want a header: %v: %w", err, fundtrail.ErrInvalid)
	}
	columns, column := map[string]int{}, map[string]string{}
	for i, n := range names {
		key := plain(n)
		if _, twice := columns[key]; twice && key != "" {
			return PriceFile{}, fmt.Errorf("parse prices: line 1: column %q stands twice: %w", clip(n), fundtrail.ErrInvalid)
		}
		columns[key], column[key] = i, strings.TrimSpace(strings.Clone(n))
	}
	shape := shapeOf(columns)
	if shape == nil {
		return PriceFile{}, fmt.Errorf("parse prices: line 1: %q: want a column for the day (date, timestamp, Date(UTC) or timeClose) and one for the price (close, Adj_Close, price, Value or priceClose): %w",
			clip(strings.Join(names, ",")), fundtrail.ErrInvalid)
	}
	out := PriceFile{Basis: fmt.Sprintf("USD %s, column %s of %s", shape.what, column[shape.price], orElse(from.Title, "the file given"))}
	byDay := map[string]int{}
	for entry := 1; ; entry++ {
		fields, err := table.Read()
		if err == io.EOF {
			break
		} else if err != nil {
			// The library's text names the line: "record on line 3: wrong number of fields".
			return PriceFile{}, fmt.Errorf("parse prices: want %d columns: %v: %w", len(names), err, fundtrail.ErrInvalid)
		}
		row := priceRow{fields, columns}
		price := fundtrail.Price{Asset: asset, Source: out.Basis}
		day, err := shape.readDay(row, shape)
		if err == nil {
			price.Day = day.Format(time.DateOnly)
			price.Micros, err = micros(row.get(shape.price), table.Comma == ';')
		}
		if errors.Is(err, errNoPrice) {
			out.NoPrice++
			continue
		}
		if err != nil {
			line, _ := table.FieldPos(0)
			out.Rejected = append(out.Rejected, Rejected{line, entry, clip(strings.Join(fields, string(table.Comma))), err})
			continue
		}
		if i, twice := byDay[price.Day]; !twice {
			byDay[price.Day] = len(out.Prices)
			out.Prices = append(out.Prices, price)
		} else if out.Prices[i].Micros != price.Micros {
			out.Conflicts = append(out.Conflicts, PriceConflict{out.Prices[i], price})
		}
	}
	slices.SortFunc(out.Prices, func(a, b fundtrail.Price) int { return strings.Compare(a.Day, b.Day) })
	return out, nil
}

// separator tells semicolons from commas by the header line.
func separator(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.Count(line, []byte(";")) > bytes.Count(line, []byte(",")) {
		return ';'
	}
	return ','
}

// plain writes a column's name in lower-case letters and digits.
func plain(name string) string { return strings.ReplaceAll(slugify(name), "-", "") }

func shapeOf(columns map[string]int) *priceShape {
	for i := range priceShapes {
		s := &priceShapes[i]
		all := append(slices.Clone(s.day), s.price)
		if !slices.ContainsFunc(all, func(c string) bool { _, ok := columns[c]; return !ok }) {
			return s
		}
	}
	return nil
}

// statedDay reads the day in UTC off a column of dates or of Unix seconds. Where a
// shape has two such columns they must name the same day: a date such as 7/8/15
// can be read two ways.
func statedDay(row priceRow, shape *priceShape) (day time.Time, err error) {
	for i, column := range shape.day {
		text := row.get(column)
		d, ok := parseDay(text)
		for _, layout := range []string{"1/2/06", "1/2/2006"} { // as Etherscan's chart writes them
			if !ok {
				t, err := time.Parse(layout, text)
				d, ok = t, err == nil
			}
		}
		if !ok {
			seconds, err := strconv.ParseInt(text, 10, 64)
			if err != nil || seconds < 0 || seconds > 1<<34 { // the year 2514
				return day, fmt.Errorf("%s %q: want a date such as 2022-03-23 or Unix seconds: %w", column, clip(text), fundtrail.ErrInvalid)
			}
			d = time.Unix(seconds, 0).UTC()
		}
		d = d.Truncate(24 * time.Hour)
		if i > 0 && !d.Equal(day) {
			return day, fmt.Errorf("%s %q is not the day of %s, %s: %w", column, clip(text), shape.day[0], day.Format(time.DateOnly), fundtrail.ErrInvalid)
		}
		day = d
	}
	return day, nil
}

// closingDay reads the day off a candle's closing time in Unix milliseconds, which
// spreadsheets write rounded, such as 1,72244E+12; the opening time, a day earlier,
// narrows it. The day must be certain in spite of the rounding. A candle that closes
// at midnight is of the day that ends.
func closingDay(row priceRow, shape *priceShape) (time.Time, error) {
	const dayMillis = 24 * 60 * 60 * 1000
	var first, last int64
	for i, column := range shape.day {
		text := row.get(column)
		ms, half, err := roundedMillis(text)
		if err != nil {
			return time.Time{}, fmt.Errorf("%s %q: want Unix milliseconds: %w", column, clip(text), fundtrail.ErrInvalid)
		}
		if i == 0 {
			first, last = ms-half, ms+half
		} else {
			first, last = max(first, ms-half+dayMillis), min(last, ms+half+dayMillis)
		}
	}
	if first > last {
		return time.Time{}, fmt.Errorf("%s %q and %s %q are not a day apart: %w",
			shape.day[1], clip(row.get(shape.day[1])), shape.day[0], clip(row.get(shape.day[0])), fundtrail.ErrInvalid)
	}
	day := time.UnixMilli(first - 1).UTC().Truncate(24 * time.Hour)
	if other := time.UnixMilli(last - 1).UTC().Truncate(24 * time.Hour); !other.Equal(day) {
		return time.Time{}, fmt.Errorf("%s %q is rounded so far that the day may be %s or %s: %w",
			shape.day[0], clip(row.get(shape.day[0])), day.Format(time.DateOnly), other.Format(time.DateOnly), fundtrail.ErrInvalid)
	}
	return day, nil
}

// roundedMillis reads Unix milliseconds and half a unit of the last digit that is
// written, which is how far the truth may be away; 0 where every digit is written.
func roundedMillis(text string) (ms, half int64, err error) {
	digits, exp, err := decimal(text, strings.Contains(text, ","))
	if err != nil {
		return 0, 0, err
	}
	if exp < 0 || len(digits)+exp > 15 { // the year 33658
		return 0, 0, fundtrail.ErrInvalid
	}
	ms, err = strconv.ParseInt(digits+strings.Repeat("0", exp), 10, 64)
	if err == nil && exp > 0 {
		half, err = strconv.ParseInt("5"+strings.Repeat("0", exp-1), 10, 64)
	}
	return ms, half, err
}

// errNoPrice is a cell that states no price.
var errNoPrice = errors.New("no price")

// micros reads dollars into millionths, rounding half up.
func micros(text string, comma bool) (fundtrail.Amount, error) {
	switch strings.ToLower(text) {
	case "", "-", "null", "nan", "n/a":
		return fundtrail.Amount{}, errNoPrice
	}
	digits, exp, err := decimal(text, comma)
	if err != nil {
		return fundtrail.Amount{}, err
	}
	if strings.Trim(digits, "0") == "" {
		return fundtrail.Amount{}, errNoPrice
	}
	exp += 6
	up := false
	if exp < 0 {
		if pad := -exp + 1 - len(digits); pad > 0 {
			digits = strings.Repeat("0", pad) + digits
		}
		cut := len(digits) + exp
		up = digits[cut] >= '5'
		digits, exp = digits[:cut], 0
	}
	a, err := fundtrail.ParseAmount(digits + strings.Repeat("0", exp))
	if err != nil {
		return fundtrail.Amount{}, fmt.Errorf("price %q is too large: %w", clip(text), fundtrail.ErrInvalid)
	}
	if up {
		a, _ = a.Add(fundtrail.NewAmount(1)) // a was cut short, so there is room
	}
	if a.IsZero() {
		return a, fmt.Errorf("price %q is below half a millionth of a dollar: %w", clip(text), fundtrail.ErrInvalid)
	}
	return a, nil
}

// decimal reads a number such as 320.884, 7.5e-05 or, with commas, 1,72244E+12 into
// digits times ten to the power exp. It takes no sign and no thousands separator.
func decimal(text string, comma bool) (digits string, exp int, err error) {
	bad := fmt.Errorf("%q: want a number such as 3024.51: %w", clip(text), fundtrail.ErrInvalid)
	const most = 64 // digits; more is no price, and they are copied
	mantissa, power, scientific := strings.Cut(strings.ToLower(text), "e")
	if scientific {
		if exp, err = strconv.Atoi(power); err != nil || exp < -most || exp > most {
			return "", 0, bad
		}
	}
	point := "."
	if comma {
		point = ","
	}
	whole, frac, cut := strings.Cut(mantissa, point)
	digits = whole + frac
	if whole == "" || cut && frac == "" || len(digits) > most || strings.Trim(digits, "0123456789") != "" {
		return "", 0, bad
	}
	return digits, exp - len(frac), nil
}

// Prices answers what an asset cost on a day, from one or several files. It never
// interpolates or carries a price over to another day. A nil Prices knows none.
type Prices struct {
	at    map[priceKey]fundtrail.Price
	basis []string
}

type priceKey struct {
	asset fundtrail.Asset
	day   int64 // since 1970-01-01 UTC
}

// NewPrices joins files. Where two of them, or one with itself, state different
// prices for one asset and day, the first is kept and the conflict is reported.
func NewPrices(files ...PriceFile) (*Prices, []PriceConflict) {
	p := &Prices{at: map[priceKey]fundtrail.Price{}}
	var conflicts []PriceConflict
	for _, f := range files {
		conflicts = append(conflicts, f.Conflicts...)
		p.basis = append(p.basis, f.Basis)
		for _, price := range f.Prices {
			t, err := time.Parse(time.DateOnly, price.Day)
			if err != nil {
				continue // not made by ParsePrices; such a day can never be asked for
			}
			key := priceKey{price.Asset, dayNumber(t.Unix())}
			if kept, known := p.at[key]; !known {
				p.at[key] = price
			} else if kept.Micros != price.Micros {
				conflicts = append(conflicts, PriceConflict{kept, price})
			}
		}
	}
	slices.Sort(p.basis)
	p.basis = slices.Compact(p.basis)
	slices.SortStableFunc(conflicts, func(a, b PriceConflict) int {
		return cmp.Or(a.Kept.Asset.Compare(b.Kept.Asset), strings.Compare(a.Kept.Day, b.Kept.Day))
	})
	return p, conflicts
}

// At returns the price of one whole coin of the asset on the UTC day of the given
// Unix second; ok is false where no file states it.
func (p *Prices) At(asset fundtrail.Asset, unix int64) (price fundtrail.Price, ok bool) {
	if p == nil {
		return fundtrail.Price{}, false
	}
	price, ok = p.at[priceKey{asset, dayNumber(unix)}]
	return price, ok
}

// Basis says, a line a file, what the prices are.
func (p *Prices) Basis() []string {
	if p == nil {
		return nil
	}
	return slices.Clone(p.basis)
}

// dayNumber rounds down, for times before 1970 too.
func dayNumber(unix int64) int64 {
	const day = 24 * 60 * 60
	n := unix / day
	if unix%day < 0 {
		n--
	}
	return n
}
