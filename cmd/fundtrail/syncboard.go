package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

// A board shows how far each chain is: a line a chain on a terminal, and figures.
type board struct {
	mu    sync.Mutex
	tty   io.Writer // nil: not shown
	err   io.Writer
	lines []*chainLine
	since time.Time
	last  time.Time
	shown int // lines
}

// A chainLine is one chain's.
type chainLine struct {
	*board
	on          fundtrail.Chain
	sum         ingest.FollowSummary
	head, goal  int64 // the node's newest block; the last that is wanted
	tip         int64 // of the ledger
	retries     int64
	wroteAt     time.Time
	ended, well bool
	text        string
	pace        pace
	first       int64  // the ledger's oldest block, newest-first; -1 where it does not matter
	from        int64  // that it is to be
	before      int64  // older blocks that were joined
	below       string // how far the older blocks are
	paceBelow   pace
}

func newBoard(err io.Writer, jobs []*chainJob) *board {
	b := &board{tty: terminal(err), err: err, since: time.Now()}
	for _, j := range jobs {
		b.lines = append(b.lines, &chainLine{board: b, on: j.on, head: -1, goal: -1, tip: -1, first: -1, well: true})
	}
	return b
}

// begin says where the ledger ends.
func (l *chainLine) begin(tip int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tip = tip
}

// reach is told of the node's newest block.
func (l *chainLine) reach(head, to int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head, l.goal = head, head; to >= 0 {
		l.goal = min(head, to)
	}
}

// wrote is told of blocks that are on the disk.
func (l *chainLine) wrote(s ingest.FollowSummary) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if back := s.TakenBack - l.sum.TakenBack; back > 0 {
		l.say("%s was reorganised; %s taken back", l.on, plural(int(back), "block"))
	}
	now := time.Now()
	l.sum, l.tip, l.wroteAt = s, s.To, now
	rate := l.pace.add(now, s.Blocks)
	l.text = fmt.Sprintf("block %d of %d, %.1f a second", s.To, l.goal, rate)
	if left := l.goal - s.To; left > 0 && rate > 0 {
		l.text += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	l.show()
}

// joined is told which block is the ledger's oldest now, and which is to be.
func (l *chainLine) joined(first, from int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first >= 0 {
		l.before += l.first - first
	}
	if l.first, l.from = first, from; first <= from {
		l.below = ""
	}
	l.show()
}

// wroteOlder is told of older blocks that were gathered.
func (l *chainLine) wroteOlder(s ingest.FollowSummary) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rate := l.paceBelow.add(time.Now(), s.Blocks)
	left := max(l.first-l.from-(s.Blocks-l.before), 0)
	l.below = fmt.Sprintf("; older: %d to go, %.1f a second", left, rate)
	if rate > 0 {
		l.below += fmt.Sprintf(", %s left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	l.show()
}

// trouble says what a chain cannot do any more.
func (l *chainLine) trouble(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.well, l.below = false, ""
	l.say("%s: %s", l.on, fmt.Sprintf(format, args...))
}

func (l *chainLine) retrying(err error, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retries++
	l.say("%s: %v; asking again in %s", l.on, err, wait)
}

// end is told that the chain is not followed any more. Of several, why is said at once.
func (l *chainLine) end(err error, several bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	l.well = false
	if l.text = "ended with an error"; several {
		l.say("%s: %v", l.on, explained(err))
	}
}

// say writes a message above the lines.
func (b *board) say(format string, args ...any) {
	b.wipe()
	fmt.Fprintf(b.err, "fundtrail: "+format+"\n", args...)
	b.last = time.Time{}
}

// show writes the lines anew, not too often.
func (b *board) show() {
	now := time.Now()
	if b.tty == nil || now.Sub(b.since) < time.Second || now.Sub(b.last) < 200*time.Millisecond {
		return
	}
	b.wipe()
	for _, l := range b.lines {
		if l.text != "" {
			fmt.Fprintf(b.tty, "%s: %s%s\n", l.on, l.text, l.below)
			b.shown++
		}
	}
	b.last = now
}

func (b *board) wipe() {
	for ; b.shown > 0; b.shown-- {
		fmt.Fprint(b.tty, "\x1b[1A\r\x1b[K")
	}
}

func (b *board) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wipe()
}

// paceOver is the time over which a rate is taken.
const paceOver = 30 * time.Second

// A pace is how fast something goes, as of late.
type pace struct{ marks []paceMark }

type paceMark struct {
	at time.Time
	n  int64
}

// add notes how many there are now, and returns how many come in a second.
func (p *pace) add(now time.Time, n int64) float64 {
	if p.marks == nil {
		p.marks = []paceMark{{now, n}}
		return 0
	}
	for len(p.marks) > 1 && now.Sub(p.marks[1].at) > paceOver {
		p.marks = p.marks[1:]
	}
	first, last := p.marks[0], &p.marks[len(p.marks)-1]
	if now.Sub(last.at) > paceOver/30 {
		p.marks = append(p.marks, paceMark{now, n})
	}
	return float64(n-first.n) / max(now.Sub(first.at).Seconds(), 0.001)
}
