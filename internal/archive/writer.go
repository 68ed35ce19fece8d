package archive

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// Options say how a ledger is written. The zero value works.
type Options struct {
	// Depth is how many blocks below a chain's newest one may still be taken back by a
	// reorganisation: they stay in the log. Deeper ones can be taken back too, at the
	// cost of rewriting a segment. Default 100.
	Depth int64
	// LogRows is how many movements the log may hold before those below Depth are
	// sealed into a segment, and how many may be written by one commit of the log; more
	// go into segments at once. Default 2^18.
	LogRows int
	// SegmentRows is about how many movements of an import or a bulk go into one
	// segment: they are held in memory. Default 2^23.
	SegmentRows int
	// MergeRows is how many movements a merged segment may have. Default 2^27.
	MergeRows int
	// Background merges while more is written. Without it, call Merge.
	Background bool
}

func (o Options) withDefaults() Options {
	set := func(v *int, n, most int) {
		if *v <= 0 || *v > most {
			*v = n
		}
	}
	if o.Depth <= 0 {
		o.Depth = 100
	}
	set(&o.LogRows, 1<<18, maxRows)
	set(&o.SegmentRows, 1<<23, maxRows/2)
	set(&o.MergeRows, maxRows, maxRows)
	return o
}

// A Writer writes a ledger, one at a time. Its methods may be called from several
// goroutines. What one has returned from is on the disk; readers that are opened
// then see it.
type Writer struct {
	mu      sync.Mutex
	f       folder
	opt     Options
	st      state // with what the log added
	tails   *tails
	log     file
	end     int64 // of the log
	seq     uint64
	broken  error // why nothing can be written any more
	aside   file  // what imports set aside
	lock    io.Closer
	fail    *failure
	open    []openSegmentFiles
	merges  int             // merges that are reading segments
	last    uint64          // that a file was named after
	making  map[string]bool // files that no manifest names yet
	tasks   sync.WaitGroup
	task    bool              // one is under way
	growing []fundtrail.Chain // that are being written anew: see Prepend
	failed  error             // of a merge in the background
}

// openSegmentFiles are the mapped files of a segment.
type openSegmentFiles struct {
	name string
	maps []mapping
}

// OpenWriter opens the ledger in a folder for writing, or makes one there. The folder
// must exist.
func OpenWriter(dir string, opt Options) (*Writer, error) { return openWriter(osFolder(dir), opt) }

func openWriter(f folder, opt Options) (_ *Writer, err error) {
	w := &Writer{f: f, opt: opt.withDefaults(), fail: &failure{}, tails: &tails{}, making: map[string]bool{}}
	if w.lock, err = f.Lock(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			w.release()
		}
	}()
	w.st, err = readManifest(f)
	if errors.Is(err, fundtrail.ErrNotFound) {
		if err = w.found(); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	for _, ref := range w.st.Segments {
		s, err := w.openFiles(ref.Name)
		if err == nil {
			err = w.tails.push(s)
		}
		if err != nil {
			return nil, err
		}
	}
	info, err := readLog(f, &w.st, w.tails, w.fail)
	if err != nil {
		return nil, err
	}
	w.end, w.seq, w.last = info.end, info.seq, w.st.Serial
	if w.log, err = f.Extend(w.st.Log, w.end); err != nil {
		return nil, err
	}
	if err = w.log.Sync(); err == nil {
		err = w.sweep()
	}
	if err != nil {
		return nil, err
	}
	w.startMerge()
	return w, nil
}

// found makes an empty ledger.
func (w *Writer) found() error {
	names, err := w.f.Names()
	if err != nil {
		return err
	}
	for _, n := range names {
		if n != lockName && n != manifestTemp && !strings.HasSuffix(n, logSuffix) {
			return fmt.Errorf("the folder holds other files (%s) and no ledger: give an empty one: %w", n, fundtrail.ErrConflict)
		}
	}
	w.st = state{Serial: 1, Log: fmt.Sprintf("%08d%s", 1, logSuffix)}
	if err := writeWhole(w.f, w.st.Log, logHead()); err != nil {
		return err
	}
	if err := w.f.Sync(); err != nil {
		return err
	}
	return writeManifest(w.f, w.st)
}

// sweep removes files that a crash, or a reader on a system that does not let go of
// open files, left behind.
func (w *Writer) sweep() error {
	names, err := w.f.Names()
	if err != nil {
		return err
	}
	for _, n := range names {
		base, segment := strings.CutSuffix(n, hotSuffix)
		if !segment {
			base, segment = strings.CutSuffix(n, coldSuffix)
		}
		if n == manifestTemp || n == scratchName && w.aside == nil || strings.HasSuffix(n, logSuffix) && n != w.st.Log || segment && !w.st.names(base) && !w.making[base] {
			w.f.Remove(n) // what stays is swept the next time
		}
	}
	return nil
}

