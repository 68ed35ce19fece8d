package store

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// bigList is a list as large as OFAC's, with as many names a party; one in fifty has
// other remarks in each edition.
func bigList(edition int) []fundtrail.Party {
	out := make([]fundtrail.Party, 18_000)
	for i := range out {
		p := &out[i]
		p.UID, p.Kind = fmt.Sprint(10_000+i), fundtrail.Person
		for j := range 4 {
			p.Names = append(p.Names, fundtrail.Name{Text: fmt.Sprintf("FAMILY%d, Given Name%d", i, j), Kind: fundtrail.Alias, Given: fmt.Sprintf("Given Name%d", j), Family: fmt.Sprintf("FAMILY%d", i)})
		}
		p.Programs, p.Births, p.Countries = []string{"SDGT", "IFSR"}, []string{"1962-03-14"}, []string{"IR", "SY"}
		p.Identifiers = []fundtrail.Identifier{{Type: "Passport", Value: fmt.Sprint("A", i*7919), Country: "IR"}, {Type: "National ID No.", Value: fmt.Sprint(i * 104729), Country: "IR"}}
		p.Note = fmt.Sprintf("DOB 14 Mar 1962; Additional Sanctions Information - Subject to Secondary Sanctions; Gender Male; Passport A%d (Iran).", i*7919)
		if (i+edition)%50 == 0 {
			p.Note += fmt.Sprintf(" Changed in edition %d.", edition)
		}
		if i%18 == 0 {
			a, err := fundtrail.ParseAddress(fundtrail.Ethereum, fmt.Sprintf("0x%040x", i+1))
			if err != nil {
				panic(err)
			}
			p.Wallets = []fundtrail.Wallet{{Text: a.String(), Currency: "ETH", Address: a}}
		}
	}
	return out
}

func bigVersion(edition int) (fundtrail.ListVersion, []File) {
	v := version("2022-01-01", "2024-01-01")
	v.Published = v.Published.AddDate(0, 0, edition*20)
	raw := make([]byte, 0, 5<<20)
	for _, p := range bigList(edition) {
		raw = fmt.Appendf(raw, "%s;%v;%v;%s\n", p.UID, p.Names, p.Identifiers, p.Note)
	}
	return v, []File{{Name: "list.csv", Bytes: raw}}
}

// BenchmarkAddVersion adds versions of 18,000 parties, of which one in fifty changed.
func BenchmarkAddVersion(b *testing.B) {
	s := openTest(b, b.TempDir())
	for edition := 0; b.Loop(); edition++ {
		b.StopTimer()
		v, files := bigVersion(edition)
		parties := bigList(edition)
		b.StartTimer()
		add(b, s, v, files, parties)
	}
}

// BenchmarkHistory loads 50 versions of 18,000 parties.
func BenchmarkHistory(b *testing.B) {
	dir := b.TempDir()
	s := openTest(b, dir)
	for edition := range 50 {
		v, files := bigVersion(edition)
		add(b, s, v, files, bigList(edition))
	}
	s.Close()
	info, err := os.Stat(filepath.Join(dir, FileName))
	if err != nil {
		b.Fatal(err)
	}
	var h *fundtrail.ListHistory
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		s, err := Open(b.Context(), dir, Options{ReadOnly: true})
		if err != nil {
			b.Fatal(err)
		}
		h = history(b, s)
		s.Close()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-heap")
	b.ReportMetric(float64(info.Size())/(1<<20), "MiB-file")
	b.ReportMetric(float64(len(h.Parties)), "parties")
	runtime.KeepAlive(h)
}
