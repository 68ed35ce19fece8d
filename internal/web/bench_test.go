package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail/internal/screen"
)

// A sink is a response writer that costs nothing of its own.
type sink struct {
	h http.Header
	n int
}

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { s.n += len(b); return len(b), nil }

func benchServer(b *testing.B) *Server {
	s, err := New(Options{Lists: &fixedLists{history: history()}, Build: build, NoAuth: true})
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Reload(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkAddress(b *testing.B) {
	s := benchServer(b)
	for name, a := range map[string]string{"clear": clearETH, "match": listedETH} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest("GET", "/v1/screen/address/"+a, nil)
			w := &sink{h: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				s.ServeHTTP(w, r)
			}
		})
	}
}

func batchBody(n int) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("0x%040x", uint64(i)*0x9e3779b97f4a7c15)
	}
	return batchOf(items...)
}

func BenchmarkBatch(b *testing.B) {
	s := benchServer(b)
	body := batchBody(MaxItems)
	w := &sink{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/v1/screen", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		s.ServeHTTP(w, r)
	}
	b.ReportMetric(float64(b.N)*MaxItems/b.Elapsed().Seconds(), "addresses/s")
}

// BenchmarkBatchParts measures what a batch's time goes into.
func BenchmarkBatchParts(b *testing.B) {
	s := benchServer(b)
	snap := s.snapshot.Load()
	body := batchBody(MaxItems)
	var parsed batch
	if _, err := decodeBatch(body, &parsed); err != nil {
		b.Fatal(err)
	}
	per := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/MaxItems, "ns/address")
	}
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			decodeBatch(body, &parsed)
		}
		per(b)
	})
	answers := make([]screen.Answer, len(parsed.items))
	b.Run("screen", func(b *testing.B) {
		for b.Loop() {
			for i := range parsed.items {
				answers[i] = snap.Index.Ask(screen.Question{Text: parsed.items[i].text})
			}
		}
		per(b)
	})
	b.Run("encode", func(b *testing.B) {
		var out []byte
		var asked askedSets
		var q screen.Question
		for b.Loop() {
			out = out[:0]
			for i := range answers {
				out = appendItem(out, "", &q, &answers[i], asked.id(answers[i].Asked, nil), "")
			}
		}
		per(b)
	})
}
