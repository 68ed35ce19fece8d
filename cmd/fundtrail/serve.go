package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/journal"
	"github.com/fundtrail/fundtrail/internal/screen"
	"github.com/fundtrail/fundtrail/internal/web"
)

type serveFlags struct {
	homeFlag
	tags      []string
	listen    string
	noAuth    bool
	force     bool
	record    bool
	tlsCert   string
	tlsKey    string
	poll      time.Duration
	timeout   time.Duration
	drain     time.Duration
	stale     string
	rate      float64
	maxBody   int64
	inFlight  int
	conns     int
	origins   []string
	logFormat string
	requests  bool
}

func newServe() *cobra.Command {
	f := &serveFlags{}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer screening questions over HTTP",
		Long: `Serve answers over HTTP whether an address, a name or a text touches a sanctioned party,
from the lists in the home folder. The page /docs shows every route and lets one try it;
/openapi.json is the same for programs.

It takes up new lists, keys and certificates within seconds (--poll), at once on SIGHUP,
without a failed answer: every answer is made from one set of lists and names it. On
SIGTERM it finishes the requests under way and ends.

Without API keys it serves this machine only (--no-auth). Its log never holds what was
asked. With --record every answer is in the decision record before it is given.
` + exitCodes,
		Example: `  fundtrail serve --no-auth
  fundtrail keys add payments
  fundtrail serve --listen :8443 --tls-cert cert.pem --tls-key key.pem --record`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runServe(c, f) },
	}
	fl := c.Flags()
	f.register(c)
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address and port to listen on")
	fl.BoolVar(&f.noAuth, "no-auth", false, "answer everybody, without API keys; on a loopback address only")
	fl.BoolVar(&f.force, "force", false, "with --no-auth: on any address")
	fl.StringArrayVar(&f.tags, "tags", nil, "`FILE` or folder of claims about addresses, reported apart from designations (repeat)")
	fl.BoolVar(&f.record, "record", false, "keep every answer in the decision record of the home folder; what cannot be kept is not answered")
	fl.StringVar(&f.tlsCert, "tls-cert", "", "certificate chain, PEM `FILE`; read again when it changes")
	fl.StringVar(&f.tlsKey, "tls-key", "", "its private key, PEM `FILE`")
	fl.DurationVar(&f.poll, "poll", 5*time.Second, "how often to look for new lists, keys and certificates")
	fl.DurationVar(&f.timeout, "timeout", 30*time.Second, "the most time one request may take")
	fl.DurationVar(&f.drain, "drain", 0, "on a stop, how long /readyz says no before connections are refused")
	fl.StringVar(&f.stale, "stale", "7d", "call a list stale when nothing was heard of it for as long")
	fl.Float64Var(&f.rate, "rate", 0, "the most items a second of a key without a rate of its own (default no limit)")
	fl.Int64Var(&f.maxBody, "max-body", 4<<20, "the longest request body, in bytes")
	fl.IntVar(&f.inFlight, "max-in-flight", 256, "the most requests at once; more get 503")
	fl.IntVar(&f.conns, "max-connections", 10_000, "the most connections at once")
	fl.StringArrayVar(&f.origins, "cors-origin", nil, "a web `ORIGIN` whose pages may call, as https://desk.example (repeat; default none)")
	fl.StringVar(&f.logFormat, "log-format", "text", "text or json")
	fl.BoolVar(&f.requests, "log-requests", false, "log a line for each request, without what was asked")
	return c
}

func runServe(c *cobra.Command, f *serveFlags) (err error) {
	log, err := newLog(c, f.logFormat)
	if err != nil {
		return err
	}
	if err := f.checkSafe(); err != nil {
		return err
	}
	dir, err := f.path()
	if err != nil {
		return err
	}
	opt := web.Options{
		Poll: f.poll, NoAuth: f.noAuth, LocalOnly: f.noAuth && !f.force, Rate: f.rate, MaxBody: f.maxBody, MaxInFlight: f.inFlight, MaxConns: f.conns,
		Timeout: f.timeout, Drain: f.drain, Origins: f.origins, LogRequests: f.requests, CertFile: f.tlsCert, KeyFile: f.tlsKey,
		Program: program(), Log: log,
	}
	if opt.Stale, err = parseSpan(f.stale); err != nil {
		return usage("--stale %q: want a span as 7d or 36h", f.stale)
	}
	if !f.noAuth {
		opt.Keys = &web.KeyFile{Path: filepath.Join(dir, keyFileName)}
		keys, err := opt.Keys.Load()
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			return fmt.Errorf("no API keys in %s: make one with fundtrail keys add NAME, or serve this machine only with --no-auth", opt.Keys.Path)
		}
	}
	lists, err := f.read(c.Context())
	if err != nil {
		return err
	}
	defer lists.Close()
	tags, labels, err := loadClaims(c, f.tags, "")
	if err != nil {
		return err
	}
	opt.Lists, opt.Labels = lists, labels
	opt.Build = func(h *fundtrail.ListHistory) screen.Asker {
		x := newIndex(h, tags)
		x.Warm()
		return x
	}
	if f.record {
		if opt.Record, err = journal.Open(filepath.Join(dir, recordFolder), journal.Options{MaxBody: recordBody}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, opt.Record.Close()) }()
	}
	// The lists take tens of megabytes and requests little more: collecting a third as
	// often costs no memory to speak of, and takes pauses from the slowest answers.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	s, err := web.New(opt)
	if err != nil {
		return err
	}
	return f.listenAndRun(c.Context(), s, log)
}

func (f *serveFlags) checkSafe() error {
	switch {
	case f.noAuth && !f.force && !web.Loopback(f.listen):
		return usage("--no-auth would answer anybody who reaches %s; listen on 127.0.0.1, use API keys, or say --force", f.listen)
	case f.force && !f.noAuth:
		return usage("--force goes with --no-auth")
	case (f.tlsCert == "") != (f.tlsKey == ""):
		return usage("--tls-cert and --tls-key go together")
	case f.poll <= 0 || f.timeout <= 0:
		return usage("--poll and --timeout have to be above zero")
	case f.rate < 0 || f.maxBody < 0 || f.inFlight < 0 || f.conns < 0 || f.drain < 0:
		return usage("a limit below zero makes no sense")
	}
	return nil
}

func (f *serveFlags) listenAndRun(ctx context.Context, s *web.Server, log *slog.Logger) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", f.listen, err)
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	scheme := "http"
	if f.tlsCert != "" {
		scheme = "https"
	} else if !web.Loopback(f.listen) {
		log.Warn("without TLS, keys and questions cross the network in the clear; use --tls-cert and --tls-key, or a proxy that does")
	}
	if f.noAuth && f.force {
		log.Warn("everybody who reaches this server may ask, without an API key")
	}
	log.Info("serving", "url", scheme+"://"+l.Addr().String(), "docs", scheme+"://"+l.Addr().String()+"/docs", "record", f.record)
	return s.Run(ctx, l, hup)
}

func newLog(c *cobra.Command, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(c.ErrOrStderr(), nil)), nil
	}
	return nil, usage("--log-format %q: want text or json", format)
}
