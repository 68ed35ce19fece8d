// Package source asks public explorers and nodes for what one case needs, and for no more:
// the histories of the addresses that stolen value reached, and what they rest on.
//
// Every answer is kept as it came ([Kept]): its bytes by digest, what was asked and when.
// Facts are made of kept answers alone, so that a case runs again without any network and
// can be checked by whoever has the folder. Histories end at one block, the newest when the
// case was first asked about, so that all of them tell of the same chain and what they claim
// to hold whole means the same for each; asking anew begins from a new one.
//
// [Case.Follow] is the loop: trace on what is held, ask for the histories of the addresses
// that value reached and whose history is not held, trace again.
//
// # Limits
//
// What a source says is believed as far as it does not contradict itself: it may leave
// something out, and nothing shows it. A hosted source is told the addresses under
// investigation.
package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

// Options say which source is asked, and how.
type Options struct {
	Name string // one of Names
	URL  string // instead of the public host
	Key  string // of the source's account; no message and no record repeats it
	// Offline makes no request: what is not kept is missing.
	Offline bool
	// Refresh asks anew for what is kept.
	Refresh bool
	// MaxRequests is how many requests may be made, tries that failed among them.
	MaxRequests int
	// Fetch are the client's limits; Rate is the source's own where it is zero.
	Fetch fetch.Options
	// Contact is told the host before the first request goes to it.
	Contact func(host string)
	// Wraps says which tokens are their chain's own coin.
	Wraps func(fundtrail.Asset) bool
}

// The reasons why a question has no answer that are not the source's fault.
var (
	errOffline = fmt.Errorf("it is not among the kept answers, and nothing is asked offline: %w", fundtrail.ErrNotFound)
	errBudget  = fmt.Errorf("the requests allowed are used up: %w", fundtrail.ErrLimit)
	// errBusy is an answer that asks for patience in its text instead of its status.
	errBusy = errors.New("the source asks for fewer requests")
)

// A session is what all questions of one run share.
type session struct {
	o      Options
	host   string // of Options.URL: what it answers is kept apart from what the public one does
	kept   *Kept
	client *fetch.Client
	spent  int
	told   bool              // the host was said
	asked  map[Question]bool // in this run
	used   map[Question]Record
}

func newSession(kept *Kept, o Options) *session {
	if o.Fetch.Now == nil {
		o.Fetch.Now = time.Now
	}
	if o.Fetch.Jitter == nil {
		o.Fetch.Jitter = rand.Float64
	}
	if o.Fetch.Sleep == nil {
		o.Fetch.Sleep = sleep
	}
	if o.Fetch.MaxBytes == 0 {
		o.Fetch.MaxBytes = maxAnswer
	}
	if o.Fetch.Total == 0 {
		o.Fetch.Total = 5 * time.Minute
	}
	host := ""
	if u, err := url.Parse(o.URL); err == nil {
		host = u.Host
	}
	return &session{o: o, host: host, kept: kept, client: &fetch.Client{Options: o.Fetch}, asked: map[Question]bool{}, used: map[Question]Record{}}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// An ask is a question as one interface words it.
type ask struct {
	Question
	req    fetch.Request
	secret []string // what the record and messages leave out of the request
	// check refuses what is no answer: errBusy means that it should be asked again.
	check func(body []byte) error
	// absent says that it may be unknown to the source, which is an answer too.
	absent bool
}

// errUnknown is the answer that a source does not know of it.
var errUnknown = fmt.Errorf("the source does not know it: %w", fundtrail.ErrNotFound)

// tries is how often what is answered with an error in a good answer is asked for.
const tries = 5

// answer returns the bytes of an answer: a kept one, or a new one that is then kept.
func (s *session) answer(ctx context.Context, a ask) ([]byte, error) {
	a.Host = s.host
	if r, ok := s.kept.Find(a.Question); ok && (!s.o.Refresh || s.asked[a.Question] || s.o.Offline) {
		body, err := s.kept.Body(r)
		if err != nil {
			return nil, err
		}
		s.used[a.Question] = r
		if body, err = s.known(&a, r, body); err != nil {
			return nil, fmt.Errorf("%s: %w", a.Question, err)
		}
		return body, nil
	}
	if s.o.Offline {
		return nil, fmt.Errorf("%s: %w", a.Question, errOffline)
	}
	body, err := s.request(ctx, &a)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Question, s.scrub(err))
	}
	return body, nil
}

// known tells an answer from the one that there is none.
func (s *session) known(a *ask, r Record, body []byte) ([]byte, error) {
	if a.absent && (r.Status == http.StatusNotFound || errors.Is(a.check(body), fundtrail.ErrNotFound)) {
		return nil, errUnknown
	}
	return body, nil
}