// A Batch is what is written at once: it is there as a whole or not at all.
type Batch struct {
	// Facts are movements of blocks above the newest that the ledger holds, of any
	// number of chains. Their builder should Keep. May be nil.
	Facts *ledger.Memory
	// Headers are blocks of the same range, so that those without movements count and
	// hashes are known. May be nil.
	Headers  []fundtrail.Block
	Coverage []fundtrail.Coverage // beside that of Facts
	Sources  []Source
}

// Append adds blocks behind those that the ledger holds.
func (w *Writer) Append(b Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.append(nil, b)
}

// Truncate takes back a chain's blocks above a height, and what was claimed of them.
func (w *Writer) Truncate(chain fundtrail.Chain, height int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.append([]truncation{{Chain: chain, Height: height}}, Batch{})
}

// Replace takes back a chain's blocks above a height and adds others, at once: a
// reorganisation.
func (w *Writer) Replace(chain fundtrail.Chain, height int64, b Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.append([]truncation{{Chain: chain, Height: height}}, b)
}

func (w *Writer) append(cuts []truncation, b Batch) error { return w.appendParts(cuts, b, nil) }

// appendParts is append of facts that parts, when it is not nil, adds one after another;
// they are those of b otherwise.
func (w *Writer) appendParts(cuts []truncation, b Batch, parts func(next *sealer, add func(*ledger.Memory) error) error) (err error) {
	if w.broken != nil {
		return fmt.Errorf("the ledger cannot be written until it is opened anew, after: %w", w.broken)
	}
	// Everything is made beside what is; the writer changes when it is on the disk.
	next := w.copyTails()
	st := w.st
	sealed := false
	var images [][]byte
	text := commitText{Coverage: stored(b), Sources: b.Sources}
	for _, cut := range cuts {
		c := next.of(cut.Chain)
		for _, s := range c.segments {
			sealed = sealed || s.hot != s.cold && s.LastBlock > cut.Height
		}
		remade, err := c.truncate(cut.Height)
		if err != nil {
			return err
		}
		text.Truncate = append(text.Truncate, truncation{cut.Chain, cut.Height, c.tip()})
		if remade != nil {
			images = append(images, remade)
			if err := next.pushImage(remade, w.fail); err != nil {
				return err
			}
		}
		st.Coverage = cutCoverage(st.Coverage, cut.Chain, cut.Height)
	}
	if st.Coverage, err = w.joinCoverage(st.Coverage, b); err != nil {
		return err
	}
	st.Sources = addSources(st.Sources, b.Sources)
	rows := 0
	if b.Facts != nil {
		rows = int(b.Facts.Size())
	}
	if sealed || rows > w.opt.LogRows || parts != nil {
		if parts == nil {
			parts = func(_ *sealer, add func(*ledger.Memory) error) error {
				if b.Facts == nil {
					return nil
				}
				return add(b.Facts)
			}
		}
		return w.checkpoint(next, st, func() error { return w.addParts(next, b.Headers, parts) }, nil)
	}
	err = w.addFacts(next, b, maxRows, func(m *maker, c *tail) error {
		im, err := m.image(c.segments)
		if err != nil {
			return err
		}
		images = append(images, im)
		return next.pushImage(im, w.fail)
	})
	if err != nil {
		return err
	}
	if err := w.commit(text, images); err != nil {
		return err
	}
	w.tails, w.st = next, st
	return w.tidy()
}

// addParts has segments made of facts, each while the next is filled.
func (w *Writer) addParts(next *tails, headers []fundtrail.Block, parts func(*sealer, func(*ledger.Memory) error) error) (err error) {
	s := newSealer(w, next)
	defer func() {
		if err != nil {
			s.drop()
		}
	}()
	l := &loading{w: w, next: next, limit: w.opt.SegmentRows, maker: s.maker, flush: s.wait, parts: true}
	l.emit = func(m *maker, _ *tail) error { return s.seal(m) }
	if err := l.begin(headers); err != nil {
		return err
	}
	if err := parts(&s, l.add); err != nil {
		return err
	}
	return l.finish()
}

func stored(b Batch) (out []coverage) {
	if b.Facts != nil {
		for _, c := range b.Facts.Coverage() {
			out = append(out, storedCoverage(c))
		}
	}
	for _, c := range b.Coverage {
		out = append(out, storedCoverage(c))
	}
	return out
}

func (w *Writer) joinCoverage(list []coverage, b Batch) ([]coverage, error) {
	more := stored(b)
	for _, c := range more {
		if _, ok := c.Chain.Info(); !ok || c.From > c.To {
			return nil, fmt.Errorf("coverage of blocks %d to %d of chain %q: %w", c.From, c.To, c.Chain, fundtrail.ErrInvalid)
		}
	}
	return addCoverage(list, more), nil
}

