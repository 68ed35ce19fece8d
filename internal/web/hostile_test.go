package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestHostileBodies(t *testing.T) {
	s := newSite(t, func(o *Options) { o.MaxBody = 1 << 20 })
	big := strings.Repeat("x", 1<<20+1)
	for _, c := range []struct {
		name, path, body, contentType string
		status                        int
		want                          string
	}{
		{"too large", "/v1/screen", batchOf(big), "application/json", 413, "too-large"},
		{"too large, to match", "/match/default", big, "application/json", 413, "too-large"},
		{"10,001 items", "/v1/screen", batchOf(make([]string, MaxItems+1)...), "application/json", 413, "10,000"},
		{"deep", "/v1/screen", strings.Repeat(`{"items":`, 50_000), "application/json", 400, "invalid-request"},
		{"deep, to match", "/match/default", strings.Repeat(`{"queries":`, 50_000), "application/json", 400, "invalid-request"},
		{"deep arrays, to match", "/match/default", `{"config":` + strings.Repeat("[", 100_000), "application/json", 400, "invalid-request"},
		{"not UTF-8", "/v1/screen", "{\"items\":[\"\xc3\x28\"]}", "application/json", 400, "UTF-8"},
		{"empty", "/v1/screen", "", "application/json", 400, "the end of the body"},
		{"a form", "/v1/screen", "items=a", "application/x-www-form-urlencoded", 415, "Content-Type: application/json"},
		{"no type", "/v1/screen", `{"items":["a"]}`, "", 415, "media-type"},
		{"another charset", "/v1/screen", `{"items":["a"]}`, "application/json; charset=latin1", 415, "media-type"},
		{"a charset", "/v1/screen", `{"items":["a"]}`, "application/json; charset=UTF-8", 200, "answers"},
		{"duplicate keys", "/v1/screen", `{"items":["a"],"items":["b"]}`, "application/json", 400, "twice"},
		{"101 queries", "/match/default", manyQueries(101), "application/json", 413, "100"},
		{"no such dataset", "/match/moon", `{"queries":{"q":{"schema":"Person","properties":{"name":["a"]}}}}`, "application/json", 404, listName},
		{"two values", "/match/default", `{"queries":{}} {}`, "application/json", 400, "more than one"},
	} {
		status, header, body := s.request("POST", c.path, c.body, "Content-Type", c.contentType)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: status %d, want %d with %q: %.300s", c.name, status, c.status, c.want, body)
		}
		if status >= 400 && header.Get("Content-Type") != problemType {
			t.Errorf("%s: an error of type %q", c.name, header.Get("Content-Type"))
		}
	}
	if status, _, body := s.request("POST", "/v1/screen", `{"items":["a"]}`, "Content-Encoding", "gzip"); status != 415 || !strings.Contains(body, "Content-Encoding") {
		t.Errorf("a compressed body: %d %s", status, body)
	}
}

func manyQueries(n int) string {
	var b strings.Builder
	b.WriteString(`{"queries":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"q%d":{"schema":"Person","properties":{"name":["a"]}}`, i)
	}
	b.WriteString(`}}`)
	return b.String()
}

func TestHostilePaths(t *testing.T) {
	s := newSite(t, nil)
	for _, c := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/nothing", 404, "not-found"},
		{"GET", "/v1", 404, "not-found"},
		{"GET", "/v1/screen", 405, "use POST"},
		{"GET", "/v1/screen/", 404, "not-found"},
		{"GET", "/v1/screen/address/", 404, "not-found"},
		{"POST", "/v1/screen/address/" + clearETH, 405, "use GET, HEAD, OPTIONS"},
		{"DELETE", "/v1/lists", 405, "use GET"},
		{"POST", "/v1/lists", 405, "use GET"},
		{"BREW", "/nothing", 405, "use"},
		{"GET", "/docs/../../keys.json", 404, "not-found"},
		{"GET", "/docs/..%2f..%2fdocs.go", 404, "not-found"},
		{"GET", "/docs/%2e%2e%2fweb.go", 404, "not-found"},
		{"GET", "/docs/page", 404, "not-found"},
		{"GET", "/v1/lists/..%2f..%2fetc%2fpasswd/diff?from=2023-01-01", 404, "no such list"},
		{"GET", "/v1/lists/" + listName + "/diff?from=2023-12-01&until=2024-01-01", 400, "until"},
		{"GET", "/v1/lists/" + listName + "/diff", 400, "query.from"},
		{"GET", "/v1/lists/" + listName + "/diff?from=2024-03-02&to=2023-12-01", 400, "exchange"},
		{"GET", "/v1/lists/" + listName + "/diff?from=2001-01-01&to=2002-12-01", 404, listName},
		{"GET", "/v1/screenings/1-2", 404, "not-enabled"},
		{"GET", "/v1/screen/address/0x%ZZ", 400, ""},
		{"GET", "/v1/screen/address/" + strings.Repeat("1", 9000), 200, "invalid"},
	} {
		status, _, body := s.raw(c.method, c.path)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %.60s: status %d, want %d with %q: %.300s", c.method, c.path, status, c.status, c.want, body)
		}
	}
}

