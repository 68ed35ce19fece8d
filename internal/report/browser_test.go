package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A tab is a page opened from disk in a real browser, which keeps what the page says
// on the console and every request it makes.
type tab struct {
	*testing.T
	ctx  context.Context
	mu   sync.Mutex
	said []string
}

// browse starts the browser that the system has, once for a test.
func browse(t *testing.T) context.Context {
	t.Helper()
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
	flags := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU}
	for _, f := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "no-first-run"} {
		flags = append(flags, chromedp.Flag(f, true))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(flags...))
	t.Cleanup(stop)
	return ctx
}

// open writes a page to disk and opens it in a tab of its own.
func open(t *testing.T, browser context.Context, page []byte, steps ...chromedp.Action[chromedp.Void]) *tab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, page, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	messages := chromedp.Console(ctx)
	requests := chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.note(fmt.Sprintf("console %s: %s", m.Type, m.Text))
		}
	}()
	go func() {
		for r, err := range requests {
			if err != nil {
				return
			}
			if u, err := url.Parse(r.Request.URL); err != nil || u.Scheme != "file" && u.Scheme != "data" {
				b.note("request of " + r.Request.URL)
			}
		}
	}()
	b.do(slices.Concat(steps, []chromedp.Action[chromedp.Void]{
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
			return err
		}),
		chromedp.Navigate("file://" + filepath.ToSlash(path)),
	})...)
	return b
}

func (b *tab) note(s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, s)
}

// quiet fails the test when the page complained, or asked the network for anything.
func (b *tab) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.said {
		b.Error(s)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// eval runs an expression in the page and reads its value.
func eval[T any](b *tab, js string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.Fatalf("%s: %v", js, err)
	}
	return v
}

func colourScheme(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}

// figures reads the page's cells of ends and of categories.
func (b *tab) figures() map[string]string {
	return eval[map[string]string](b, `Object.fromEntries([...document.querySelectorAll("td[data-end], td[data-total]")].map(c => [c.dataset.end !== undefined ? "end " + c.dataset.end : "total " + c.dataset.total, c.textContent]))`)
}

func wantFigures(d *Document, policy string) map[string]string {
	x := newIndex(d)
	want := map[string]string{}
	for i := range d.Ends {
		want["end "+strconv.Itoa(i)] = x.figure(d.Ends[i].Asset, d.Ends[i].Amount, policy)
	}
	for i := range d.Categories {
		want["total "+strconv.Itoa(i)] = x.figure(d.Categories[i].Asset, d.Categories[i].Amount, policy)
	}
	return want
}

func (b *tab) compare(got, want map[string]string) {
	b.Helper()
	if len(got) != len(want) {
		b.Errorf("the page shows %d figures, want %d", len(got), len(want))
	}
	for k, w := range want {
		if got[k] != w {
			b.Errorf("%s: the page shows %s, want %s", k, got[k], w)
		}
	}
}