func (w *Writer) copyTails() *tails {
	t := &tails{}
	for _, c := range w.tails.chains {
		t.chains = append(t.chains, &tail{c.chain, slices.Clone(c.segments)})
	}
	return t
}

// commit writes to the log. When that fails the log is as it was.
func (w *Writer) commit(text commitText, images [][]byte) error {
	b, err := encodeCommit(w.seq, text, images)
	if err != nil {
		return err
	}
	if _, err := w.log.Write(b); err != nil {
		if cut := w.log.Cut(w.end); cut != nil {
			w.broken = errors.Join(err, cut)
		}
		return fmt.Errorf("write %s, nothing was added: %w: %w", w.st.Log, err, fundtrail.ErrUnavailable)
	}
	if err := w.log.Sync(); err != nil {
		// What a failed flush left on the disk is not known, and a second one may lie.
		w.broken = err
		return fmt.Errorf("flush %s: %w: %w", w.st.Log, err, fundtrail.ErrUnavailable)
	}
	w.end += int64(len(b))
	w.seq++
	return nil
}

// tidy keeps the log short. What it does not manage, it will when it is next called.
func (w *Writer) tidy() error {
	head := 0
	for _, c := range w.tails.chains {
		if err := c.compact(w.fail, false); err != nil {
			return err
		}
		for _, s := range c.segments {
			if s.hot == s.cold {
				head += int(s.count)
			}
		}
	}
	if head <= w.opt.LogRows && w.end < 1<<28 {
		return nil
	}
	deep := func(c *tail, s *segment) bool { return s.LastBlock <= c.tip()-w.opt.Depth }
	any := w.end >= 1<<28
	for _, c := range w.tails.chains {
		any = any || slices.ContainsFunc(c.segments, func(s *segment) bool { return s.hot == s.cold && deep(c, s) })
	}
	if !any {
		return nil
	}
	w.checkpoint(w.copyTails(), w.st, nil, deep) // if it fails, the facts stay in the log
	return nil
}

// checkpoint seals segments that are in memory, those that seal says or else all, lets
// more add to what next has, and replaces the manifest and the log.
func (w *Writer) checkpoint(next *tails, st state, more func() error, seal func(*tail, *segment) bool) (err error) {
	var made []string
	open := len(w.open)
	defer func() {
		for _, name := range made {
			delete(w.making, name)
		}
		if err != nil && w.broken == nil {
			w.closeFrom(open)
			w.sweep()
		}
	}()
	for _, c := range next.chains {
		lo := slices.IndexFunc(c.segments, func(s *segment) bool { return s.hot == s.cold })
		hi := lo
		for lo >= 0 && hi < len(c.segments) && (seal == nil || seal(c, c.segments[hi])) {
			hi++
		}
		if lo < 0 || lo == hi {
			continue
		}
		s, err := w.newSegment(func(hot, cold *containerWriter) error {
			_, err := merge(hot, cold, c.segments[lo:hi])
			return err
		})
		if err != nil {
			return err
		}
		made = append(made, s.name)
		c.segments = slices.Replace(c.segments, lo, hi, s)
	}
	if more != nil {
		if err := more(); err != nil {
			return err
		}
	}
	var images [][]byte
	st.Segments = nil
	for _, c := range next.chains {
		for _, s := range c.segments {
			if s.hot == s.cold {
				images = append(images, s.hot.data)
			} else {
				made = append(made, s.name)
				st.Segments = append(st.Segments, s.ref())
			}
		}
	}
	return w.install(next, st, images)
}

// install makes a state the ledger's, with a new log that holds the given segments.
func (w *Writer) install(next *tails, st state, images [][]byte) error {
	w.last++
	st.Serial = w.last
	st.Log = fmt.Sprintf("%08d%s", st.Serial, logSuffix)
	text := logHead()
	seq := uint64(0)
	if len(images) > 0 {
		b, err := encodeCommit(0, commitText{}, images)
		if err != nil {
			return err
		}
		text, seq = append(text, b...), 1
	}
	log, err := w.f.Create(st.Log)
	if err == nil {
		if _, err = log.Write(text); err == nil {
			err = log.Sync()
		}
		if err == nil {
			err = w.f.Sync()
		}
		if err != nil {
			log.Close()
			w.f.Remove(st.Log)
		}
	}
	if err != nil {
		return fmt.Errorf("write %s, nothing was added: %w: %w", st.Log, err, fundtrail.ErrUnavailable)
	}
	if err := writeManifest(w.f, st); err != nil {
		log.Close()
		w.f.Remove(manifestTemp)
		if now, again := readManifest(w.f); again != nil || now.Serial != w.st.Serial {
			w.broken = err // renamed, and perhaps not durable
		} else {
			w.f.Remove(st.Log)
		}
		return fmt.Errorf("write %s: %w: %w", manifestName, err, fundtrail.ErrUnavailable)
	}
	w.log.Close()
	w.log, w.end, w.seq, w.tails, w.st = log, int64(len(text)), seq, next, st
	w.letGo()
	w.sweep() // what stays is swept the next time
	w.startMerge()
	return nil
}

