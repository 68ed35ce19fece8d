package web

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fundtrail/fundtrail/internal/screen"
)

// screenAddress is GET /v1/screen/address/{address}: the document of one answer.
func (s *Server) screenAddress(w http.ResponseWriter, r *http.Request, c *call) int {
	text, p := pathText(c.rest)
	if p != nil {
		return p.write(w)
	}
	q := screen.Question{Text: text, Kind: screen.AnAddress}
	if r.URL.RawQuery != "" {
		if p := readAddressQuery(&q, r.URL.RawQuery); p != nil {
			return p.write(w)
		}
	}
	snap := s.snapshot.Load()
	if snap == nil {
		return notReady.write(w)
	}
	a := snap.Index.Ask(q)
	s.metrics.verdicts[a.Verdict].Inc()
	var record [1]string
	if s.opt.Record != nil {
		if p := s.keep(r.Context(), c, snap, []screen.Question{q}, []screen.Answer{a}, record[:]); p != nil {
			return p.write(w)
		}
	}
	buf := buffers.Get().(*buffer)
	defer buf.free()
	buf.b = snap.appendOne(buf.b, &q, &a, record[0], c.start)
	return writeJSON(w, buf.b)
}

// readAddressQuery reads the parameters. One that is not known is refused: a mistyped
// as_of that is not noticed is an answer to another question.
func readAddressQuery(q *screen.Question, rawQuery string) *Problem {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return invalid("query", "is not percent-encoded as it should be")
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		at, v := "query."+quoteless(name), values[name]
		if len(v) != 1 {
			return invalid(at, "is there twice; keep one")
		}
		switch name {
		case "chain":
			q.Chain, err = parseChain(at, v[0])
		case "as_of":
			q.AsOf, err = parseTime(at, v[0], false)
		case "known_at":
			q.Known, err = parseTime(at, v[0], true)
		default:
			return invalid(at, "is not known; there are chain, as_of and known_at")
		}
		if err != nil {
			return err.(*Problem)
		}
	}
	return nil
}

// quoteless cuts what a caller sent as a name to what may stand in a location.
func quoteless(s string) string {
	s = quote(s)
	return s[1 : len(s)-1]
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// screenBatch is POST /v1/screen. All items are answered from one snapshot.
func (s *Server) screenBatch(w http.ResponseWriter, r *http.Request, c *call) int {
	if p := jsonBody(r); p != nil {
		return p.write(w)
	}
	body, p := s.readBody(w, r)
	if p != nil {
		return p.write(w)
	}
	b := batches.Get().(*batch)
	defer func() {
		// What is kept between requests must not keep a body alive, or be read again.
		clear(b.items)
		clear(b.full)
		batches.Put(b)
	}()
	defaults, err := decodeBatch(body, b)
	if err != nil {
		return s.problemOf("POST /v1/screen", err).write(w)
	}
	c.caller.bucket.charge(len(b.items) - 1)
	snap := s.snapshot.Load()
	if snap == nil {
		return notReady.write(w)
	}
	work := &batchWork{server: s, snap: snap, batch: b, defaults: defaults, call: c, context: r.Context()}
	if p := work.run(); p != nil {
		return p.write(w)
	}
	return work.write(w)
}

// A batchWork is a batch on its way to an answer, in parts that may be worked on at
// once.
type batchWork struct {
	server   *Server
	snap     *Snapshot
	batch    *batch
	defaults options
	call     *call
	context  context.Context
	parts    []part
}

// A part is some of a batch's items, answered and encoded.
type part struct {
	from, to int
	out      *buffer
	counts   [4]int // by verdict, see verdictPlace
	asked    askedSets
	late     bool
	failed   *failure
	// Kept for the record only.
	questions []screen.Question
	answers   []screen.Answer
}

// Items of one part: addresses take a fraction of a microsecond, names up to
// milliseconds, and a part has to be worth handing over.
const partItems = 512

func (b *batchWork) run() *Problem {
	n := len(b.batch.items)
	size := partItems
	if len(b.batch.full) > 0 || b.defaults.kind != screen.AnAddress && b.defaults.kind != screen.Either {
		size = 64
	}
	for from := 0; from < n; from += size {
		b.parts = append(b.parts, part{from: from, to: min(n, from+size)})
	}
	deadline := b.call.start.Add(b.server.opt.Timeout)
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(b.parts) {
				return
			}
			b.answer(&b.parts[i], deadline)
		}
	}
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(b.parts)) - 1 {
		wait.Go(work)
	}
	work()
	wait.Wait()
	for i := range b.parts {
		switch p := &b.parts[i]; {
		case p.failed != nil:
			panic(*p.failed)
		case p.late:
			b.free()
			return tooSlow
		}
	}
	if b.server.opt.Record != nil {
		if p := b.record(); p != nil {
			b.free()
			return p
		}
	}
	return nil
}

