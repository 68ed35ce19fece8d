package web

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fundtrail/fundtrail/internal/store"
)

// Run serves on a listener until the context ends, and then stops: it says so to load
// balancers, takes no new connection, and waits for the requests under way. It loads
// the lists in the background, and looks again whenever hup gets a value and every
// Options.Poll.
func (s *Server) Run(ctx context.Context, l net.Listener, hup <-chan os.Signal) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       s.opt.Timeout,
		WriteTimeout:      2*s.opt.Timeout + 5*time.Second, // it starts before the work does
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(quietLog{s.log}, "", 0),
		ConnState:         s.countConn,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	var cert *certificate
	if s.opt.CertFile != "" {
		cert = &certificate{certFile: s.opt.CertFile, keyFile: s.opt.KeyFile}
		if _, err := cert.load(); err != nil {
			return err
		}
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: cert.get})
	}
	loop, stopLoop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { s.watch(loop, cert, hup) })
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		err = s.stop(srv)
		<-served
	}
	stopLoop()
	wait.Wait()
	return err
}

// stop drains the server.
func (s *Server) stop(srv *http.Server) error {
	s.stopping.Store(true)
	s.log.Info("stopping", "in_flight", s.inFlight.Load())
	time.Sleep(s.opt.Drain)
	ctx, cancel := context.WithTimeout(context.Background(), s.opt.Stop)
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests were cut off", "in_flight", s.inFlight.Load(), "waited", s.opt.Stop)
		err = srv.Close()
	}
	s.log.Info("stopped")
	return err
}

// watch reloads what changes.
func (s *Server) watch(ctx context.Context, cert *certificate, hup <-chan os.Signal) {
	tick := time.NewTicker(s.opt.Poll)
	defer tick.Stop()
	for {
		s.look(ctx, cert)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-hup:
			s.log.Info("reloading", "why", "SIGHUP")
		case done := <-s.reload:
			s.look(ctx, cert)
			done <- nil
		}
	}
}

// look reloads the lists, keys and certificate where they changed. What cannot be read
// leaves in force what was there before, is logged once, and is told by /readyz.
func (s *Server) look(ctx context.Context, cert *certificate) {
	s.tried(ctx, "lists", s.Reload(ctx))
	s.tried(ctx, "attempts", s.loadAttempts(ctx))
	if !s.opt.NoAuth {
		s.tried(ctx, "keys", s.loadKeys())
	}
	if cert != nil {
		changed, err := cert.load()
		if changed {
			s.log.Info("certificate loaded")
		}
		s.tried(ctx, "certificate", err)
	}
}

func (s *Server) tried(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() != nil {
		return // it was stopped, which is no trouble
	}
	result, text := "ok", ""
	if err != nil {
		result, text = "error", what+": "+err.Error()
	}
	s.metrics.reloads.WithLabelValues(what, result).Inc()
	s.troubleMu.Lock()
	was := s.trouble[what]
	s.trouble[what] = text
	s.troubleMu.Unlock()
	if text != "" && text != was {
		s.log.Error("reload failed; what was before stays in force", "what", what, "error", err)
	} else if text == "" && was != "" {
		s.log.Info("reload works again", "what", what)
	}
}

// troubles are what is wrong with reloading, sorted.
func (s *Server) troubles() (list []string) {
	s.troubleMu.Lock()
	defer s.troubleMu.Unlock()
	for what, text := range s.trouble {
		if text != "" {
			// The error names files of the server; those are for its log.
			list = append(list, what+" could not be reloaded")
		}
	}
	slices.Sort(list)
	return list
}

// loadAttempts learns when each list was last heard of, changed or not.
func (s *Server) loadAttempts(ctx context.Context) error {
	attempts, err := s.opt.Lists.Attempts(ctx)
	if err != nil {
		return err
	}
	heard := map[string]time.Time{}
	for _, a := range attempts {
		if (a.Outcome == store.Added || a.Outcome == store.Unchanged) && a.Time.After(heard[a.List]) {
			heard[a.List] = a.Time
		}
	}
	s.heard.Store(&heard)
	return nil
}

// stale names the lists that nothing was heard of for too long.
func (s *Server) stale(n *Snapshot) (names []string) {
	newest, received := n.newest()
	heard := map[string]time.Time{}
	if h := s.heard.Load(); h != nil {
		heard = *h
	}
	for i, v := range newest {
		last := received[i]
		if t := heard[v.List]; t.After(last) {
			last = t
		}
		if s.now().Sub(last) > s.opt.Stale {
			names = append(names, v.List)
		}
	}
	return names
}

// countConn refuses connections above the limit.
func (s *Server) countConn(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if s.conns.Add(1) > int64(s.opt.MaxConns) {
			c.Close()
		}
	case http.StateClosed, http.StateHijacked:
		s.conns.Add(-1)
	}
}

// quietLog takes net/http's own messages: failed handshakes, connections that broke.
type quietLog struct{ log *slog.Logger }

func (q quietLog) Write(b []byte) (int, error) {
	q.log.Debug("http", "message", strings.TrimSpace(string(b)))
	return len(b), nil
}

// A certificate is a pair of files that is read again when either changes.
type certificate struct {
	certFile, keyFile string
	stamp             [4]int64
	pair              atomic.Pointer[tls.Certificate]
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.pair.Load(), nil }

// load reads the pair if a file changed. Half of an exchange does not fit together: it
// is an error, and read again at the next look.
func (c *certificate) load() (changed bool, err error) {
	var stamp [4]int64
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return false, err
		}
		stamp[2*i], stamp[2*i+1] = info.ModTime().UnixNano(), info.Size()
	}
	if stamp == c.stamp {
		return false, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return false, err
	}
	c.pair.Store(&pair)
	c.stamp = stamp
	return true, nil
}
