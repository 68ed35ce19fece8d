package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A clock stands still but for what is slept.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slept = append(c.slept, d)
	c.now = c.now.Add(d)
	return ctx.Err()
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// client returns one that never waits, and its clock.
func client(o Options) (*Client, *clock) {
	k := &clock{now: noon}
	o.Now, o.Sleep = k.Now, k.Sleep
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0 }
	}
	set(&o.Rate, 1000)
	set(&o.Burst, 1000)
	return &Client{Options: o}, k
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// raw serves bytes as they are, one connection after another, and hangs up. Where
// hold is set it keeps the connection open.
func raw(t *testing.T, answer string, hold bool) (url string, tries *atomic.Int32) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tries = new(atomic.Int32)
	done := make(chan struct{})
	t.Cleanup(func() { close(done); l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			tries.Add(1)
			go func() {
				defer conn.Close()
				conn.Read(make([]byte, 4096))
				io.WriteString(conn, answer)
				if hold {
					<-done
				}
			}()
		}
	}()
	return "http://" + l.Addr().String(), tries
}

func do(t *testing.T, c *Client, req Request) (*Result, error) {
	t.Helper()
	res, err := c.Do(t.Context(), req)
	if (res == nil) == (err == nil) {
		t.Fatalf("result %v, error %v", res, err)
	}
	return res, err
}

// wantErr holds an error to its kind and to words it must have.
func wantErr(t *testing.T, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v: want one that is %q", err, kind)
	}
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %v: want it to say %q", err, w)
		}
	}
}

func TestGet(t *testing.T) {
	body := strings.Repeat("list of parties\n", 9999)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() != "fundtrail" || r.Header.Get("X-Key") != "k" {
			t.Errorf("headers %v", r.Header)
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT")
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Content-Disposition", `attachment; filename="..\up/sdn.csv"`)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		io.WriteString(w, body)
	})
	var c Client // the zero value works
	var done, total int64
	req := Request{
		URL: s.URL + "/x/y.csv?token=secret#part", Header: http.Header{"x-key": {"k"}},
		Progress: func(d, n int64) { done, total = d, n },
	}
	res, err := do(t, &c, req)
	if err != nil {
		t.Fatal(err)
	}
	if string(res.Body) != body || res.SHA256 != sha256.Sum256([]byte(body)) || res.Size != int64(len(body)) || res.Path != "" {
		t.Errorf("body of %d bytes, size %d, path %q, digest %x", len(res.Body), res.Size, res.Path, res.SHA256)
	}
	if done != res.Size || total != res.Size {
		t.Errorf("progress %d of %d", done, total)
	}
	if res.ETag != `"v1"` || res.LastModified != "Sat, 21 Nov 2026 10:00:00 GMT" || res.ContentType != "text/csv" ||
		res.FileName != "sdn.csv" || res.Tries != 1 || res.Status != 200 || res.Unbounded || res.Retrieved.IsZero() {
		t.Errorf("result %+v", res)
	}
	if res.FinalURL != s.URL+"/x/y.csv?…" {
		t.Errorf("final URL %s", res.FinalURL)
	}
	req.Dir = t.TempDir()
	res, err = do(t, &c, req)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(res.Path); err != nil || string(got) != body || res.Body != nil || filepath.Dir(res.Path) != req.Dir {
		t.Errorf("file %s: %d bytes, %v", res.Path, len(got), err)
	}
}

