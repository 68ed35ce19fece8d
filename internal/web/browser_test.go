package web

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestPageInBrowser: in a real browser the page shows every route, sends a question with
// a key, shows a hostile answer as text, complains of nothing and asks nobody else.
func TestPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes seconds: not in -short")
	}
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium to open the page with: install Debian's chromium to run this test")
	}
	s := newSite(t, func(o *Options) { o.NoAuth = false })
	flags := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU}
	for _, f := range []string{"disable-background-networking", "disable-component-update", "disable-sync", "no-first-run"} {
		flags = append(flags, chromedp.Flag(f, true))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ctx, stop := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(flags...))
	defer stop()
	var mu sync.Mutex
	var said []string
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, text)
	}
	messages, requests := chromedp.Console(ctx), chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			note(fmt.Sprintf("console %s: %s", m.Type, m.Text))
		}
	}()
	go func() {
		for r, err := range requests {
			if err != nil {
				return
			}
			if u, err := url.Parse(r.Request.URL); err != nil || !strings.HasPrefix(r.Request.URL, s.url) {
				note("request of " + u.Host)
			}
		}
	}()
	if err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		return err
	}), chromedp.Navigate(s.url+"/docs")); err != nil {
		t.Fatal(err)
	}
	text := func(js string) string {
		t.Helper()
		v, err := chromedp.Run(ctx, chromedp.Evaluate[string](js))
		if err != nil {
			t.Fatalf("%s: %v", js, err)
		}
		return v
	}
	until := func(what, js string) {
		t.Helper()
		for range 500 {
			if text("String(!!("+js+"))") == "true" {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("never: %s", what)
	}
	until("the routes are shown", `document.querySelectorAll("main section").length >= 11`)
	until("readiness is shown", `document.getElementById("ready").textContent.includes("1 list, snapshot")`)
	send := func(id, set string) string {
		t.Helper()
		text(`(() => { const s = document.getElementById("` + id + `"); s.querySelector("[aria-live]").replaceChildren(); ` + set + `; s.querySelector("button").click(); return "" })()`)
		until("an answer of "+id, `document.querySelector("#`+id+` .status")`)
		return text(`document.querySelector("#` + id + ` [aria-live]").textContent`)
	}
	if got := send("screenAddress", `s.querySelector("input").value = "`+listedETH+`"`); !strings.HasPrefix(got, "401") {
		t.Errorf("without a key: %.100s", got)
	}
	key := `document.getElementById("key").value = "` + s.key + `"; `
	got := send("screenAddress", key+`s.querySelector("input").value = "`+listedETH+`"`)
	if !strings.HasPrefix(got, "200") || !strings.Contains(got, `"verdict": "match"`) || !strings.Contains(got, "$FUNDTRAIL_KEY") || strings.Contains(got, s.key) {
		t.Errorf("a listed address: %.200s", got)
	}
	got = send("screen", `s.querySelector("textarea").value = JSON.stringify({items: [{text: "<img src=x onerror=alert(1)>", id: "<b>7</b>"}]})`)
	if !strings.HasPrefix(got, "200") || !strings.Contains(got, "<b>7</b>") || text(`String(document.querySelectorAll("main b, main img").length)`) != "0" {
		t.Errorf("hostile text: %.200s", got)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, line := range said {
		if !strings.Contains(line, "401") { // the browser tells of the answer without a key
			t.Error(line)
		}
	}
}
