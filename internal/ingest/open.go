package ingest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/fundtrail/fundtrail"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// stored reads a file's bytes as they are stored, and counts and digests them.
type stored struct {
	r      io.Reader
	digest hash.Hash
	n      int64
	read   func(n int) // told of every read, may be nil
}

func newStored(r io.Reader, read func(int)) *stored {
	return &stored{r: r, digest: sha256.New(), read: read}
}

func (s *stored) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if n > 0 {
		s.n += int64(n)
		s.digest.Write(p[:n])
		if s.read != nil {
			s.read(n)
		}
	}
	return n, err
}

// maxWindow bounds what a zstd file may make its reader hold.
const maxWindow = 128 << 20

// Unpack returns a reader of the text that r has stored: as it is, or compressed with
// gzip or zstd, which its first bytes tell. At its end r has been read to its own.
// Errors that are the data's fault wrap fundtrail.ErrInvalid. The caller closes it;
// that leaves r open.
func Unpack(r io.Reader) (io.ReadCloser, error) {
	u := &unpacked{}
	from := bufio.NewReaderSize(readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err != io.EOF {
			u.failed = err
		}
		return n, err
	}), 64<<10)
	head, err := from.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if u.text, err = decompress(from, head); err != nil {
		return nil, u.explain(err)
	}
	return u, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// unpacked is a text whose errors say what is the matter with it.
type unpacked struct {
	text   io.ReadCloser
	failed error // reading itself failed
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.text.Read(p)
	if err != nil && err != io.EOF {
		err = u.explain(err)
	}
	return n, err
}

func (u *unpacked) Close() error { return u.text.Close() }

func (u *unpacked) explain(err error) error {
	switch {
	case u.failed != nil:
		return u.failed
	case errors.Is(err, fundtrail.ErrInvalid):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the compressed data ends early: the file is cut short: %w", fundtrail.ErrInvalid)
	}
	return fmt.Errorf("the compressed data is damaged (%v): %w", err, fundtrail.ErrInvalid)
}

// decompress returns a reader of the text of a file that begins with head.
func decompress(r *bufio.Reader, head []byte) (io.ReadCloser, error) {
	is := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	switch {
	case is("\x1f\x8b"):
		return gzip.NewReader(r)
	case is("\x28\xb5\x2f\xfd"), len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	case is("PK\x03\x04"):
		return nil, fmt.Errorf("it is a zip archive: unpack it, or use gzip or zstd: %w", fundtrail.ErrInvalid)
	case is("BZh"), is("\xfd7zXZ\x00"):
		return nil, fmt.Errorf("it is compressed with bzip2 or xz: unpack it, or use gzip or zstd: %w", fundtrail.ErrInvalid)
	}
	return io.NopCloser(r), nil
}

// A pump reads ahead in a goroutine of its own, so that decompressing and parsing
// take a processor each.
type pump struct {
	full  chan chunk
	spare chan []byte
	stop  context.CancelFunc
	cur   chunk
	rest  []byte // of cur.data
}

type chunk struct {
	data []byte
	err  error // after data
}

const (
	chunkSize  = 256 << 10
	chunkCount = 4
)

// newPump begins to read. Close must be called.
func newPump(ctx context.Context, r io.Reader) *pump {
	ctx, stop := context.WithCancel(ctx)
	p := &pump{full: make(chan chunk, chunkCount), spare: make(chan []byte, chunkCount), stop: stop}
	for range chunkCount {
		p.spare <- make([]byte, chunkSize)
	}
	go func() {
		defer close(p.full)
		for {
			var c chunk
			select {
			case c.data = <-p.spare:
			case <-ctx.Done():
				return
			}
			n := 0
			for n < len(c.data) && c.err == nil {
				var m int
				m, c.err = r.Read(c.data[n:])
				n += m
			}
			c.data = c.data[:n]
			p.full <- c // has room for every chunk there is
			if c.err != nil {
				return
			}
		}
	}()
	return p
}

func (p *pump) Read(into []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.cur.err != nil {
			return 0, p.cur.err
		}
		if p.cur.data != nil {
			p.spare <- p.cur.data[:chunkSize]
		}
		c, ok := <-p.full
		if !ok {
			c.err = context.Canceled
		}
		p.cur, p.rest = c, c.data
	}
	n := copy(into, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// Close stops reading and waits until the goroutine has let go of its reader.
func (p *pump) Close() {
	p.stop()
	for range p.full {
	}
}