func TestConditions(t *testing.T) {
	asked := []string{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("If-None-Match")+" "+r.Header.Get("If-Modified-Since"))
		switch r.URL.Path {
		case "/latest":
			http.Redirect(w, r, "/store/17?sig="+strconv.Itoa(len(asked)), http.StatusFound)
		case "/always":
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("ETag", `"e"`)
			w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT")
			if r.Header.Get("If-None-Match") == `"e"` {
				w.Header().Del("Last-Modified")
				w.WriteHeader(http.StatusNotModified)
				return
			}
			io.WriteString(w, "body")
		}
	})
	c, _ := client(Options{})
	first, err := do(t, c, Request{URL: s.URL + "/latest"})
	if err != nil || first.Unchanged {
		t.Fatalf("%+v, %v", first, err)
	}
	have := Validators{URL: first.FinalURL, ETag: first.ETag, LastModified: first.LastModified}
	second, err := do(t, c, Request{URL: s.URL + "/latest", Have: have})
	if err != nil || !second.Unchanged || second.Body != nil || second.ETag != have.ETag || second.LastModified != have.LastModified {
		t.Errorf("%+v, %v", second, err)
	}
	// The marks of one document are not shown to another.
	other, err := do(t, c, Request{URL: s.URL + "/other", Have: have})
	if err != nil || other.Unchanged || string(other.Body) != "body" {
		t.Errorf("%+v, %v", other, err)
	}
	same, err := do(t, c, Request{URL: s.URL + "/doc", Have: Validators{ETag: `"e"`}})
	if err != nil || !same.Unchanged {
		t.Errorf("%+v, %v", same, err)
	}
	led, err := do(t, c, Request{URL: s.URL + "/latest", Have: Validators{ETag: `"e"`}})
	if err != nil || led.Unchanged {
		t.Errorf("%+v, %v", led, err)
	}
	_, err = do(t, c, Request{URL: s.URL + "/always"})
	wantErr(t, err, fundtrail.ErrUnavailable, "304")
	want := []string{
		"/latest  ", "/store/17  ", "/latest  ", `/store/17 "e" Sat, 21 Nov 2026 10:00:00 GMT`,
		"/other  ", `/doc "e" `, `/latest "e" `, "/store/17  ", "/always  ",
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q\nwant  %q", asked, want)
	}
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		status, tries int
		kind          error
		words         string
	}{
		{404, 1, fundtrail.ErrNotFound, "404 Not Found"},
		{410, 1, fundtrail.ErrNotFound, "410"},
		{401, 1, fundtrail.ErrUnavailable, "a key"},
		{403, 1, fundtrail.ErrUnavailable, "a key"},
		{400, 1, fundtrail.ErrUnavailable, "400"},
		{501, 1, fundtrail.ErrUnavailable, "501"},
		{204, 1, fundtrail.ErrUnavailable, "not the document"},
		{206, 1, fundtrail.ErrUnavailable, "not the document"},
		{300, 1, fundtrail.ErrUnavailable, "300"},
		{500, 5, fundtrail.ErrUnavailable, "after 5 tries"},
		{502, 5, fundtrail.ErrUnavailable, "502"},
		{503, 5, fundtrail.ErrUnavailable, "503"},
		{429, 5, fundtrail.ErrUnavailable, "429"},
		{408, 5, fundtrail.ErrUnavailable, "408"},
	} {
		t.Run(strconv.Itoa(c.status), func(t *testing.T) {
			tries := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) { tries++; w.WriteHeader(c.status) })
			cl, _ := client(Options{})
			_, err := do(t, cl, Request{URL: s.URL + "?token=secret"})
			wantErr(t, err, c.kind, c.words)
			if e := new(Error); !errors.As(err, &e) || e.Status != c.status || e.Tries != c.tries || tries != c.tries {
				t.Errorf("%d tries, error %#v", tries, e)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("tells the secret: %v", err)
			}
		})
	}
}

