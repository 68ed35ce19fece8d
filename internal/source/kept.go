package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/durable"
)

// A Question is what a source is asked, apart from how its own interface words it.
type Question struct {
	Source string          `json:"source"`         // "etherscan"
	Host   string          `json:"host,omitempty"` // that was asked instead of the public one
	Chain  fundtrail.Chain `json:"chain"`
	What   What            `json:"what"`
	Of     string          `json:"of,omitempty"`   // an address, a transaction or a block
	From   int64           `json:"from,omitempty"` // blocks
	To     int64           `json:"to,omitempty"`
	Page   int             `json:"page,omitempty"`  // from 1, where the source counts pages
	After  string          `json:"after,omitempty"` // the place to go on from, where the source has one
}

// String names a question in messages and reports.
func (q Question) String() string {
	var b strings.Builder
	b.WriteString(q.Source)
	if q.Host != "" {
		b.WriteString("@" + q.Host)
	}
	fmt.Fprintf(&b, " %s %s", q.Chain, q.What)
	if q.Of != "" {
		b.WriteString(" " + q.Of)
	}
	if q.To > 0 {
		fmt.Fprintf(&b, " %d-%d", q.From, q.To)
	}
	if q.Page > 1 {
		fmt.Fprintf(&b, " page %d", q.Page)
	}
	if q.After != "" {
		b.WriteString(" after " + q.After)
	}
	return b.String()
}

// What is asked.
type What string

// The questions there are. Each interface has some of them.
const (
	Head         What = "head"         // the newest block
	Transactions What = "transactions" // those an address sent or got
	Internal     What = "internal"     // internal transfers of an address
	InternalOf   What = "internal-of"  // all those of a transaction
	LogsFrom     What = "logs-from"    // token transfers by an address
	LogsTo       What = "logs-to"      // and to it
	Deposits     What = "deposits"     // coin wrapped for it
	Withdrawals  What = "withdrawals"  // and unwrapped by it
	Transaction  What = "transaction"
	Receipt      What = "receipt"
	Header       What = "header"
)

// A Record is one kept answer.
type Record struct {
	Question
	Request string    `json:"request"` // what was sent, without any key
	At      time.Time `json:"at"`      // when it was answered
	Status  int       `json:"status"`
	SHA256  string    `json:"sha256"` // of the answer's bytes
	Size    int64     `json:"size"`
}

// Kept is a folder of answers: an index, one line for each, and their bytes by digest.
// Nothing in it is ever changed or removed. One process may write at a time; any number may
// read meanwhile. A line is there only after its bytes are, both on the disk.
type Kept struct {
	dir    string
	byName map[Question][]Record // oldest first
	order  []Record
	index  *os.File // nil: for reading only
	lock   *os.File
	size   int64 // of the index, whole lines alone
}

const (
	indexName = "answers.jsonl"
	lockName  = "lock"
	// maxAnswer bounds an answer once unpacked.
	maxAnswer = 64 << 20
	maxIndex  = 1 << 30
)

// IsKept says whether a folder holds answers.
func IsKept(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, indexName))
	return err == nil
}

// Read opens a folder for reading. Without one it is as if it were empty.
func Read(dir string) (*Kept, error) {
	k := &Kept{dir: dir, byName: map[Question][]Record{}}
	raw, err := readIndex(filepath.Join(dir, indexName))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, err
	}
	return k, k.load(raw)
}