func (b *batchWork) free() {
	for i := range b.parts {
		if b.parts[i].out != nil {
			b.parts[i].out.free()
		}
	}
}

// answer asks and encodes one part. With a record, encoding waits for the records' ids.
func (b *batchWork) answer(p *part, deadline time.Time) {
	defer func() { // a panic here would end the process, not the request
		if v := recover(); v != nil {
			f := caught(v)
			p.failed = &f
		}
	}()
	p.out = buffers.Get().(*buffer)
	recording := b.server.opt.Record != nil
	out := p.out.b
	for i := p.from; i < p.to; i++ {
		if (i-p.from)%16 == 15 && (b.context.Err() != nil || b.server.now().After(deadline)) {
			p.late = true
			break
		}
		it := &b.batch.items[i]
		o := &b.defaults
		if it.with >= 0 {
			o = &b.batch.full[it.with]
		}
		q := o.question(it.text)
		a := b.snap.Index.Ask(q)
		p.counts[verdictPlace(a.Verdict)]++
		if recording {
			p.questions, p.answers = append(p.questions, q), append(p.answers, a)
			continue
		}
		out = b.encode(out, p, o, &q, &a, "")
	}
	p.out.b = out
}

func (b *batchWork) encode(out []byte, p *part, o *options, q *screen.Question, a *screen.Answer, record string) []byte {
	if len(out) > 0 {
		out = append(out, ',', '\n')
	}
	return appendItem(out, o.id, q, a, p.asked.id(a.Asked, a.NotCovered), record)
}

// record keeps every answer, and only then encodes them.
func (b *batchWork) record() *Problem {
	var questions []screen.Question
	var answers []screen.Answer
	for i := range b.parts {
		questions, answers = append(questions, b.parts[i].questions...), append(answers, b.parts[i].answers...)
	}
	ids := make([]string, len(questions))
	if p := b.server.keep(b.context, b.call, b.snap, questions, answers, ids); p != nil {
		return p
	}
	for i := range b.parts {
		p := &b.parts[i]
		for j := range p.answers {
			it := &b.batch.items[p.from+j]
			o := &b.defaults
			if it.with >= 0 {
				o = &b.batch.full[it.with]
			}
			p.out.b = b.encode(p.out.b, p, o, &p.questions[j], &p.answers[j], ids[p.from+j])
		}
	}
	return nil
}

var verdictOrder = [4]screen.Verdict{screen.Matched, screen.Clear, screen.Unknown, screen.Invalid}

func verdictPlace(v screen.Verdict) int {
	for i, w := range verdictOrder {
		if v == w {
			return i
		}
	}
	panic("web: no such verdict")
}

// write sends the answers of all parts as one document.
func (b *batchWork) write(w http.ResponseWriter) int {
	defer b.free()
	var counts [4]int
	var asked askedSets
	for i := range b.parts {
		p := &b.parts[i]
		for j, n := range p.counts {
			counts[j] += n
		}
		asked.merge(&p.asked)
	}
	head := buffers.Get().(*buffer)
	defer head.free()
	h := append(head.b, `{"schema":"fundtrail.screenings/1","snapshot":"`...)
	h = append(h, b.snap.ID...)
	h = append(h, `","time":"`...)
	h = b.call.start.UTC().AppendFormat(h, time.RFC3339)
	h = append(h, `","counts":{`...)
	for i, v := range verdictOrder {
		b.server.metrics.verdicts[v].Add(float64(counts[i]))
		if i > 0 {
			h = append(h, ',')
		}
		h = append(append(append(h, '"'), v...), `":`...)
		h = strconv.AppendInt(h, int64(counts[i]), 10)
	}
	h = append(h, `},"asked":`...)
	h = asked.append(h)
	h = append(h, ",\n\"answers\":[\n"...)
	head.b = h
	total := len(h) + len(batchEnd) + 2*(len(b.parts)-1)
	for i := range b.parts {
		total += len(b.parts[i].out.b)
	}
	header := w.Header()
	header["Content-Type"], header["X-Content-Type-Options"], header["Cache-Control"] = jsonType, nosniff, noStore
	header["Content-Length"] = []string{strconv.Itoa(total)}
	w.Write(h)
	for i := range b.parts {
		if i > 0 {
			w.Write(comma)
		}
		w.Write(b.parts[i].out.b)
	}
	w.Write(batchEnd)
	return http.StatusOK
}

var (
	batchEnd = []byte("\n]}\n")
	comma    = []byte(",\n")
)
