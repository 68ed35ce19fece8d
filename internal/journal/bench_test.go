package journal

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

// body is as long as a screening's record: 2,000 bytes.
var body = fmt.Appendf(nil, `{"text":"%s"}`, bytes.Repeat([]byte("x"), 1989))

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 8, 64, 512} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			j := open(b, b.TempDir(), Options{})
			var wg sync.WaitGroup
			todo := make(chan struct{}, 1024)
			for range writers {
				wg.Go(func() {
					for range todo {
						if _, err := j.Append(b.Context(), body, day); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for b.Loop() {
				todo <- struct{}{}
			}
			close(todo)
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkAppendAll(b *testing.B) {
	j := open(b, b.TempDir(), Options{})
	bodies := make([][]byte, 10000)
	for i := range bodies {
		bodies[i] = body
	}
	for b.Loop() {
		if _, err := j.AppendAll(b.Context(), bodies, day); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(bodies))/b.Elapsed().Seconds(), "records/s")
}

func filled(b *testing.B) *Journal {
	j := open(b, b.TempDir(), Options{})
	bodies := make([][]byte, 10000)
	for i := range bodies {
		bodies[i] = body
	}
	for range 10 {
		if _, err := j.AppendAll(b.Context(), bodies, day); err != nil {
			b.Fatal(err)
		}
	}
	return j
}

func BenchmarkVerify(b *testing.B) {
	j := filled(b)
	for b.Loop() {
		rep, err := j.Verify(b.Context())
		if err != nil || rep.Err() != nil {
			b.Fatal(err, rep.Err())
		}
		b.SetBytes(rep.Bytes)
	}
}

func BenchmarkRead(b *testing.B) {
	j := filled(b)
	seq := uint64(0)
	for b.Loop() {
		seq = (seq + 7919) % 100000
		if _, err := j.Read(seq + 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	j := filled(b)
	j.Close()
	for b.Loop() {
		j, err := Open(j.Dir(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		j.Close()
	}
}