// request asks, again where the source wants patience, and keeps the answer.
func (s *session) request(ctx context.Context, a *ask) ([]byte, error) {
	if !s.told {
		s.told = true
		if u, err := url.Parse(a.req.URL); err == nil && s.o.Contact != nil {
			s.o.Contact(u.Hostname())
		}
	}
	for try := 1; ; try++ {
		res, err := s.once(ctx, &a.req)
		if err == nil {
			err = a.check(res.Body)
			if err == nil || a.absent && errors.Is(err, fundtrail.ErrNotFound) {
				return s.keep(a, res)
			}
		} else if e := new(fetch.Error); a.absent && errors.As(err, &e) && e.Status == http.StatusNotFound {
			return s.keep(a, &fetch.Result{Status: e.Status, Retrieved: s.o.Fetch.Now().UTC()})
		} else if !s.mayRepeat(a, err) {
			return nil, err
		}
		if again := errors.Is(err, errBusy) || errors.As(err, new(*fetch.Error)); !again || try == tries {
			return nil, err
		}
		wait := time.Second << (try - 1)
		wait += time.Duration(s.o.Fetch.Jitter() * float64(wait/2))
		if err := s.o.Fetch.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// mayRepeat says whether a question that failed is asked again here. The client does it
// itself but for what is posted; ours only ever ask.
func (s *session) mayRepeat(a *ask, err error) bool {
	e := new(fetch.Error)
	if a.req.Method != http.MethodPost || !errors.As(err, &e) {
		return false
	}
	return e.Status == http.StatusTooManyRequests || e.Status >= 500
}

// once makes one request, whose repetitions by the client count as requests.
func (s *session) once(ctx context.Context, req *fetch.Request) (*fetch.Result, error) {
	if s.spent >= s.o.MaxRequests {
		return nil, errBudget
	}
	s.spent++
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r := *req
	r.SecretPath = true
	r.Retrying = func(int, error) {
		if s.spent++; s.spent > s.o.MaxRequests {
			s.spent--
			stop(errBudget)
		}
	}
	res, err := s.client.Do(ctx, r)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errBudget) {
		return nil, cause
	}
	return res, err
}

func (s *session) keep(a *ask, res *fetch.Result) ([]byte, error) {
	if s.o.Key != "" && bytes.Contains(res.Body, []byte(s.o.Key)) {
		return nil, fmt.Errorf("the answer repeats the key, so it is not kept: %w", fundtrail.ErrUnavailable)
	}
	r := Record{Question: a.Question, Request: s.plain(&a.req), At: res.Retrieved.Truncate(time.Second), Status: res.Status}
	r, err := s.kept.Add(r, res.Body)
	if err != nil {
		return nil, err
	}
	s.asked[a.Question], s.used[a.Question] = true, r
	return s.known(a, r, res.Body)
}

// plain is a request for the record: without the key, and without the user and path of a
// host of one's own, where others may stand.
func (s *session) plain(req *fetch.Request) string {
	u, err := url.Parse(req.URL)
	if err != nil {
		return req.Method
	}
	u.User = nil
	q := u.Query()
	q.Del("apikey")
	u.RawQuery = q.Encode()
	if s.o.URL != "" {
		if base, err := url.Parse(s.o.URL); err == nil {
			u.Path = "/…" + strings.TrimPrefix(u.Path, strings.TrimSuffix(base.Path, "/"))
			u.RawPath = ""
			for name := range base.Query() {
				q.Del(name)
			}
			u.RawQuery = q.Encode()
		}
	}
	text := req.Method
	if text == "" {
		text = http.MethodGet
	}
	text += " " + strings.ReplaceAll(u.String(), "%E2%80%A6", "…")
	if len(req.Body) > 0 {
		text += " " + string(req.Body)
	}
	if s.o.Key != "" {
		text = strings.ReplaceAll(text, s.o.Key, "…")
	}
	return text
}

// scrub takes the key out of an error that repeats what a source said.
func (s *session) scrub(err error) error {
	if s.o.Key == "" || !strings.Contains(err.Error(), s.o.Key) {
		return err
	}
	return &scrubbed{strings.ReplaceAll(err.Error(), s.o.Key, "…"), err}
}

type scrubbed struct {
	text string
	err  error
}

func (e *scrubbed) Error() string        { return e.text }
func (e *scrubbed) Is(target error) bool { return errors.Is(e.err, target) }

// A Bound says when enough of an address is known to see that it is a hub.
type Bound struct {
	Hub    int  // counterparties; 0: all of the history, up to what a history may have
	Tokens bool // ask for transfers of tokens too
	// Dust is, by asset traced, what does not count: anybody can send it.
	Dust map[fundtrail.Asset]fundtrail.Amount
}

// A History is what a source told of an address, or of a transaction.
type History struct {
	Answers []ingest.Answer
	Cover   []fundtrail.Coverage
	// Cut says why not all of it was asked for; "" where all was.
	Cut string
}

// add keeps an answer of a history.
func (h *History) add(q Question, form ingest.AnswerForm, body []byte) *ingest.Answer {
	h.Answers = append(h.Answers, ingest.Answer{Name: q.String(), Form: form, Body: body})
	return &h.Answers[len(h.Answers)-1]
}

// An api is one source's interface, of one chain.
type api interface {
	// head is the newest block.
	head(ctx context.Context) (int64, error)
	// history asks for what an address did up to a block.
	history(ctx context.Context, a fundtrail.Address, to int64, b Bound) (*History, error)
	// transaction asks for one transaction.
	transaction(ctx context.Context, id fundtrail.TxID, to int64) (*History, error)
}

const (
	// maxPages is how many pages of one list a history may have, and maxInner how many
	// transactions are asked for their internal transfers.
	maxPages = 40
	maxInner = 500
)

// lies is the error for an answer that is not about what was asked.
func lies(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, fundtrail.ErrConflict)...)
}