// name returns a new name for a segment's files, which are not swept from then on.
func (w *Writer) name() string {
	w.last++
	name := fmt.Sprintf("%08d", w.last)
	w.making[name] = true
	return name
}

// newSegment writes a segment's files and opens them.
func (w *Writer) newSegment(write func(hot, cold *containerWriter) error) (*segment, error) {
	name := w.name()
	if err := writeFiles(w.f, name, write); err != nil {
		delete(w.making, name)
		return nil, err
	}
	return w.openFiles(name)
}

func (w *Writer) openFiles(name string) (*segment, error) {
	s, maps, err := mapSegment(w.f, name, w.fail, true)
	w.open = append(w.open, openSegmentFiles{name, maps})
	return s, err
}

func (w *Writer) closeFrom(n int) {
	for _, o := range w.open[n:] {
		for _, m := range o.maps {
			m.close()
		}
	}
	w.open = w.open[:n]
}

// letGo unmaps segments that were merged or taken back, so that the room they had is
// free, once no merge reads them.
func (w *Writer) letGo() {
	if w.merges > 0 {
		return
	}
	var kept, gone []openSegmentFiles
	for _, o := range w.open {
		if w.st.names(o.name) {
			kept = append(kept, o)
		} else {
			gone = append(gone, o)
		}
	}
	w.open = append(kept, gone...)
	w.closeFrom(len(kept))
}

// writeFiles writes a segment's two files, durably, or none.
func writeFiles(f folder, name string, write func(hot, cold *containerWriter) error) (err error) {
	var files [2]file
	var out [2]*containerWriter
	defer func() {
		for i, suffix := range []string{hotSuffix, coldSuffix} {
			if files[i] != nil {
				files[i].Close()
			}
			if err != nil {
				f.Remove(name + suffix)
			}
		}
	}()
	for i, suffix := range []string{hotSuffix, coldSuffix} {
		if files[i], err = f.Create(name + suffix); err != nil {
			return fmt.Errorf("make %s%s: %w: %w", name, suffix, err, fundtrail.ErrUnavailable)
		}
		out[i] = newContainer(&buffered{w: files[i]})
	}
	if err := write(out[0], out[1]); err != nil {
		return err
	}
	for i, suffix := range []string{hotSuffix, coldSuffix} {
		if _, err = out[i].finish(); err == nil {
			err = out[i].w.(*buffered).flush()
		}
		if err == nil {
			err = files[i].Sync()
		}
		if err != nil {
			return fmt.Errorf("write %s%s: %w: %w", name, suffix, err, fundtrail.ErrUnavailable)
		}
	}
	return nil
}

// hugePage is how much is written at once: systems that can then keep it in memory as one
// large page, which readers find with fewer misses of the address translation.
const hugePage = 2 << 20

// buffered collects pages into larger writes.
type buffered struct {
	w   io.Writer
	buf []byte
}

func (b *buffered) Write(p []byte) (int, error) {
	b.buf = append(b.buf, p...)
	if len(b.buf) >= hugePage {
		return len(p), b.flush()
	}
	return len(p), nil
}

func (b *buffered) flush() error {
	_, err := b.w.Write(b.buf)
	b.buf = b.buf[:0]
	return err
}

// Close ends the writer. What was written stays.
func (w *Writer) Close() error {
	w.tasks.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.log == nil {
		return nil
	}
	err := w.failed
	if w.broken == nil {
		err = errors.Join(err, w.commit(commitText{Closed: true}, nil))
	}
	w.release()
	return err
}

func (w *Writer) release() {
	if w.log != nil {
		w.log.Close()
		w.log = nil
	}
	w.closeFrom(0)
	w.dropAside()
	w.lock.Close()
}

// Tip returns the height of a chain's newest block, -1 when the ledger holds none.
func (w *Writer) Tip(chain fundtrail.Chain) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tails.of(chain).tip()
}

// Block returns the block of a chain with a height, when the ledger holds it. Its Hash is
// zero where it was not told, and its Parent is not kept.
func (w *Writer) Block(chain fundtrail.Chain, height int64) (fundtrail.Block, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.tails.of(chain).segments {
		if height <= s.LastBlock && s.Blocks > 0 {
			return s.blockAt(height)
		}
	}
	return fundtrail.Block{}, false
}
