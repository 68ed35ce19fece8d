// Package fetch makes every outbound request of the program: with limits, retries,
// conditions and the digest of what came.
//
// It does not know what it fetches. A [Client] asks politely (a few requests a second
// to one host, a name of its own, "has it changed?" before "give it to me"), and
// believes nobody: a peer may be slow, silent, endless, cut short, packed to burst or
// lead elsewhere, and each ends in an error that says which. The errors wrap
// [fundtrail.ErrUnavailable], [fundtrail.ErrNotFound], [fundtrail.ErrLimit] or
// [fundtrail.ErrInvalid]; no error and no result repeats what stood in a URL's query or
// before its @, because that is where keys are written ([Request.SecretPath] is for others).
package fetch

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Options are a client's limits. The zero value of each means its default.
type Options struct {
	UserAgent string  // default "fundtrail"
	Rate      float64 // requests a second to one host, redirects and retries among them; default 2
	Burst     int     // how many may go to a host at once before Rate counts; default 4
	PerHost   int     // bodies read from one host at a time; default 2

	Connect time.Duration // to connect, and again for TLS; default 10 s
	Header  time.Duration // from the request to the first line of the answer; default 60 s
	Idle    time.Duration // between two bytes of a body; default 60 s
	Total   time.Duration // one Do, its retries and waits among them; default 15 min

	MaxBytes     int64         // of a body, unpacked; default 256 MiB
	Retries      int           // after the first try; default 4, negative for none
	BackOff      time.Duration // before the first retry, then twice that, and so on; default 1 s
	MaxWait      time.Duration // the longest wait between tries; a peer that asks for more is given up; default 2 min
	MaxRedirects int           // default 5, negative for none

	AllowedHosts []string       // of requests and redirects, without port; none: any host
	RootCAs      *x509.CertPool // of a mirror with its own authority; default the system's
	// Proxy chooses a proxy; default as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say.
	Proxy func(*http.Request) (*url.URL, error)

	// The clock, for tests.
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
	Jitter func() float64 // from 0 to 1: which part of half a wait is left out
}

// A Client makes requests. Its zero value is ready; it is safe for concurrent use, and
// requests must go through one client for its limits to hold.
type Client struct {
	Options Options // read at the first request

	o     Options // with defaults
	once  sync.Once
	http  *http.Client
	mu    sync.Mutex
	hosts map[string]*host
}

// A Request asks for one document.
type Request struct {
	URL    string
	Method string // default GET; only GET and HEAD are tried more than once
	Body   []byte
	Header http.Header // goes to the URL's own host alone: a redirect to another does not get it
	// SecretPath says that a key may stand in the URL's path, as providers of nodes have it:
	// no error and no result repeats that either.
	SecretPath bool

	// Have tells which copy the caller has: if it is still the current one, the
	// answer is Unchanged and no body comes.
	Have Validators

	Dir      string                   // write the body to a new file in this folder; "" keeps it in memory
	MaxBytes int64                    // of this body, unpacked; default the client's
	Progress func(done, total int64)  // bytes as they come; total is -1 where the peer does not say
	Retrying func(n int, after error) // told before the n-th retry
}

// Validators are a server's marks on a copy of a document, as it sent them.
type Validators struct {
	URL          string // where the copy came from in the end: [Result.FinalURL]; "" means the request's own URL
	ETag         string
	LastModified string
}

// A Result is a document as it came, or that it has not changed.
type Result struct {
	Status      int
	Unchanged   bool   // what the caller has is current; there is no body
	Body        []byte // where Request.Dir is ""
	Path        string // of the file where it is not; the caller removes it
	Size        int64  // of the body, unpacked
	SHA256      [32]byte
	ContentType string
	FileName    string // the last part of what the server calls it; "" where it does not
	// FinalURL is where the body came from after redirects, without what is secret.
	FinalURL     string
	ETag         string
	LastModified string
	// Unbounded says that nothing told where the body ends: neither a length, nor
	// chunks, nor a packing with an end. If the connection broke, it shows nowhere.
	Unbounded bool
	Retrieved time.Time
	Tries     int
}

// defaulted returns o with the defaults in place of zeros.
func (o Options) defaulted() Options {
	set(&o.UserAgent, "fundtrail")
	set(&o.Rate, 2)
	set(&o.Burst, 4)
	set(&o.PerHost, 2)
	set(&o.Connect, 10*time.Second)
	set(&o.Header, time.Minute)
	set(&o.Idle, time.Minute)
	set(&o.Total, 15*time.Minute)
	set(&o.MaxBytes, 256<<20)
	set(&o.Retries, 4)
	set(&o.BackOff, time.Second)
	set(&o.MaxWait, 2*time.Minute)
	set(&o.MaxRedirects, 5)
	if o.Proxy == nil {
		o.Proxy = http.ProxyFromEnvironment
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = Sleep
	}
	return o
}

func set[T comparable](p *T, def T) {
	var zero T
	if *p == zero {
		*p = def
	}
}

// Sleep waits, or until ctx ends: then the error says why.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
