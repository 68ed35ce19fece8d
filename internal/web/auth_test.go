package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

func TestKeyFile(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	f := &KeyFile{Path: filepath.Join(t.TempDir(), "home", "keys.json"), Now: func() time.Time { return now }}
	if keys, err := f.Load(); err != nil || len(keys) != 0 {
		t.Fatalf("no file: %v, %v", keys, err)
	}
	secret, k, err := f.Add(APIKey{Name: "payments", Scopes: []Scope{ScopeScreen, ScopeLists, ScopeScreen}, Expires: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	other, k2, err := f.Add(APIKey{Name: "payments", Scopes: []Scope{ScopeAdmin}})
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) != keyLetters || secret == other || k.ID == k2.ID || !strings.HasPrefix(secret, keyPrefix+k.ID+"_") {
		t.Errorf("keys %q (%s) and %q (%s)", secret, k.ID, other, k2.ID)
	}
	text, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret[len(keyPrefix)+keyIDLetters+1:]) {
		t.Error("the file holds the key itself")
	}
	sum := sha256.Sum256([]byte(secret))
	keys, err := f.Load()
	if err != nil || len(keys) != 2 || keys[0].SHA256 != hex.EncodeToString(sum[:]) || len(keys[0].Scopes) != 2 {
		t.Fatalf("read back %+v, %v", keys, err)
	}
	if info, err := os.Stat(f.Path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if _, err := f.Revoke(k.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Expire(k2.ID, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Expire(k2.ID, now.Add(time.Hour)); err != nil { // never later than it was
		t.Fatal(err)
	}
	keys, _ = f.Load()
	if got := keys[0].State(now); got != "revoked" {
		t.Errorf("revoked key is %s", got)
	}
	if keys[1].State(now) != "valid" || keys[1].State(now.Add(time.Minute)) != "expired" {
		t.Errorf("the second key ends at %v", keys[1].Expires)
	}
}

func TestKeyFileRefuses(t *testing.T) {
	f := &KeyFile{Path: filepath.Join(t.TempDir(), "keys.json")}
	for name, k := range map[string]APIKey{
		"no name": {Name: " ", Scopes: Scopes}, "no scope": {Name: "a"}, "unknown scope": {Name: "a", Scopes: []Scope{"root"}},
		"ended": {Name: "a", Scopes: Scopes, Expires: time.Now().Add(-time.Hour)}, "long name": {Name: strings.Repeat("x", 101), Scopes: Scopes},
	} {
		if _, _, err := f.Add(k); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.Revoke("00000000"); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("revoke a key that is not there: %v", err)
	}
	if _, err := os.Stat(f.Path + ".new"); err == nil {
		t.Error("a refused change leaves its lock behind")
	}
	os.WriteFile(f.Path+".new", nil, 0o600)
	if _, _, err := f.Add(APIKey{Name: "a", Scopes: Scopes}); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("two changes at once: %v", err)
	}
	os.Remove(f.Path + ".new")
	good := `{"format":"fundtrail.keys/1","keys":[{"id":"00000001","name":"a","sha256":"` + strings.Repeat("ab", 32) + `","scopes":["screen"],"created":"2026-01-01T00:00:00Z"}]}`
	for name, text := range map[string]string{
		"empty": "", "no JSON": "keys", "another format": `{"format":"fundtrail.keys/2","keys":[]}`, "unknown member": strings.Replace(good, `"name"`, `"nam"`, 1),
		"short digest": strings.Replace(good, "abab", "ab", 1), "no scope": strings.Replace(good, `["screen"]`, `[]`, 1),
		"twice": strings.Replace(good, "[{", "["+good[strings.Index(good, "{\"id"):len(good)-2]+",{", 1),
	} {
		if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Load(); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	os.WriteFile(f.Path, []byte(good), 0o600)
	if keys, err := f.Load(); err != nil || len(keys) != 1 {
		t.Errorf("a good file: %v", err)
	}
	if runtime.GOOS != "windows" {
		os.Chmod(f.Path, 0o640)
		if _, err := f.Load(); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a file that others may read: %v", err)
		}
	}
}

func TestAuthentication(t *testing.T) {
	s := newSite(t, func(o *Options) { o.NoAuth = false })
	file := s.server.opt.Keys
	screenOnly, k, err := file.Add(APIKey{Name: "narrow", Scopes: []Scope{ScopeScreen}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.loadKeys(); err != nil {
		t.Fatal(err)
	}
	path := "/v1/screen/address/" + clearETH
	full := s.key
	for _, c := range []struct {
		name   string
		path   string
		key    string
		header []string
		status int
	}{
		{"good", path, full, nil, 200},
		{"bearer", path, "", []string{"Authorization", "Bearer " + full}, 200},
		{"ApiKey", path, "", []string{"Authorization", "apikey " + full}, 200},
		{"none", path, "", nil, 401},
		{"basic", path, "", []string{"Authorization", "Basic " + full}, 401},
		{"in the address line", path + "?api_key=" + full, "", nil, 401},
		{"one letter off", path, flip(full), nil, 401},
		{"too long", path, full + "x", nil, 401},
		{"another's id", path, keyPrefix + k.ID + full[len(keyPrefix)+keyIDLetters:], nil, 401},
		{"empty id", path, keyPrefix + strings.Repeat("x", keyLetters-len(keyPrefix)), nil, 401},
		{"narrow may", path, screenOnly, nil, 200},
		{"narrow may not", "/v1/lists", screenOnly, nil, 403},
		{"narrow may not see metrics", "/metrics", screenOnly, nil, 403},
		{"narrow may not read the record", "/v1/screenings/1-0000000000000000", screenOnly, nil, 403},
		{"lists", "/v1/lists", full, nil, 200},
		{"metrics", "/metrics", full, nil, 200},
		{"health needs none", "/healthz", "", nil, 200},
		{"ready needs none", "/readyz", "", nil, 200},
		{"the document needs none", "/openapi.json", "", nil, 200},
		{"lists need one", "/v1/lists", "", nil, 401},
	} {
		s.key = c.key
		status, header, body := s.request("GET", c.path, "", c.header...)
		if status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, status, c.status, body)
		}
		if status == 401 && header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: a 401 without WWW-Authenticate", c.name)
		}
	}
	s.key = screenOnly
	if _, err := file.Revoke(k.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.server.loadKeys(); err != nil {
		t.Fatal(err)
	}
	if status, body := s.get(path); status != 401 || !strings.Contains(body, "revoked") {
		t.Errorf("a revoked key: %d %s", status, body)
	}
	if s := s.log.String(); strings.Contains(s, full) || strings.Contains(s, screenOnly) {
		t.Error("the log holds a key")
	}
}

func flip(key string) string {
	last := byte('A')
	if key[len(key)-1] == last {
		last = 'B'
	}
	return key[:len(key)-1] + string(last)
}

// TestKeysExpire: a key ends by the clock, not by a reload.
func TestKeysExpire(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	file := &KeyFile{Path: filepath.Join(t.TempDir(), "keys.json"), Now: clock}
	secret, _, err := file.Add(APIKey{Name: "short", Scopes: Scopes, Expires: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(o *Options) { o.NoAuth, o.Keys, o.Now = false, file, clock })
	s.key = secret
	if status, body := s.get("/v1/lists"); status != 200 {
		t.Errorf("before: %d %s", status, body)
	}
	mu.Lock()
	now = now.Add(2 * time.Hour)
	mu.Unlock()
	if status, body := s.get("/v1/lists"); status != 401 || !strings.Contains(body, "expired") {
		t.Errorf("after: %d %s", status, body)
	}
}

func TestRate(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(1_700_000_000, 0)
	s := newSite(t, func(o *Options) {
		o.Rate = 10
		o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	pass := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
	path := "/v1/screen/address/" + clearETH
	for i := range 10 {
		if status, body := s.get(path); status != 200 {
			t.Fatalf("request %d: %d %s", i, status, body)
		}
	}
	status, header, body := s.request("GET", path, "")
	if status != 429 || header.Get("Retry-After") != "1" || decode[Problem](t, body).Type != "urn:fundtrail:problem:rate-limit" {
		t.Errorf("the eleventh: %d, Retry-After %q: %s", status, header.Get("Retry-After"), body)
	}
	pass(100 * time.Millisecond)
	if status, _ := s.get(path); status != 200 {
		t.Errorf("after a tenth of a second: %d", status)
	}
	// A batch passes once and is paid for by waiting.
	pass(time.Second)
	items := make([]string, 101)
	for i := range items {
		items[i] = clearETH
	}
	if status, body := s.post("/v1/screen", batchOf(items...)); status != 200 {
		t.Errorf("the batch: %d %s", status, body)
	}
	status, header, _ = s.request("GET", path, "")
	if status != 429 || header.Get("Retry-After") != "10" {
		t.Errorf("after the batch: %d, Retry-After %q, want 10", status, header.Get("Retry-After"))
	}
	pass(10 * time.Second)
	if status, _ := s.get(path); status != 200 {
		t.Errorf("after waiting: %d", status)
	}
	if status, _ := s.get("/healthz"); status != 200 {
		t.Errorf("health is limited: %d", status)
	}
}

// TestBucketSlow: one item is let in at any rate.
func TestBucketSlow(t *testing.T) {
	b := newBucket(0.01)
	now := time.Unix(1_700_000_000, 0)
	if wait := b.take(now); wait != 0 {
		t.Errorf("the first waits %v", wait)
	}
	if wait := b.take(now); wait != 100*time.Second {
		t.Errorf("the second waits %v, want 100s", wait)
	}
	if wait := b.take(now.Add(100 * time.Second)); wait != 0 {
		t.Errorf("after the wait it waits %v", wait)
	}
}

// TestRateSurvivesReload: reading the keys again gives no new allowance.
func TestRateSurvivesReload(t *testing.T) {
	s := newSite(t, func(o *Options) { o.NoAuth, o.Rate = false, 0.001 })
	if status, _ := s.get("/v1/lists"); status != 200 {
		t.Fatal(status)
	}
	if err := s.server.loadKeys(); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.get("/v1/lists"); status != http.StatusTooManyRequests {
		t.Errorf("after a reload: %d", status)
	}
}