// TestBackOff: waits double, and a flapping server is asked until it answers.
func TestBackOff(t *testing.T) {
	n := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n < 5 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "at last")
	})
	c, k := client(Options{})
	told := []int{}
	res, err := do(t, c, Request{URL: s.URL, Retrying: func(n int, _ error) { told = append(told, n) }})
	if err != nil || string(res.Body) != "at last" || res.Tries != 5 {
		t.Fatalf("%+v, %v", res, err)
	}
	if want := []time.Duration{1e9, 2e9, 4e9, 8e9}; !slices.Equal(k.slept, want) {
		t.Errorf("slept %v, want %v", k.slept, want)
	}
	if !slices.Equal(told, []int{1, 2, 3, 4}) {
		t.Errorf("told %v", told)
	}
	n = 0
	c, k = client(Options{Jitter: func() float64 { return 1 }, Retries: 2, MaxWait: 1500 * time.Millisecond})
	_, err = do(t, c, Request{URL: s.URL})
	wantErr(t, err, fundtrail.ErrUnavailable, "after 3 tries")
	if want := []time.Duration{5e8, 75e7}; !slices.Equal(k.slept, want) {
		t.Errorf("slept %v, want %v", k.slept, want)
	}
	n = 0
	c, k = client(Options{Retries: -1})
	if _, err = do(t, c, Request{URL: s.URL}); err == nil || len(k.slept) > 0 || n != 1 {
		t.Errorf("without retries: %v, slept %v, %d tries", err, k.slept, n)
	}
	n = 0
	c, _ = client(Options{})
	if _, err = do(t, c, Request{URL: s.URL, Method: "POST", Body: []byte("x")}); err == nil || n != 1 {
		t.Errorf("what may not be repeated is tried %d times: %v", n, err)
	}
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		header string
		slept  []time.Duration
		words  string
	}{
		{"7", []time.Duration{7e9}, ""},
		{"0", []time.Duration{1e9}, ""},
		{noon.Add(30 * time.Second).Format(http.TimeFormat), []time.Duration{30e9}, ""},
		{noon.Add(-time.Hour).Format(http.TimeFormat), []time.Duration{1e9}, ""},
		{"soon", []time.Duration{1e9}, ""},
		{"-5", []time.Duration{1e9}, ""},
		{"3600", nil, "left alone for 1h0m0s"},
		{"99999999999999999999", []time.Duration{1e9}, ""}, // no number of seconds
		{"9999999999", nil, "left alone"},
	} {
		t.Run(c.header, func(t *testing.T) {
			n := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 1 {
					w.Header().Set("Retry-After", c.header)
					w.WriteHeader(http.StatusTooManyRequests)
				}
			})
			cl, k := client(Options{})
			_, err := do(t, cl, Request{URL: s.URL})
			if !slices.Equal(k.slept, c.slept) {
				t.Errorf("slept %v, want %v", k.slept, c.slept)
			}
			if c.words == "" && err != nil || c.words != "" && !strings.Contains(fmt.Sprint(err), c.words) {
				t.Errorf("error %v", err)
			}
			if c.words == "" {
				return
			}
			// Another request to the host keeps the peace as well, for as long as we ever wait.
			if _, err := do(t, cl, Request{URL: s.URL + "/other"}); err != nil || !slices.Equal(k.slept, []time.Duration{2 * time.Minute}) {
				t.Errorf("the next request slept %v, %v", k.slept, err)
			}
		})
	}
}

func TestRate(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {})
	c, k := client(Options{Rate: 2, Burst: 2})
	for range 5 {
		if _, err := do(t, c, Request{URL: s.URL}); err != nil {
			t.Fatal(err)
		}
	}
	if want := []time.Duration{5e8, 5e8, 5e8}; !slices.Equal(k.slept, want) {
		t.Errorf("slept %v, want %v", k.slept, want)
	}
}

