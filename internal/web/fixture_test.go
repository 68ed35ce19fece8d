package web

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
	"github.com/fundtrail/fundtrail/internal/store"
)

// The lists of these tests are made up, in a list's form; the addresses are those of
// well-known constants.
const (
	listedETH  = "0x00000000000000000000000000000000deadbeef"
	listedETH2 = "0x000000000000000000000000000000000000dead"
	listedBTC  = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"
	clearETH   = "0x1111111111111111111111111111111111111111"
	listName   = "test-list"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func wallet(chain fundtrail.Chain, currency, text string) fundtrail.Wallet {
	a, err := fundtrail.ParseAddress(chain, text)
	if err != nil {
		panic(err)
	}
	return fundtrail.Wallet{Text: text, Currency: currency, Address: a}
}

// history is two versions of one list: the second adds a party and an address, and
// drops an address.
func history() *fundtrail.ListHistory {
	mixer := fundtrail.Party{UID: "100", Kind: fundtrail.Organisation, Names: []fundtrail.Name{{Text: "EXAMPLE MIXER"}, {Text: "E-MIX", Kind: fundtrail.Alias}}, Programs: []string{"CYBER2"}, Listed: day("2023-11-29")}
	before, after := mixer, mixer
	before.Wallets = []fundtrail.Wallet{wallet(fundtrail.Ethereum, "ETH", listedETH), wallet(fundtrail.Bitcoin, "XBT", listedBTC)}
	after.Wallets = []fundtrail.Wallet{wallet(fundtrail.Ethereum, "ETH", listedETH), wallet(fundtrail.Ethereum, "ETH", listedETH2)}
	person := fundtrail.Party{UID: "200", Kind: fundtrail.Person, Names: []fundtrail.Name{{Text: "KIM, Example Su", Given: "Example Su", Family: "KIM"}}, Births: []string{"1962"}, Countries: []string{"KP"}, Programs: []string{"DPRK3"}}
	version := func(published, received string, parties, wallets int) fundtrail.ListVersion {
		return fundtrail.ListVersion{List: listName, Format: "test", Covers: fundtrail.CoversNames | fundtrail.CoversWallets,
			Published: day(published), Received: day(received), SHA256: sha256.Sum256([]byte(published)), Parties: parties, Wallets: wallets}
	}
	return &fundtrail.ListHistory{
		Versions: []fundtrail.ListVersion{version("2023-11-29", "2023-11-30", 1, 2), version("2024-03-01", "2024-03-05", 2, 2)},
		Parties:  []fundtrail.Party{before, after, person},
		Members:  [][]uint32{{0}, {1, 2}},
	}
}

// fixedLists are lists in memory, which a test may exchange.
type fixedLists struct {
	mu       sync.Mutex
	history  *fundtrail.ListHistory
	attempts []store.Attempt
	err      error
}

func (l *fixedLists) set(h *fundtrail.ListHistory, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.history, l.err = h, err
}

func (l *fixedLists) Versions(context.Context) ([]fundtrail.ListVersion, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	return l.history.Versions, nil
}

func (l *fixedLists) History(context.Context) (*fundtrail.ListHistory, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.history, l.err
}

func (l *fixedLists) Attempts(context.Context) ([]store.Attempt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.attempts, nil
}

func build(h *fundtrail.ListHistory) screen.Asker { return screen.New(h, screen.Options{}) }

// A logBuffer is a log that a test reads while the server writes it.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A site is a server on a loopback port.
type site struct {
	t      testing.TB
	server *Server
	lists  *fixedLists
	url    string
	key    string // sent when it is not empty
	log    *logBuffer
	stop   context.CancelFunc
	done   chan error
}

// newSite starts a server with the lists of history loaded. Without NoAuth it has one
// key with all scopes.
func newSite(t testing.TB, change func(*Options)) *site {
	t.Helper()
	s := &site{t: t, lists: &fixedLists{history: history()}, log: &logBuffer{}, done: make(chan error, 1)}
	opt := Options{Lists: s.lists, Build: build, NoAuth: true, Poll: time.Hour, Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})), LogRequests: true}
	if change != nil {
		change(&opt)
	}
	if !opt.NoAuth && opt.Keys == nil {
		opt.Keys = &KeyFile{Path: filepath.Join(t.TempDir(), "keys.json")}
		secret, _, err := opt.Keys.Add(APIKey{Name: "test", Scopes: Scopes})
		if err != nil {
			t.Fatal(err)
		}
		s.key = secret
	}
	var err error
	if s.server, err = New(opt); err != nil {
		t.Fatal(err)
	}
	if err := s.server.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.run()
	return s
}

func (s *site) run() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	scheme := "http://"
	if s.server.opt.CertFile != "" {
		scheme = "https://"
	}
	s.url = scheme + l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() { s.done <- s.server.Run(ctx, l, make(chan os.Signal)) }()
	s.t.Cleanup(func() {
		stop()
		select {
		case err := <-s.done:
			if err != nil && !errors.Is(err, http.ErrServerClosed) {
				s.t.Errorf("the server ended with %v", err)
			}
		case <-time.After(20 * time.Second):
			s.t.Error("the server did not end")
		}
	})
}

func (s *site) request(method, path, body string, header ...string) (int, http.Header, string) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.key != "" {
		req.Header.Set("X-API-Key", s.key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := noRedirect.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

var noRedirect = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (s *site) get(path string, header ...string) (int, string) {
	s.t.Helper()
	status, _, body := s.request(http.MethodGet, path, "", header...)
	return status, body
}

func (s *site) post(path, body string, header ...string) (int, string) {
	s.t.Helper()
	status, _, text := s.request(http.MethodPost, path, body, header...)
	return status, text
}

// decode reads a document strictly: a member that the types do not have is an error.
func decode[T any](t testing.TB, body string) (v T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

func batchOf(items ...string) string {
	b, _ := json.Marshal(map[string]any{"items": items})
	return string(b)
}

func describeCounts(c map[string]int) string {
	return fmt.Sprintf("match %d clear %d unknown %d invalid %d", c["match"], c["clear"], c["unknown"], c["invalid"])
}
