package web

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
	"github.com/fundtrail/fundtrail/internal/store"
)

// A gate is an index that waits, so that a test can catch a request under way.
type gate struct {
	screen.Asker
	entered, open chan struct{}
}

func (g *gate) Ask(q screen.Question) screen.Answer {
	if q.Text == "wait" {
		g.entered <- struct{}{}
		<-g.open
	}
	if q.Text == "panic" {
		panic("secret " + q.Text + " words")
	}
	return g.Asker.Ask(q)
}

func gated(g *gate) func(*Options) {
	g.entered, g.open = make(chan struct{}, 10), make(chan struct{})
	return func(o *Options) {
		o.Build = func(h *fundtrail.ListHistory) screen.Asker { g.Asker = build(h); return g }
		o.MaxInFlight = 2
	}
}

// TestStop: a stop waits for what is under way, and says no to what comes.
func TestStop(t *testing.T) {
	var g gate
	s := newSite(t, gated(&g))
	answer := make(chan string, 1)
	go func() {
		status, body := s.post("/v1/screen", `{"items":[{"text":"wait","kind":"name"}]}`)
		answer <- fmt.Sprint(status, " ", body)
	}()
	<-g.entered
	s.stop()
	for range 100 {
		if s.server.stopping.Load() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	w := &sink{h: http.Header{}}
	if status := s.server.ready(w, nil, nil); status != 503 {
		t.Errorf("while it stops it is ready: %d", status)
	}
	close(g.open)
	if got := <-answer; !strings.HasPrefix(got, "200 ") {
		t.Errorf("the request under way got %s", got)
	}
	if err := <-s.done; err != nil {
		t.Errorf("the server ended with %v", err)
	}
	s.done <- nil
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(s.url, "http://"), time.Second); err == nil {
		t.Error("it still takes connections")
	}
}

func TestBusy(t *testing.T) {
	var g gate
	s := newSite(t, gated(&g))
	done := make(chan int, 2)
	for range 2 {
		go func() {
			status, _ := s.post("/v1/screen", `{"items":[{"text":"wait","kind":"name"}]}`)
			done <- status
		}()
		<-g.entered
	}
	status, header, body := s.request("GET", "/v1/lists", "")
	if status != 503 || header.Get("Retry-After") == "" || decode[Problem](t, body).Type != "urn:fundtrail:problem:busy" {
		t.Errorf("the third: %d %v %s", status, header, body)
	}
	if status, _ := s.get("/healthz"); status != 200 {
		t.Errorf("health: %d", status)
	}
	close(g.open)
	for range 2 {
		if status := <-done; status != 200 {
			t.Errorf("one of the two got %d", status)
		}
	}
	if status, _ := s.get("/v1/lists"); status != 200 {
		t.Errorf("after: %d", status)
	}
}

// TestPanic: a request that fails inside gets a 500 with an id; the log has the id and
// not what was asked, and the server goes on.
func TestPanic(t *testing.T) {
	var g gate
	s := newSite(t, gated(&g))
	status, body := s.post("/v1/screen", `{"items":["panic"]}`)
	p := decode[Problem](t, body)
	if status != 500 || p.Instance == "" || strings.Contains(body, "secret") {
		t.Errorf("the answer is %d %s", status, body)
	}
	if log := s.log.String(); !strings.Contains(log, p.Instance) || strings.Contains(log, "secret") {
		t.Errorf("the log: %s", log)
	}
	// In a part of a batch that is worked on beside others, too.
	items := make([]string, MaxItems)
	for i := range items {
		items[i] = clearETH
	}
	items[9000] = "panic"
	if status, body := s.post("/v1/screen", batchOf(items...)); status != 500 {
		t.Errorf("in a large batch: %d %.200s", status, body)
	}
	if status, _ := s.get("/v1/lists"); status != 200 {
		t.Errorf("after: %d", status)
	}
}

// TestTimeout: work that takes too long is given up, and said so.
func TestTimeout(t *testing.T) {
	s := newSite(t, nil)
	w := &sink{h: http.Header{}}
	b := &batch{}
	if _, err := decodeBatch(batchBody(100), b); err != nil {
		t.Fatal(err)
	}
	work := &batchWork{server: s.server, snap: s.server.snapshot.Load(), batch: b, call: &call{caller: s.server.everybody, start: time.Now().Add(-time.Minute)}, context: t.Context()}
	p := work.run()
	if p == nil || p.Status != 503 || p.write(w) != 503 {
		t.Errorf("the work went on: %v", p)
	}
}