// TestPerHost: no more bodies of one host are read at a time than allowed.
func TestPerHost(t *testing.T) {
	var now, most atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		io.WriteString(w, "x")
		w.(http.Flusher).Flush()
		time.Sleep(2 * time.Millisecond)
		now.Add(-1)
	})
	c, _ := client(Options{PerHost: 3})
	var all sync.WaitGroup
	for range 24 {
		all.Go(func() {
			if _, err := c.Do(t.Context(), Request{URL: s.URL}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > 3 {
		t.Errorf("%d at a time, want 3", most.Load())
	}
}

func packed(t *testing.T, kind string, text []byte) []byte {
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if kind == "zstd" {
		w, _ = zstd.NewWriter(&b)
	}
	w.Write(text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPacking(t *testing.T) {
	text := []byte(strings.Repeat("a,b,c\n", 5000))
	bomb := make([]byte, 64<<20)
	for _, c := range []struct {
		name, encoding string
		body           []byte
		length         int // 0: true
		max            int64
		kind           error
		words          string
		tries          int32
	}{
		{name: "plain", body: text},
		{name: "identity", encoding: "identity", body: text},
		{name: "gzip", encoding: "gzip", body: packed(t, "gzip", text)},
		{name: "two members", encoding: "x-gzip", body: append(packed(t, "gzip", text[:6]), packed(t, "gzip", text[6:])...)},
		{name: "zstd", encoding: "ZSTD", body: packed(t, "zstd", text)},
		{name: "another", encoding: "br", body: text, kind: fundtrail.ErrUnavailable, words: `"br": its packing is not known`, tries: 1},
		{name: "twice", encoding: "gzip, gzip", body: packed(t, "gzip", packed(t, "gzip", text)), kind: fundtrail.ErrUnavailable, words: "not known", tries: 1},
		{name: "not gzip", encoding: "gzip", body: text, kind: fundtrail.ErrUnavailable, words: "cannot be unpacked", tries: 5},
		{name: "not zstd", encoding: "zstd", body: text, kind: fundtrail.ErrUnavailable, words: "cannot be unpacked", tries: 5},
		{name: "half a gzip", encoding: "gzip", body: packed(t, "gzip", text)[:60], kind: fundtrail.ErrUnavailable, words: "cut short", tries: 5},
		{name: "half a zstd", encoding: "zstd", body: packed(t, "zstd", text)[:20], kind: fundtrail.ErrUnavailable, words: "cut short", tries: 5},
		{name: "gzip bomb", encoding: "gzip", body: packed(t, "gzip", bomb), max: 1 << 20, kind: fundtrail.ErrLimit, words: "1048576 bytes", tries: 1},
		{name: "zstd bomb", encoding: "zstd", body: packed(t, "zstd", bomb), max: 1 << 20, kind: fundtrail.ErrLimit, words: "1048576 bytes", tries: 1},
		{name: "exactly", body: text, max: int64(len(text))},
		{name: "exactly, packed", encoding: "gzip", body: packed(t, "gzip", text), max: int64(len(text))},
		{name: "one too many", body: text, max: int64(len(text)) - 1, kind: fundtrail.ErrLimit, words: "is 30000 bytes long", tries: 1},
		{name: "shorter than said", body: text, length: len(text) + 1, kind: fundtrail.ErrUnavailable, words: "cut short: 30000 of 30001 bytes", tries: 5},
		{name: "packed and shorter than said", encoding: "gzip", body: packed(t, "gzip", text), length: 9999, kind: fundtrail.ErrUnavailable, words: "cut short", tries: 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := "HTTP/1.1 200 OK\r\nConnection: close\r\n"
			if c.encoding != "" {
				head += "Content-Encoding: " + c.encoding + "\r\n"
			}
			if c.length == 0 {
				c.length = len(c.body)
			}
			url, tries := raw(t, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, c.length, c.body), false)
			cl, _ := client(Options{})
			dir := t.TempDir()
			var read int64
			res, err := do(t, cl, Request{URL: url, MaxBytes: c.max, Dir: dir, Progress: func(n, _ int64) { read = n }})
			if strings.HasSuffix(c.name, "bomb") && read > int64(len(c.body))*3/4 {
				t.Errorf("read %d of the bomb's %d bytes", read, len(c.body))
			}
			if c.kind != nil {
				wantErr(t, err, c.kind, c.words)
				if tries.Load() != c.tries {
					t.Errorf("%d tries, want %d", tries.Load(), c.tries)
				}
				if left, _ := os.ReadDir(dir); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(res.Path); !bytes.Equal(got, text) || res.SHA256 != sha256.Sum256(text) || res.Unbounded {
				t.Errorf("%d bytes: %+v", len(got), res)
			}
		})
	}
}

// TestOddPeers: whatever a peer does ends in an error that says what.
func TestOddPeers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, c := range []struct {
		name, answer string
		hold         bool
		kind         error
		words        string
	}{
		{name: "hangs before headers", answer: "", hold: true, kind: fundtrail.ErrUnavailable, words: "did not answer in time"},
		{name: "hangs in headers", answer: ok + "X: ", hold: true, kind: fundtrail.ErrUnavailable, words: "did not answer in time"},
		{name: "hangs in the body", answer: ok + "Content-Length: 10\r\n\r\nhalf", hold: true, kind: fundtrail.ErrUnavailable, words: "stopped sending"},
		{name: "hangs up at once", answer: "", kind: fundtrail.ErrUnavailable, words: "broke before an answer"},
		{name: "half a head", answer: "HTTP/1.1 200", kind: fundtrail.ErrUnavailable, words: "broke before an answer"},
		{name: "half a chunk", answer: ok + "Transfer-Encoding: chunked\r\n\r\n8\r\nhalf", kind: fundtrail.ErrUnavailable, words: "cut short: 4 bytes"},
		{name: "no last chunk", answer: ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", kind: fundtrail.ErrUnavailable, words: "cut short"},
		{name: "endless headers", answer: ok + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 400), kind: fundtrail.ErrUnavailable, words: "header"},
		{name: "not http", answer: "SSH-2.0-OpenSSH_9.2\r\n", kind: fundtrail.ErrUnavailable, words: "malformed"},
		{name: "endless body", answer: ok + "\r\n" + strings.Repeat("z", 2<<20), hold: true, kind: fundtrail.ErrLimit, words: "does not end within"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, _ := raw(t, c.answer, c.hold)
			o := Options{Retries: 1, MaxBytes: 1 << 20}
			switch { // only what is waited for is waited for shortly: the machine may be busy
			case strings.Contains(c.words, "in time"):
				o.Header = 50 * time.Millisecond
			case strings.Contains(c.words, "stopped sending"):
				o.Idle = 50 * time.Millisecond
			}
			cl, _ := client(o)
			_, err := do(t, cl, Request{URL: url})
			wantErr(t, err, c.kind, c.words, url)
		})
	}
	url, _ := raw(t, ok+"\r\nno end is stated", false)
	cl, _ := client(Options{})
	if res, err := do(t, cl, Request{URL: url}); err != nil || !res.Unbounded {
		t.Errorf("a body without a stated end: %+v, %v", res, err)
	}
}

// TestTotal: a peer that sends a byte now and then is not waited for longer than the whole may take.
func TestTotal(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, ".")
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	})
	c, _ := client(Options{Total: 60 * time.Millisecond})
	_, err := do(t, c, Request{URL: s.URL})
	wantErr(t, err, fundtrail.ErrUnavailable, "in the time allowed")
}

