package fetch

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

func TestRedirects(t *testing.T) {
	var seen []http.Header
	end := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Clone())
		io.WriteString(w, "the end of "+r.URL.Path)
	})
	hop := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var n int
		switch {
		case strings.HasPrefix(r.URL.Path, "/to/"):
			http.Redirect(w, r, end.URL+"/x?sig=secret", http.StatusFound)
		case r.URL.Path == "/loop":
			http.Redirect(w, r, "/pool", http.StatusFound)
		case r.URL.Path == "/pool":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case r.URL.Path == "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case r.URL.Path == "/bad":
			w.Header().Set("Location", "http://u:secret@ho st/%zz?k=secret")
			w.WriteHeader(http.StatusFound)
		case r.URL.Path == "/none":
			w.WriteHeader(http.StatusFound)
		default:
			fmt.Sscanf(r.URL.Path, "/%d", &n)
			if n > 0 {
				http.Redirect(w, r, fmt.Sprintf("/%d", n-1), http.StatusMovedPermanently)
				return
			}
			seen = append(seen, r.Header.Clone())
			io.WriteString(w, "the end")
		}
	})
	c, _ := client(Options{})
	for _, x := range []struct {
		path  string
		kind  error
		words string
	}{
		{"/5", nil, ""},
		{"/6", fundtrail.ErrLimit, "more than the 5 allowed"},
		{"/loop", fundtrail.ErrLimit, "a loop"},
		{"/file", fundtrail.ErrUnavailable, "not http or https"},
		{"/bad", fundtrail.ErrUnavailable, ""},
		{"/none", fundtrail.ErrUnavailable, "302"},
		{"/to/other", nil, ""},
	} {
		seen = nil
		withKey := strings.Replace(hop.URL, "//", "//user:secret@", 1)
		_, err := do(t, c, Request{URL: withKey + x.path + "?token=secret", Header: http.Header{"X-Key": {"secret"}}})
		if x.kind != nil {
			wantErr(t, err, x.kind, x.words, hop.URL+x.path)
		} else if err != nil {
			t.Errorf("%s: %v", x.path, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: tells a secret: %v", x.path, err)
		}
		for _, h := range seen {
			if own := x.path != "/to/other"; (h.Get("X-Key") != "") != own || (h.Get("Authorization") != "") != own || h.Get("Referer") != "" {
				t.Errorf("%s: sent %v", x.path, h)
			}
		}
	}
	c, _ = client(Options{AllowedHosts: []string{"127.0.0.1"}})
	if _, err := do(t, c, Request{URL: hop.URL + "/to/other"}); err != nil {
		t.Errorf("to a host that is allowed: %v", err)
	}
	_, err := do(t, c, Request{URL: strings.Replace(hop.URL, "127.0.0.1", "localhost", 1)})
	wantErr(t, err, fundtrail.ErrInvalid, "not among those allowed")
	c, _ = client(Options{MaxRedirects: -1})
	_, err = do(t, c, Request{URL: hop.URL + "/1"})
	wantErr(t, err, fundtrail.ErrLimit, "0 allowed")
	_, err = do(t, c, Request{URL: hop.URL + "/1", Method: "POST", Body: []byte("x")})
	wantErr(t, err, fundtrail.ErrUnavailable, "not sent on")
}

// TestElsewhere goes through a proxy, so that hosts can have any name.
func TestElsewhere(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		io.WriteString(w, r.URL.Host)
	})
	at, _ := url.Parse(proxy.URL)
	o := Options{Proxy: func(*http.Request) (*url.URL, error) { return at, nil }}
	c, _ := client(o)
	for _, to := range []string{"http://127.0.0.1/", "http://localhost:99/", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://10.0.0.1/", "http://[::ffff:192.168.0.1]/"} {
		_, err := do(t, c, Request{URL: "http://publisher.example/?to=" + url.QueryEscape(to)})
		wantErr(t, err, fundtrail.ErrUnavailable, "inside this network")
	}
	if res, err := do(t, c, Request{URL: "http://publisher.example/?to=http://mirror.example/x"}); err != nil || string(res.Body) != "mirror.example" {
		t.Errorf("%+v, %v", res, err)
	}
	o.AllowedHosts = []string{"Publisher.example"}
	c, _ = client(o)
	_, err := do(t, c, Request{URL: "http://publisher.example/?to=http://mirror.example/x"})
	wantErr(t, err, fundtrail.ErrUnavailable, "http://mirror.example/x, whose host is not among those allowed")
}

func TestDowngrade(t *testing.T) {
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("the downgrade is followed") })
	s := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	c, _ := client(Options{RootCAs: pool})
	_, err := do(t, c, Request{URL: s.URL})
	wantErr(t, err, fundtrail.ErrUnavailable, "from https to http")
}

func TestTarget(t *testing.T) {
	c, _ := client(Options{})
	for in, words := range map[string]string{
		"":                                 "only http and https",
		"sdn.csv":                          "only http and https",
		"ftp://user:secret@example.org/x":  "ftp://example.org/x: only http and https",
		"file:///etc/passwd":               "only http and https",
		"http:///x":                        "names no host",
		"http://exa mple.org/?k=secret":    "this is no URL",
		"http://u:secret@[::1/x?k=secret":  "this is no URL",
		"javascript:alert('secret?secret'": "only http",
		"https://example.org:port/?secret": "this is no URL",
	} {
		_, err := do(t, c, Request{URL: in})
		wantErr(t, err, fundtrail.ErrInvalid, words)
		if err != nil && strings.Contains(err.Error(), "secret") && !strings.Contains(in, "alert") {
			t.Errorf("tells a secret: %v", err)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("https://user:pass@example.org/path", "token", "dG9r")
	f.Add("http://exa mple/", "k", "%zz")
	f.Add("http:x", "", "")
	f.Fuzz(func(t *testing.T, base, key, value string) {
		const secret = "s3cr3t-s3cr3t"
		if strings.ContainsAny(base, "?#@") || strings.Contains(base, secret) || strings.ContainsAny(key, "#@") {
			return
		}
		got := Redact(base + "?" + key + "=" + secret + value)
		if strings.Contains(got, secret) {
			t.Errorf("Redact tells the secret: %q", got)
		}
		scheme, rest, ok := strings.Cut(base, "://")
		if host, path, _ := strings.Cut(rest, "/"); ok && host != "" {
			if got := Redact(scheme + "://me:" + secret + "@" + host + "/" + path); strings.Contains(got, secret) {
				t.Errorf("Redact tells the password: %q", got)
			}
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"0", "120", "-1", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999", "1e3", " 5 ", "Fri, 01 Dec 2270 00:00:00 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, ok := retryAfter(s, noon); d < 0 || !ok && d != 0 || d > 87600*time.Hour {
			t.Errorf("retryAfter(%q) = %v, %v", s, d, ok)
		}
	})
}
