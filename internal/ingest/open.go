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
	failed error       // reading itself failed
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
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// maxWindow bounds what a zstd file may make its reader hold.
const maxWindow = 128 << 20

// decompress returns a reader of the text of a file, by its first bytes.
func decompress(s *stored) (io.ReadCloser, error) {
	r := bufio.NewReaderSize(s, 64<<10)
	head, err := r.Peek(6)
	if err != nil && err != io.EOF {
		return nil, err
	}
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
	case is("\xff\xfe"), is("\xfe\xff"):
		return nil, fmt.Errorf("it is UTF-16: save it as UTF-8: %w", fundtrail.ErrInvalid)
	case is("\xef\xbb\xbf"):
		r.Discard(3) // a byte order mark says nothing about UTF-8
	}
	return io.NopCloser(r), nil
}

// newStored returns a counting and digesting reader.
func newStored(r io.Reader, read func(int)) *stored {
	return &stored{r: r, digest: sha256.New(), read: read}
}

// explain says what an error of a reader that decompress returned means.
func (s *stored) explain(err error) error {
	switch {
	case s.failed != nil:
		return s.failed
	case errors.Is(err, fundtrail.ErrInvalid):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the compressed data ends early: the file is cut short: %w", fundtrail.ErrInvalid)
	}
	return fmt.Errorf("the compressed data is damaged (%v): %w", err, fundtrail.ErrInvalid)
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
