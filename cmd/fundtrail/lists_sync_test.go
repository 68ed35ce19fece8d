package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fundtrail/fundtrail/data"
)

// publish serves a folder of the script on loopback until the script ends, and puts
// the address into a variable: publish VARIABLE FOLDER. Beside the files it has /down,
// which is, /moved/FILE, which redirects to FILE, /key/FILE, which wants the header
// X-Key: swordfish, and /page, a web page.
func publish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: publish VARIABLE FOLDER")
	}
	dir := ts.MkAbs(args[1])
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		raw, err := os.ReadFile(filepath.Join(dir, filepath.Base(r.URL.Path)))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		// Like many publishers it knows no finer mark than the file's length and form.
		w.Header().Set("ETag", fmt.Sprintf(`"%d-%d"`, len(raw), bytes.Count(raw, []byte("a"))))
		http.ServeContent(w, r, "", lastModified, bytes.NewReader(raw))
	})
	mux.HandleFunc("/down", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadRequest) })
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<!doctype html>\n<html><title>Please wait</title></html>\n")
	})
	mux.HandleFunc("/moved/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/"+filepath.Base(r.URL.Path)+"?signature=abc", http.StatusFound)
	})
	mux.HandleFunc("/key/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "swordfish" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		http.ServeFile(w, r, filepath.Join(dir, filepath.Base(r.URL.Path)))
	})
	s := httptest.NewServer(mux)
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
}

// lastModified is what the publisher says of all its files.
var lastModified = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// A stopAt cancels a run when a text is written for the n-th time.
type stopAt struct {
	bytes.Buffer
	text string
	n    int
	stop context.CancelFunc
}

func (s *stopAt) Write(p []byte) (int, error) {
	n, err := s.Buffer.Write(p)
	if strings.Count(s.String(), s.text) >= s.n {
		s.stop()
	}
	return n, err
}

// TestListsSyncEvery: --every goes on in spite of what fails, and being told to stop is
// no error.
func TestListsSyncEvery(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); http.NotFound(w, r) }))
	defer s.Close()
	home := t.TempDir()
	put(t, filepath.Join(home, configName), "lists: {un-sc: {url: "+s.URL+"/un.xml}}\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, problems := &stopAt{text: "next at 20", n: 1, stop: cancel}, &bytes.Buffer{}
	code := run(ctx, []string{"lists", "sync", "un-sc", "--home", home, "--every", "1h"}, nil, out, problems)
	if code != exitOK || asked.Load() != 1 || !strings.Contains(problems.String(), "1 list failed") || !strings.Contains(out.String(), "404 Not Found") {
		t.Errorf("exit code %d, asked %d times:\n%s%s", code, asked.Load(), out, problems)
	}
}

// TestListsSyncStopped: what is said is true.
func TestListsSyncStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }))
	defer s.Close()
	home := t.TempDir()
	put(t, filepath.Join(home, configName), "lists: {un-sc: {url: "+s.URL+"/un.xml}}\n")
	out := &bytes.Buffer{}
	if code := run(ctx, []string{"lists", "sync", "un-sc", "--home", home}, nil, out, out); code != exitError || !strings.Contains(out.String(), "stopped; what was taken until then is kept") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

// TestListsSyncTLS: a mirror with an authority of its own is trusted when the
// configuration says so, and only then.
func TestListsSyncTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that fail as they should
	home := t.TempDir()
	ca := filepath.Join(home, "ca.pem")
	put(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	for config, want := range map[string]string{
		"":                      "certificate is not to be trusted",
		"ca_file: " + ca + "\n": "404 Not Found",
		"ca_file: " + ca + "\nallowed_hosts: [example.org]\n": "its host is not among those allowed",
		"ca_file: " + home + "/sync.yaml\n":                   "it holds no certificate",
		"ca_file: " + home + "/nothing.pem\n":                 "no such file",
	} {
		put(t, filepath.Join(home, configName), config+"lists: {un-sc: {url: "+s.URL+"/un.xml}}\n")
		out := &bytes.Buffer{}
		if code := run(t.Context(), []string{"lists", "sync", "un-sc", "--home", home}, nil, out, out); code != exitError || !strings.Contains(out.String(), want) {
			t.Errorf("%sexit code %d, want it to say %q:\n%s", config, code, want, out)
		}
	}
}

func TestSyncConfig(t *testing.T) {
	t.Setenv("FUNDTRAIL_TEST_TOKEN", "swordfish")
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"# nothing\n", ""},
		{"lists: {un-sc: {off: true}}", ""},
		{"lists: {us-ofac-sdn: {download: csv, shrink: 0}}", ""},
		{"lists: {jp-mof: {files: [{name: a.csv, url: 'https://example.org/${FUNDTRAIL_TEST_TOKEN}'}]}}", ""},
		{"list: {}", "line 1: field list not found"},
		{"lists: {un: {off: true}}", `"un" is not on record; there are: au-dfat, ch-seco`},
		{"lists: {UN-SC: {off: true}}", `"UN-SC" is not on record`},
		{"lists: {un-sc: {offf: true}}", "field offf not found"},
		{"lists: {un-sc: {download: csv}}", "there are xml"},
		{"lists: {jp-mof: {download: csv}}", "there are none"},
		{"lists: {un-sc: {download: xml, url: 'https://example.org'}}", "want one of download, url and files"},
		{"lists: {un-sc: {url: 'ftp://u:hush@example.org/?k=hush'}}", "ftp://example.org/?…: want an address that begins with"},
		{"lists: {un-sc: {url: 'https://example.org/?token=${FUNDTRAIL_TEST_NONE}'}}", "the environment has no FUNDTRAIL_TEST_NONE"},
		{"lists: {un-sc: {url: 'https://example.org', headers: {Key: '${FUNDTRAIL_TEST_NONE}'}}}", "header Key: the environment has no"},
		{"lists: {un-sc: {url: 'https://example.org', headers: {'a b': c}}}", "is no name of a header"},
		{"lists: {un-sc: {files: [{name: ../a, url: 'https://example.org'}]}}", "without folders"},
		{"lists: {un-sc: {shrink: 100}}", "0 to 99"},
		{"rate: -1", "want positive numbers"},
		{"lists: [", "yaml:"},
	} {
		name := filepath.Join(t.TempDir(), "x.yaml")
		put(t, name, c.text)
		_, err := readSyncConfig(name, "")
		if c.want == "" && err != nil || c.want != "" && !strings.Contains(fmt.Sprint(err), c.want) || strings.Contains(fmt.Sprint(err), "hush") {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: %v does not name the file", c.text, err)
		}
	}
	if _, err := readSyncConfig("", t.TempDir()); err != nil {
		t.Errorf("without a configuration: %v", err)
	}
	if _, err := readSyncConfig(filepath.Join(t.TempDir(), "x"), ""); err == nil {
		t.Error("a configuration that is named may be missing")
	}
}

// TestSyncDocument: the page's example of a configuration is one.
func TestSyncDocument(t *testing.T) {
	page, err := os.ReadFile("../../doc/formats-sync.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	t.Setenv("EU_FSF_TOKEN", "x")
	t.Setenv("MIRROR_KEY", "x")
	name := filepath.Join(t.TempDir(), "sync.yaml")
	put(t, name, text)
	c, err := readSyncConfig(name, "")
	if err != nil || len(c.Lists) < 4 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, l := range data.Lists() {
		if !strings.Contains(string(page), "`"+l.ID+"`") {
			t.Errorf("the page does not name %s", l.ID)
		}
	}
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
