package report

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBundleIsBuilt compares the sources of the page's script and style with the
// digests that were noted when ui/dist was built, so that a change that was not built
// is noticed where there is no node.
func TestBundleIsBuilt(t *testing.T) {
	raw, err := os.ReadFile("ui/dist/sources.sha256")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("ui/dist/sources.sha256: %q", line)
		}
		listed[name] = true
		src, err := os.ReadFile(filepath.Join("ui", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if fmt.Sprintf("%x", sha256.Sum256(src)) != sum {
			t.Errorf("ui/%s has changed since ui/dist was built: run npm ci && npm run build in internal/report/ui", name)
		}
	}
	src, err := os.ReadDir("ui/src")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range src {
		if !listed["src/"+f.Name()] {
			t.Errorf("ui/src/%s is newer than ui/dist: run npm ci && npm run build in internal/report/ui", f.Name())
		}
	}
}

// TestBundleRebuilds builds the bundle again where its tools are installed, and wants
// the committed bytes.
func TestBundleRebuilds(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node to build the page's script with")
	}
	if _, err := os.Stat("ui/node_modules"); err != nil {
		t.Skip("the tools are not installed: run npm ci in internal/report/ui")
	}
	out := t.TempDir()
	cmd := exec.Command(node, "build.mjs", "--out", out)
	cmd.Dir = "ui"
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, msg)
	}
	for _, name := range []string{"report.js", "report.css", "sources.sha256"} {
		want, err := os.ReadFile(filepath.Join("ui", "dist", name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(out, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("ui/dist/%s is not what the sources build (%v)", name, err)
		}
	}
}

// TestBundleFits keeps the page light, and its script free to stand inside an element.
func TestBundleFits(t *testing.T) {
	if n := len(pageScript) + len(pageStyle); n > 300_000 || n < 10_000 {
		t.Errorf("script and style are %d bytes, want at most 300,000", n)
	}
	for _, bad := range []string{"</script", "<!--", "</style"} {
		if strings.Contains(strings.ToLower(pageScript+pageStyle), bad) {
			t.Errorf("the bundle holds %s", bad)
		}
	}
	lock, err := os.ReadFile("ui/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte("resolved")) || bytes.Contains(lock, []byte("://")) {
		t.Error("ui/package-lock.json names a registry: ui/.npmrc should keep it out")
	}
}
