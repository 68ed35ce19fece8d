package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A quietBuffer is written by a running program and read by a test.
type quietBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (q *quietBuffer) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.b.Write(p)
}

func (q *quietBuffer) String() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.b.String()
}

// eventually waits until something is so. It fails after a time that only a hang takes.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for range 3000 {
		if so() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not in half a minute: %s", what)
}

// snapshot is a dated list of addresses.
func snapshot(addresses ...string) string {
	text := "asset,address\n"
	for _, a := range addresses {
		text += "ETH," + a + "\n"
	}
	return text
}

// TestServe is a day of a server: lists are imported, a key is made, questions are
// asked and recorded, a new version comes in, the key is revoked, the server stops.
func TestServe(t *testing.T) {
	home := t.TempDir()
	must := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(args, "--home", home), strings.NewReader(""), &out, &errs); code != 0 {
			t.Fatalf("%v: exit %d: %s", args, code, errs.String())
		}
		return strings.TrimSpace(out.String())
	}
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const first, second = "0x00000000000000000000000000000000DeaDBeef", "0x000000000000000000000000000000000000dEaD"
	must("lists", "import", file("2023-11-22.csv", snapshot(first)))
	key := must("keys", "add", "test", "--scope", "screen,lists,record")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	log := &quietBuffer{}
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--home", home, "--listen", "127.0.0.1:0", "--poll", "20ms", "--record", "--log-requests"}, strings.NewReader(""), io.Discard, log)
	}()
	var url string
	eventually(t, "serving", func() bool {
		if m := regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(log.String()); m != nil {
			url = m[1]
		}
		return url != ""
	})
	get := func(path string) (int, string) {
		t.Helper()
		req, _ := http.NewRequest("GET", url+path, nil)
		req.Header.Set("X-API-Key", key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	eventually(t, "ready", func() bool { status, _ := get("/readyz"); return status == 200 })
	if status, body := get("/v1/screen/address/" + strings.ToLower(first)); status != 200 || !strings.Contains(body, `"verdict":"match"`) {
		t.Errorf("the listed address: %d %s", status, body)
	}
	status, body := get("/v1/screen/address/" + second)
	if status != 200 || !strings.Contains(body, `"verdict":"clear"`) {
		t.Errorf("the other: %d %s", status, body)
	}
	record := regexp.MustCompile(`"record":"([^"]+)"`).FindStringSubmatch(body)
	if record == nil {
		t.Fatalf("no record in %s", body)
	}
	if status, body := get("/v1/screenings/" + record[1]); status != 200 || !strings.Contains(body, second) {
		t.Errorf("the record: %d %s", status, body)
	}
	must("lists", "import", file("2023-11-30.csv", snapshot(first, second)))
	eventually(t, "the new version is in force", func() bool {
		_, body := get("/v1/screen/address/" + second)
		return strings.Contains(body, `"verdict":"match"`)
	})
	if _, body := get("/v1/lists/us-ofac-sdn/diff?from=2023-11-22&to=2023-11-30"); !strings.Contains(body, second) || strings.Contains(body, first) {
		t.Errorf("the difference: %s", body)
	}
	must("keys", "revoke", key[3:11])
	eventually(t, "the key is refused", func() bool { status, _ := get("/v1/lists"); return status == 401 })
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("the server ended with %d: %s", code, log.String())
	}
	for _, secret := range []string{strings.ToLower(first[2:]), first, second, key[11:]} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s:\n%s", secret, log.String())
		}
	}
}
