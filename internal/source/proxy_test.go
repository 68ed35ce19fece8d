package source_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/fundtrail/fundtrail/internal/source"
)

// A socks is a SOCKS5 proxy (RFC 1928) without passwords that connects everybody to one
// place, and remembers whom they asked for.
type socks struct {
	to    string
	mu    sync.Mutex
	asked []string
}

func (s *socks) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			s.one(c)
		}()
	}
}

func (s *socks) one(c net.Conn) error {
	b := make([]byte, 300)
	if _, err := io.ReadFull(c, b[:2]); err != nil || b[0] != 5 {
		return fmt.Errorf("version %d: %v", b[0], err)
	}
	if _, err := io.ReadFull(c, b[:b[1]]); err != nil {
		return err
	}
	c.Write([]byte{5, 0})
	if _, err := io.ReadFull(c, b[:4]); err != nil {
		return err
	}
	host := ""
	switch b[3] {
	case 1:
		io.ReadFull(c, b[:4])
		host = net.IP(b[:4]).String()
	case 3: // a name, for the proxy to look up
		io.ReadFull(c, b[:1])
		n := int(b[0])
		io.ReadFull(c, b[:n])
		host = "name " + string(b[:n])
	}
	io.ReadFull(c, b[:2])
	s.mu.Lock()
	s.asked = append(s.asked, host)
	s.mu.Unlock()
	up, err := net.Dial("tcp", s.to)
	if err != nil {
		return err
	}
	defer up.Close()
	c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	go io.Copy(up, c)
	_, err = io.Copy(c, up)
	return err
}

// TestProxy: with a proxy nothing goes out beside it, not even the look-up of a name.
func TestProxy(t *testing.T) {
	for _, scheme := range []string{"socks5", "socks5h"} {
		w := newWorld(t, source.Etherscan, accounts)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		s := &socks{to: strings.TrimPrefix(w.opt.URL, "http://")}
		go s.serve(l)
		w.opt.URL = "http://explorer.invalid/api" // a name that nobody has
		u, err := url.Parse(scheme + "://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		w.opt.Fetch.Proxy = func(*http.Request) (*url.URL, error) { return u, nil }
		res, err := w.follow(nil)
		if err != nil || res.Stopped != nil {
			t.Fatal(scheme, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.asked) == 0 {
			t.Errorf("%s: nobody came by the proxy", scheme)
		}
		for _, host := range s.asked {
			if host != "name explorer.invalid" {
				t.Errorf("%s: the proxy was asked for %s", scheme, host)
			}
		}
	}
}