// raw sends a request line as it stands, which a client's library would mend.
func (s *site) raw(method, path string) (status int, header http.Header, body string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path)
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		s.t.Fatalf("%s %.60s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(text)
}

// TestSlowloris: a connection that sends its header, or its body, a byte at a time is
// cut off, and others are served all the while.
func TestSlowloris(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for timeouts")
	}
	s := newSite(t, func(o *Options) { o.Timeout = 2 * time.Second })
	address := strings.TrimPrefix(s.url, "http://")
	slow := func(begin string) chan error {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, begin)
		done := make(chan error, 1)
		go func() {
			for range 200 {
				if _, err := conn.Write([]byte("a")); err != nil {
					done <- nil
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			done <- fmt.Errorf("%.20q…: still open after 20 seconds", begin)
		}()
		return done
	}
	header := slow("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	body := slow("POST /v1/screen HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{\"items\":[\"")
	for range 10 {
		if status, _ := s.get("/v1/screen/address/" + clearETH); status != 200 {
			t.Errorf("others get %d", status)
		}
	}
	for _, done := range []chan error{header, body} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestSmuggling: what two servers in a row could read differently is refused.
func TestSmuggling(t *testing.T) {
	s := newSite(t, nil)
	for name, head := range map[string]string{
		"two lengths":   "POST /v1/screen HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
		"bad chunks":    "POST /v1/screen HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
		"no host":       "GET /healthz HTTP/1.1\r\n\r\n",
		"space in name": "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
		"huge header":   "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 64<<10) + "\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		io.WriteString(conn, head)
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.Contains(line, " 400 ") && !strings.Contains(line, " 431 ") && !strings.Contains(line, " 501 ") {
			t.Errorf("%s: %q", name, line)
		}
		conn.Close()
	}
}

// TestLocalOnly: a page of another site whose name resolves to this machine is refused.
func TestLocalOnly(t *testing.T) {
	s := newSite(t, func(o *Options) { o.LocalOnly = true })
	path := "/v1/screen/address/" + clearETH
	for host, want := range map[string]int{"localhost:8080": 200, "127.0.0.1": 200, "[::1]:80": 200, "LOCALHOST": 200, "evil.example": 421, "127.0.0.1.evil.example": 421, "10.0.0.1": 421} {
		if status, body := s.get(path, "Host", host); status != want {
			t.Errorf("%s: %d, want %d: %s", host, status, want, body)
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	closed := newSite(t, nil)
	_, header, _ := closed.request("OPTIONS", "/v1/screen", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	if header.Get("Access-Control-Allow-Origin") != "" || header.Get("Allow") != "POST, OPTIONS" {
		t.Errorf("without origins: %v", header)
	}
	open := newSite(t, func(o *Options) { o.Origins = []string{"https://desk.example"} })
	status, header, _ := open.request("OPTIONS", "/v1/screen", "", "Origin", "https://desk.example", "Access-Control-Request-Method", "POST")
	if status != 204 || header.Get("Access-Control-Allow-Origin") != "https://desk.example" || !strings.Contains(header.Get("Access-Control-Allow-Headers"), "X-API-Key") {
		t.Errorf("preflight: %d %v", status, header)
	}
	_, header, _ = open.request("GET", "/v1/screen/address/"+clearETH, "", "Origin", "https://desk.example")
	if header.Get("Access-Control-Allow-Origin") != "https://desk.example" || header.Get("Vary") != "Origin" {
		t.Errorf("the origin: %v", header)
	}
	_, header, _ = open.request("GET", "/v1/screen/address/"+clearETH, "", "Origin", "https://evil.example")
	if header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %v", header)
	}
	for _, o := range []string{"desk.example", "https://desk.example/", "ftp://desk.example", "https://"} {
		if err := checkOrigin(o); err == nil {
			t.Errorf("origin %q is taken", o)
		}
	}
}

func TestHead(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"/v1/screen/address/" + clearETH, "/healthz", "/v1/lists", "/docs"} {
		status, header, body := s.request("HEAD", path, "")
		if status != 200 || body != "" || header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") == "" {
			t.Errorf("HEAD %s: %d %v %q", path, status, header, body)
		}
	}
}