func TestReadiness(t *testing.T) {
	now := day("2024-03-20")
	lists := &fixedLists{history: history(), attempts: []store.Attempt{{List: listName, Outcome: store.Refused, Time: now}, {List: listName, Outcome: store.Unchanged, Time: day("2024-03-10")}}}
	s, err := New(Options{Lists: lists, Build: build, NoAuth: true, Now: func() time.Time { return now }, Stale: 10 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, status int, want Readiness) {
		t.Helper()
		w := &recorder{sink: sink{h: http.Header{}}}
		got := s.ready(w, nil, nil)
		r := decode[Readiness](t, w.text.String())
		if got != status || r.Ready != want.Ready || !strings.Contains(r.Reason, want.Reason) || len(r.Stale) != len(want.Stale) {
			t.Errorf("%s: %d %+v", what, got, r)
		}
	}
	check("before", 503, Readiness{Reason: "not loaded"})
	w := &recorder{sink: sink{h: http.Header{}}}
	if status := s.screenAddress(w, mustRequest("/"), &call{caller: s.everybody, rest: clearETH}); status != 503 {
		t.Errorf("a question before the lists are loaded: %d", status)
	}
	s.look(t.Context(), nil)
	check("loaded", 200, Readiness{Ready: true})
	now = day("2024-03-21")
	check("eleven days after it was last heard of", 200, Readiness{Ready: true, Stale: []string{listName}})
	empty, err := New(Options{Lists: &fixedLists{history: &fundtrail.ListHistory{}}, Build: build, NoAuth: true})
	if err != nil {
		t.Fatal(err)
	}
	s = empty
	s.look(t.Context(), nil)
	check("no lists", 503, Readiness{Reason: "there are no lists"})
}

func mustRequest(path string) *http.Request {
	r, err := http.NewRequest("GET", path, nil)
	if err != nil {
		panic(err)
	}
	return r
}

// A recorder is a sink that keeps the body.
type recorder struct {
	sink
	text strings.Builder
}

func (r *recorder) Write(b []byte) (int, error) { return r.text.Write(b) }

// newCertificate writes a certificate for localhost.
func newCertificate(t *testing.T, certFile, keyFile, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTLS: a certificate is exchanged without a restart; half an exchange leaves the old
// one in force; both versions of HTTP are served.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	newCertificate(t, certFile, keyFile, "first")
	s := newSite(t, func(o *Options) { o.CertFile, o.KeyFile, o.LogRequests = certFile, keyFile, false })
	client := func(h2 bool) *http.Client {
		return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: h2, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	}
	ask := func(h2 bool) (name, proto string) {
		t.Helper()
		resp, err := client(h2).Get(s.url + "/v1/screen/address/" + listedETH)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || !strings.Contains(string(body), `"match"`) {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
		return resp.TLS.PeerCertificates[0].Subject.CommonName, resp.Proto
	}
	reload := func() {
		t.Helper()
		resp, err := client(false).Post(s.url+"/v1/reload", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if name, proto := ask(false); name != "first" || proto != "HTTP/1.1" {
		t.Errorf("%s over %s", name, proto)
	}
	if name, proto := ask(true); name != "first" || proto != "HTTP/2.0" {
		t.Errorf("%s over %s", name, proto)
	}
	newCertificate(t, certFile, filepath.Join(dir, "later.pem"), "second")
	reload()
	if name, _ := ask(false); name != "first" {
		t.Errorf("half an exchange: %s", name)
	}
	if err := os.Rename(filepath.Join(dir, "later.pem"), keyFile); err != nil {
		t.Fatal(err)
	}
	reload()
	if name, _ := ask(false); name != "second" {
		t.Errorf("after the exchange: %s", name)
	}
	// Plain HTTP to a TLS port is answered with an error, not a hang.
	if resp, err := http.Get(strings.Replace(s.url, "https", "http", 1)); err == nil {
		resp.Body.Close()
		if resp.StatusCode != 400 {
			t.Errorf("plain HTTP: %d", resp.StatusCode)
		}
	}
}

// TestHangup: SIGHUP reloads at once.
func TestHangup(t *testing.T) {
	lists := &fixedLists{history: history()}
	s, err := New(Options{Lists: lists, Build: build, NoAuth: true, Poll: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	hup := make(chan os.Signal)
	done := make(chan struct{})
	go func() { s.watch(ctx, nil, hup); close(done) }()
	hup <- syscall.SIGHUP // taken once the first look is over
	before := s.snapshot.Load()
	if before == nil {
		t.Fatal("no lists after the first look")
	}
	lists.set(numbered(1, nil), nil)
	hup <- syscall.SIGHUP
	hup <- syscall.SIGHUP // taken once the look before is over
	if s.snapshot.Load() == before {
		t.Error("the lists are those of before")
	}
	stop()
	<-done
}