func TestBrowser(t *testing.T) {
	browser := browse(t)
	d := lagoon(t)
	page := write(t, "html", d)

	t.Run("figures and policies", func(t *testing.T) {
		b := open(t, browser, page)
		b.compare(b.figures(), wantFigures(d, "fifo/1"))
		flow := eval[string](b, `document.querySelector("#sankey svg").getAttribute("aria-label")`)
		for _, policy := range []string{"haircut/1", "tiho/1", "fifo/1"} {
			i := slices.Index(d.Trace.Policies, policy)
			b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf("input[name=policy][value='%d']", i))))
			b.compare(b.figures(), wantFigures(d, policy))
			if head := eval[string](b, `document.querySelector(".ends .policy-name").textContent`); head != policy {
				b.Errorf("the column is headed %s, want %s", head, policy)
			}
		}
		b.do(chromedp.Click(chromedp.CSS("input[name=policy][value='2']")))
		if now := eval[string](b, `document.querySelector("#sankey svg").getAttribute("aria-label")`); now == flow || !strings.Contains(now, "haircut/1") {
			b.Errorf("the flow does not follow the policy: %s", now)
		}
		if exact := eval[string](b, `document.querySelector("td[data-end='0']").title`); exact != newIndex(d).exact("eth", amount(d.Ends[0].Amount["haircut"])) {
			b.Errorf("the exact amount is %s", exact)
		}
		b.quiet()
	})

	t.Run("graph", func(t *testing.T) {
		b := open(t, browser, page)
		count := func() int { return eval[int](b, `document.querySelectorAll("#graph-drawing .card").length`) }
		before := count()
		inferred := eval[int](b, `document.querySelectorAll("#graph-drawing .line.inferred").length`)
		if inferred != 2 {
			b.Errorf("%d dashed lines, want 2: into the deposit address, and the crossing", inferred)
		}
		if dash := eval[string](b, `getComputedStyle(document.querySelector("#graph-drawing .line.inferred .stroke")).strokeDasharray`); dash == "none" {
			b.Error("inferred lines are not dashed")
		}
		if dash := eval[string](b, `getComputedStyle(document.querySelector("#graph-drawing .line:not(.inferred) .stroke")).strokeDasharray`); dash != "none" {
			b.Error("certain lines are dashed")
		}
		eval[bool](b, `[...document.querySelectorAll("#graph-drawing .card")].find(c => c.textContent.includes("3 addresses")).querySelector(".toggle").dispatchEvent(new MouseEvent("click", {bubbles: true}))`)
		if n := count(); n != before+2 {
			b.Errorf("%d boxes after opening a group of 3, want %d", n, before+2)
		}
		b.do(chromedp.Click(chromedp.CSS("#close-all")))
		if n := count(); n != before {
			b.Errorf("%d boxes after closing, want %d", n, before)
		}
		deposit := d.Inferences[0].Address
		b.do(chromedp.SendKeys(chromedp.CSS("#find"), deposit[:12]+"\r"))
		detail := eval[string](b, `document.querySelector("#detail").innerText`)
		for _, want := range []string{deposit, "probable deposit address of Harbour Exchange [deposit/1 75]", d.Inferences[0].Evidence[0], "40.00 ETH"} {
			if !strings.Contains(detail, want) {
				b.Errorf("the details of %s lack %q:\n%s", deposit, want, detail)
			}
		}
		// By keyboard alone: to a box, along a line, and choose.
		eval[any](b, `document.querySelector("#graph-drawing [tabindex='0']").focus()`)
		first := eval[string](b, `document.activeElement.getAttribute("aria-label")`)
		b.do(chromedp.KeyEvent(kb.ArrowLeft))
		if now := eval[string](b, `document.activeElement.getAttribute("aria-label")`); now == first || now == "" {
			b.Errorf("the arrow key went from %q to %q", first, now)
		}
		b.do(chromedp.KeyEvent(kb.Enter))
		if id := eval[string](b, `document.activeElement.id`); id != "detail" {
			b.Errorf("Enter leads to %q, want the details", id)
		}
		eval[any](b, `{const a = document.querySelector("#asset"); a.value = "1"; a.dispatchEvent(new Event("change"))}`)
		if note := eval[string](b, `document.querySelector("#graph-note").textContent`); !strings.Contains(note, "in BTC") {
			b.Errorf("the graph does not follow the asset: %s", note)
		}
		b.quiet()
	})

	t.Run("records and timeline", func(t *testing.T) {
		b := open(t, browser, page)
		rows := func() int { return eval[int](b, `document.querySelectorAll("#records-body tr").length`) }
		if n := rows(); n != len(d.Hops) {
			b.Errorf("%d records, want the %d hops", n, len(d.Hops))
		}
		b.do(chromedp.Click(chromedp.CSS("#filter-touched")))
		if n := rows(); n != len(d.Hops)+len(d.Touched) {
			b.Errorf("%d records with the touched ones, want %d", n, len(d.Hops)+len(d.Touched))
		}
		b.do(chromedp.SendKeys(chromedp.CSS("#filter"), "tumbler"))
		if n := rows(); n != 10 {
			b.Errorf("%d records of the mixer, want 10", n)
		}
		b.do(chromedp.Click(chromedp.CSS("#filter-clear")))
		label := eval[string](b, `(() => { const bar = [...document.querySelectorAll(".timeline .bar")].find(g => g.getAttribute("aria-label").startsWith("2023-09-09")); const l = bar.getAttribute("aria-label"); bar.dispatchEvent(new MouseEvent("click", {bubbles: true})); return l })()`)
		if !strings.Contains(label, "Mixers 300.00 ETH") {
			b.Errorf("the bar of 2023-09-09 says %q", label)
		}
		if n := rows(); n != 4 {
			b.Errorf("%d records of that day, want 4", n)
		}
		text := eval[string](b, `document.querySelector("#records-body").innerText`)
		if h := d.Hops[20]; !strings.Contains(text, h.Tx+":0") || !strings.Contains(text, h.From) || !strings.Contains(text, h.To) {
			b.Errorf("a record does not stand whole in the table: %s", text)
		}
		b.quiet()
	})

	t.Run("light, dark, phone and print", func(t *testing.T) {
		for _, scheme := range []string{"light", "dark"} {
			b := open(t, browser, page, colourScheme(scheme))
			paper := func() float64 {
				return luminance(eval[string](b, `getComputedStyle(document.body).backgroundColor`))
			}
			if dark := paper() < 0.2; dark != (scheme == "dark") {
				b.Errorf("%s: the page's luminance is %.2f", scheme, paper())
			}
			b.contrast(scheme)
			b.do(chromedp.Click(chromedp.CSS("#theme")))
			if dark := paper() < 0.2; dark == (scheme == "dark") {
				b.Errorf("%s: the button does not change the page", scheme)
			}
			b.contrast("not " + scheme)
			b.quiet()
		}
		b := open(t, browser, page, chromedp.EmulateViewport(390, 844))
		if w := eval[int](b, `document.documentElement.scrollWidth`); w > 390 {
			b.Errorf("the page is %d wide on a phone of 390", w)
		}
		pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
		if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF")) || len(pdf) < 50_000 {
			b.Errorf("print: %d bytes, %v", len(pdf), err)
		}
		b.quiet()
	})

	t.Run("accessible", func(t *testing.T) {
		b := open(t, browser, page)
		for _, check := range []struct{ what, js string }{
			{"buttons without a name", `[...document.querySelectorAll("button")].filter(b => !(b.getAttribute("aria-label") || b.textContent.trim()))`},
			{"fields without a label", `[...document.querySelectorAll("input, select")].filter(f => !f.labels.length && !f.getAttribute("aria-label"))`},
			{"drawings without words", `[...document.querySelectorAll(".drawing svg")].filter(s => !(s.getAttribute("aria-label") && s.getAttribute("role")))`},
			{"sections without a heading", `[...document.querySelectorAll("section")].filter(s => !document.getElementById(s.getAttribute("aria-labelledby")))`},
			{"table heads without a scope", `[...document.querySelectorAll("th")].filter(h => !h.getAttribute("scope"))`},
			{"tables that scroll and cannot be reached by key", `[...document.querySelectorAll(".scroll")].filter(s => s.tabIndex !== 0 || !s.getAttribute("aria-label"))`},
			{"ids used twice", `[...document.querySelectorAll("[id]")].filter(e => document.querySelectorAll("#" + CSS.escape(e.id)).length > 1)`},
			{"headings out of order", `[...document.querySelectorAll("h1,h2,h3,h4")].filter((h, i, all) => i > 0 && Number(h.tagName[1]) > Number(all[i-1].tagName[1]) + 1)`},
		} {
			if found := eval[[]string](b, check.js+`.map(e => e.outerHTML.slice(0, 120))`); len(found) > 0 {
				b.Errorf("%s: %s", check.what, strings.Join(found, "\n"))
			}
		}
		for _, table := range []string{"sankey-table", "timeline-table"} {
			if n := eval[int](b, `document.querySelectorAll("#`+table+` tbody tr").length`); n == 0 {
				b.Errorf("%s, the words of its drawing, is empty", table)
			}
		}
		b.quiet()
	})

	t.Run("without scripts", func(t *testing.T) {
		b := open(t, browser, page, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			return err
		}))
		text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("body")))
		if err != nil {
			b.Fatal(err)
		}
		for _, want := range []string{"Tumbler (100 ETH pool)", "900.00", d.Ends[0].Addresses[0], "Scripts are off"} {
			if !strings.Contains(text, want) {
				b.Errorf("without scripts the page lacks %q", want)
			}
		}
		if strings.Contains(text, "Find address") || strings.Contains(text, "The graph") {
			b.Error("without scripts the page shows empty drawings")
		}
		b.quiet()
	})

	t.Run("hostile", func(t *testing.T) {
		b := open(t, browser, write(t, "html", hostile(t)))
		if n := eval[int](b, `document.scripts.length`); n != 2 {
			b.Errorf("%d scripts, want 2", n)
		}
		if links := eval[[]string](b, `[...document.querySelectorAll("a[href]")].map(a => a.protocol).filter(p => !["http:", "https:", "file:"].includes(p))`); len(links) > 0 {
			b.Errorf("links to %v", links)
		}
		text := eval[string](b, `document.body.innerText`)
		if !strings.Contains(text, "<U+202E>") || strings.ContainsAny(text, "\u202e\u2066\x1b") {
			b.Error("a label's control characters are not written out")
		}
		b.quiet()
	})

	t.Run("large", func(t *testing.T) {
		b := open(t, browser, write(t, "html", large(60_000)))
		b.do(chromedp.Click(chromedp.CSS("#open-all")))
		if n := eval[int](b, `document.querySelectorAll("#graph-drawing .card").length`); n > 300 || n < 100 {
			b.Errorf("%d boxes are drawn, want close to 300 and no more", n)
		}
		for id, want := range map[string]string{"graph-note": "stand folded", "records-note": "40,000 more records are in the CSV and JSON reports"} {
			if note := eval[string](b, `document.querySelector("#`+id+`").textContent`); !strings.Contains(note, want) {
				b.Errorf("#%s does not say what is left out: %s", id, note)
			}
		}
		if n := eval[int](b, `document.querySelectorAll("#records-body tr").length`); n != 50 {
			b.Errorf("%d records on a page, want 50", n)
		}
		b.quiet()
	})
}

