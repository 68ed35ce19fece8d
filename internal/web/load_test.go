package web

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The load generator. It keeps to a rate, and counts the time of a request that an earlier
// answer held up from when it should have been sent, so that a server that stalls is
// charged for all that waited:
//
//	go test ./internal/web -run Load -v -load.rate 20000 -load.time 10s
//
// Rate 0 is as many as go through. It runs on the machine of the server, whose figures
// are the lower for it; a handler that says hello is measured beside it.
var (
	loadTime  = flag.Duration("load.time", 0, "run the load generator for this long, on each target")
	loadRate  = flag.Int("load.rate", 0, "requests a second; 0: as many as go through")
	loadConns = flag.Int("load.conns", 32, "connections")
)

// A load is what came of one run.
type load struct {
	sent, failed int
	took         time.Duration
	times        []time.Duration // sorted
}

func (l *load) String() string {
	at := func(q float64) time.Duration {
		if len(l.times) == 0 {
			return 0
		}
		return l.times[min(len(l.times)-1, int(q*float64(len(l.times))))]
	}
	return fmt.Sprintf("%.0f requests/s, %d failed, p50 %v, p90 %v, p99 %v, p99.9 %v, most %v",
		float64(l.sent)/l.took.Seconds(), l.failed, at(.5), at(.9), at(.99), at(.999), at(1))
}

// generate sends one request over and over. Each connection has its share of the rate,
// and its own beat, so that they do not all send at once.
func generate(address, request string, rate, conns int, duration time.Duration) (*load, error) {
	var mu sync.Mutex
	var wait sync.WaitGroup
	total := &load{}
	var first error
	start := time.Now()
	for i := range conns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		wait.Go(func() {
			defer conn.Close()
			var beat time.Duration
			next := start
			if rate > 0 {
				beat = time.Duration(conns) * time.Second / time.Duration(rate)
				next = start.Add(beat * time.Duration(i) / time.Duration(conns))
			}
			own := load{}
			in := bufio.NewReaderSize(conn, 64<<10)
			var err error
			for time.Since(start) < duration && err == nil {
				begin := next
				if d := time.Until(next); rate == 0 || d > 0 {
					time.Sleep(d) // which may oversleep: that is not the server's fault
					begin = time.Now()
				}
				var ok bool
				if _, err = io.WriteString(conn, request); err == nil {
					ok, err = readResponse(in)
				}
				own.sent++
				if !ok || err != nil {
					own.failed++
				}
				own.times = append(own.times, time.Since(begin))
				next = next.Add(beat)
			}
			mu.Lock()
			defer mu.Unlock()
			total.sent, total.failed, total.times = total.sent+own.sent, total.failed+own.failed, append(total.times, own.times...)
			if err != nil && first == nil {
				first = err
			}
		})
	}
	wait.Wait()
	total.took = time.Since(start)
	slices.Sort(total.times)
	return total, first
}

// readResponse reads an answer that states its length, and nothing that is not needed.
func readResponse(in *bufio.Reader) (ok bool, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return false, err
	}
	ok = bytes.HasPrefix(line, []byte("HTTP/1.1 200"))
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return false, err
		}
		if len(line) <= 2 {
			break
		}
		if v, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return false, err
			}
		}
	}
	_, err = in.Discard(length)
	return ok, err
}

func TestLoad(t *testing.T) {
	duration, rate := *loadTime, *loadRate
	if duration == 0 { // the generator itself is tested, with little
		duration, rate = 100*time.Millisecond, 1000
	}
	s := newSite(t, func(o *Options) { o.Log, o.LogRequests = slog.New(slog.DiscardHandler), false })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hello := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"text/plain"}
		io.WriteString(w, "hello")
	})}
	go hello.Serve(l)
	t.Cleanup(func() { hello.Close() })
	address := strings.TrimPrefix(s.url, "http://")
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n" }
	for _, target := range []struct{ name, address, request string }{
		{"hello of net/http", l.Addr().String(), get("/")},
		{"a clear address", address, get("/v1/screen/address/" + clearETH)},
		{"a listed address", address, get("/v1/screen/address/" + listedETH)},
		{"the drop-in, clear", address, get("/api/v1/address/" + clearETH)},
	} {
		runtime.GC()
		got, err := generate(target.address, target.request, rate, *loadConns, duration)
		if err != nil {
			t.Fatal(err)
		}
		if got.failed > 0 || got.sent == 0 {
			t.Errorf("%s: %d of %d failed", target.name, got.failed, got.sent)
		}
		t.Logf("%-18s %v", target.name, got)
	}
}