// Write opens a folder for reading and writing, and makes it.
func Write(dir string) (*Kept, error) {
	if err := os.MkdirAll(filepath.Join(dir, "bytes"), 0o700); err != nil {
		return nil, err
	}
	lock, taken, err := durable.LockFile(filepath.Join(dir, lockName))
	if taken {
		return nil, fmt.Errorf("%s: another process writes to these answers: wait for it, or name another folder: %w", dir, fundtrail.ErrConflict)
	}
	if err != nil {
		return nil, err
	}
	k := &Kept{dir: dir, byName: map[Question][]Record{}, lock: lock}
	if err := k.open(); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

func (k *Kept) open() (err error) {
	path := filepath.Join(k.dir, indexName)
	raw, err := readIndex(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := k.load(raw); err != nil {
		return err
	}
	if k.index, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	// A line that a crash left half written is no answer.
	if err := k.index.Truncate(k.size); err != nil {
		return err
	}
	if err := k.index.Sync(); err != nil {
		return err
	}
	return syncFolder(k.dir)
}

func readIndex(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if err == nil && len(raw) > maxIndex {
		err = fmt.Errorf("%s: more than %d bytes: %w", path, maxIndex, fundtrail.ErrLimit)
	}
	return raw, err
}

// Close lets go of the folder.
func (k *Kept) Close() error {
	var err error
	if k.index != nil {
		err = k.index.Close()
	}
	if k.lock != nil {
		err = errors.Join(err, k.lock.Close())
	}
	return err
}

// Dir is the folder.
func (k *Kept) Dir() string { return k.dir }

// Records returns all answers in the order in which they were kept.
func (k *Kept) Records() []Record { return k.order }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// load reads the index: lines of a checksum and a record. What follows the last line end
// is being written, or was when the machine stopped.
func (k *Kept) load(raw []byte) error {
	whole := bytes.LastIndexByte(raw, '\n') + 1
	k.size = int64(whole)
	for n := 1; whole > 0 && len(raw[:whole]) > 0; n++ {
		line, rest, _ := bytes.Cut(raw[:whole], []byte{'\n'})
		raw, whole = rest, len(rest)
		r, err := parseLine(line)
		if err != nil {
			return fmt.Errorf("%s line %d: %w", filepath.Join(k.dir, indexName), n, err)
		}
		k.put(r)
	}
	return nil
}

func (k *Kept) put(r Record) {
	k.order = append(k.order, r)
	k.byName[r.Question] = append(k.byName[r.Question], r)
}

func parseLine(line []byte) (r Record, err error) {
	sum, text, ok := bytes.Cut(line, []byte{' '})
	if !ok || len(sum) != 8 {
		return r, fmt.Errorf("want a checksum of 8 digits, a blank and a record: %w", fundtrail.ErrInvalid)
	}
	want, err := strconv.ParseUint(string(sum), 16, 32)
	if err != nil || crc32.Checksum(text, castagnoli) != uint32(want) {
		return r, fmt.Errorf("it does not have its checksum: the index was damaged or changed: %w", fundtrail.ErrConflict)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("not a record: %v: %w", err, fundtrail.ErrInvalid)
	}
	if d, err := hex.DecodeString(r.SHA256); err != nil || len(d) != sha256.Size {
		return r, fmt.Errorf("sha256 %.80q: want 64 hexadecimal digits: %w", r.SHA256, fundtrail.ErrInvalid)
	}
	if r.Size < 0 || r.Size > maxAnswer {
		return r, fmt.Errorf("size %d: want 0 to %d: %w", r.Size, maxAnswer, fundtrail.ErrInvalid)
	}
	return r, nil
}

// Find returns the newest answer to a question.
func (k *Kept) Find(q Question) (Record, bool) {
	list := k.byName[q]
	if len(list) == 0 {
		return Record{}, false
	}
	return list[len(list)-1], true
}

// Only returns the same folder as if it held nothing but what keep says.
func (k *Kept) Only(keep func(Record) bool) *Kept {
	out := &Kept{dir: k.dir, byName: map[Question][]Record{}}
	for _, r := range k.order {
		if keep(r) {
			out.put(r)
		}
	}
	return out
}

func (k *Kept) path(sum string) string {
	return filepath.Join(k.dir, "bytes", sum+".zst")
}

// Body returns an answer's bytes, checked.
func (k *Kept) Body(r Record) ([]byte, error) {
	body, err := k.body(r)
	if err != nil {
		return nil, fmt.Errorf("kept answer %s: %w", r.Question, err)
	}
	return body, nil
}

func (k *Kept) body(r Record) ([]byte, error) {
	packed, err := os.ReadFile(k.path(r.SHA256))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("its bytes are gone (%s): ask again with --refresh: %w", k.path(r.SHA256), fundtrail.ErrConflict)
	}
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxAnswer+1<<20))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	body, err := io.ReadAll(io.LimitReader(d, r.Size+1))
	if err == nil && int64(len(body)) == r.Size {
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) == r.SHA256 {
			return body, nil
		}
	}
	return nil, fmt.Errorf("its bytes were damaged or changed (%s): ask again with --refresh: %w", k.path(r.SHA256), fundtrail.ErrConflict)
}

// Add keeps an answer. When it fails nothing is kept.
func (k *Kept) Add(r Record, body []byte) (Record, error) {
	if k.index == nil {
		return r, fmt.Errorf("%s: opened for reading only: %w", k.dir, fundtrail.ErrInvalid)
	}
	sum := sha256.Sum256(body)
	r.SHA256, r.Size = hex.EncodeToString(sum[:]), int64(len(body))
	if err := k.store(r, body); err != nil {
		return r, fmt.Errorf("keep the answer %s: %w", r.Question, err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return r, err
	}
	line := fmt.Appendf(nil, "%08x %s\n", crc32.Checksum(text, castagnoli), text)
	_, err = k.index.WriteAt(line, k.size)
	if err == nil {
		err = k.index.Sync()
	}
	if err != nil {
		k.index.Truncate(k.size)
		return r, fmt.Errorf("keep the answer %s: %w", r.Question, err)
	}
	k.size += int64(len(line))
	k.put(r)
	return r, nil
}

// store writes an answer's bytes under their digest, unless they are there and whole.
func (k *Kept) store(r Record, body []byte) (err error) {
	if _, err := k.body(r); err == nil {
		return nil
	}
	path := k.path(r.SHA256)
	dir := filepath.Dir(path)
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(z.EncodeAll(body, nil)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return durable.SyncFolder(d)
}