// contrast holds the page's kinds of text to WCAG 2.2 AA: 4.5 to 1.
func (b *tab) contrast(scheme string) {
	b.Helper()
	pairs := eval[json.RawMessage](b, `(() => {
		const out = [], seen = new Set();
		const solid = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$|transparent/.test(c)) return c; } return getComputedStyle(document.documentElement).backgroundColor; };
		for (const e of document.querySelectorAll("body *:not(svg):not(svg *):not(script)")) {
			if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || e.closest("[disabled], .other-policy .headline-only") || !e.getClientRects().length) continue;
			const pair = [getComputedStyle(e).color, solid(e)];
			if (seen.has(pair.join())) continue;
			seen.add(pair.join());
			out.push([...pair, e.outerHTML.slice(0, 100)]);
		}
		for (const t of document.querySelectorAll(".drawing svg text")) {
			const face = t.parentElement.querySelector(".face");
			const pair = [getComputedStyle(t).fill, face && !/color|oklch/.test(getComputedStyle(face).fill) ? getComputedStyle(face).fill : solid(t.closest(".drawing"))];
			if (seen.has(pair.join())) continue;
			seen.add(pair.join());
			out.push([...pair, t.outerHTML.slice(0, 100)]);
		}
		return out;
	})()`)
	var list [][3]string
	if err := json.Unmarshal(pairs, &list); err != nil || len(list) < 5 {
		b.Fatalf("%d kinds of text, %v", len(list), err)
	}
	for _, p := range list {
		x, y := luminance(p[0]), luminance(p[1])
		if ratio := (max(x, y) + 0.05) / (min(x, y) + 0.05); ratio < 4.5 {
			b.Errorf("%s: contrast %.2f of %s on %s: %s", scheme, ratio, p[0], p[1], p[2])
		}
	}
}

// luminance is WCAG's relative luminance of a colour such as "rgb(24, 33, 43)".
func luminance(css string) float64 {
	var r, g, b float64
	if _, err := fmt.Sscanf(strings.TrimPrefix(css, "rgba"), "(%f, %f, %f", &r, &g, &b); err != nil {
		if _, err := fmt.Sscanf(css, "rgb(%f, %f, %f", &r, &g, &b); err != nil {
			return math.NaN()
		}
	}
	linear := func(c float64) float64 {
		if c /= 255; c <= 0.04045 {
			return c / 12.92
		} else {
			return math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}