func TestStoppedByTheCaller(t *testing.T) {
	started := make(chan struct{}, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { started <- struct{}{}; <-r.Context().Done() })
	c, _ := client(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	dir := t.TempDir()
	_, err := c.Do(ctx, Request{URL: s.URL + "?k=secret", Dir: dir})
	if !errors.Is(err, context.Canceled) || errors.Is(err, fundtrail.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("cancelled: %v", err)
	}
	// While it waits for the next try, too.
	s = serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) })
	ctx, cancel = context.WithCancel(t.Context())
	c = &Client{Options: Options{Sleep: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }}}
	if _, err := c.Do(ctx, Request{URL: s.URL}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in a wait: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	_, err = c.Do(ctx, Request{URL: s.URL})
	wantErr(t, err, context.DeadlineExceeded)
	wantErr(t, err, fundtrail.ErrUnavailable, "not done in the time allowed")
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, k := client(Options{})
	_, err = do(t, c, Request{URL: "http://" + l.Addr().String()})
	wantErr(t, err, fundtrail.ErrUnavailable, "refused", "after 2 tries")
	if !slices.Equal(k.slept, []time.Duration{1e9}) {
		t.Errorf("slept %v", k.slept)
	}
	_, err = do(t, c, Request{URL: "http://no-such-host.invalid/x?k=secret"})
	wantErr(t, err, fundtrail.ErrUnavailable, "no-such-host.invalid")
}

func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }))
	defer s.Close()
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that fail as they should
	c, k := client(Options{})
	_, err := do(t, c, Request{URL: s.URL})
	wantErr(t, err, fundtrail.ErrUnavailable, "certificate is not to be trusted")
	if len(k.slept) > 0 {
		t.Error("an untrusted certificate is tried again")
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	c, _ = client(Options{RootCAs: pool})
	if res, err := do(t, c, Request{URL: s.URL}); err != nil || string(res.Body) != "HTTP/1.1" {
		t.Errorf("%+v, %v", res, err)
	}
	_, err = do(t, c, Request{URL: strings.Replace(s.URL, "127.0.0.1", "localhost", 1)})
	wantErr(t, err, fundtrail.ErrUnavailable, "certificate")
}

func TestLastingAndCutShort(t *testing.T) {
	for status, want := range map[int]bool{0: false, 401: true, 403: true, 404: true, 407: true, 408: false, 429: false, 500: false, 502: false, 503: false} {
		err := fmt.Errorf("node: %w", &Error{URL: "http://node", Status: status, Err: fundtrail.ErrUnavailable})
		if Lasting(err) != want {
			t.Errorf("%d: %v", status, !want)
		}
	}
	for text, want := range map[string]bool{``: true, ` `: true, `[{"a":1}`: true, `{"a":"b`: true, `<html>hello</html>`: false, `[1,]`: false, `{} {}`: false} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); CutShort(err) != want {
			t.Errorf("%q: %v, %v", text, !want, err)
		}
	}
}
