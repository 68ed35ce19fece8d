package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is what RFC 9659 lets a zstd body make its reader hold.
const maxWindow = 8 << 20

// body reads what came: unpacked, counted, digested.
func (c *Client) body(ctx context.Context, stop context.CancelCauseFunc, req *Request, resp *http.Response, res *Result) (*Result, *failure) {
	if resp.ContentLength > req.MaxBytes {
		return nil, &failure{status: res.Status, err: fmt.Errorf("it is %d bytes long, more than the %d allowed: %w", resp.ContentLength, req.MaxBytes, fundtrail.ErrLimit)}
	}
	wire := &wire{r: resp.Body, most: req.MaxBytes, total: resp.ContentLength, told: req.Progress, idle: c.o.Idle}
	wire.timer = time.AfterFunc(c.o.Idle, func() { stop(errIdle) })
	defer wire.timer.Stop()
	text, packed, err := unpack(wire, resp.Header.Values("Content-Encoding"))
	if err != nil {
		return nil, c.broken(ctx, res, wire, err)
	}
	defer text.Close()
	res.Unbounded = resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && resp.ProtoMajor < 2 && !packed

	sink, err := newSink(req.Dir)
	if err != nil {
		return nil, &failure{err: err}
	}
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(sink, digest), io.LimitReader(text, req.MaxBytes+1))
	if err == nil && n > req.MaxBytes {
		err = tooLong(req.MaxBytes)
	}
	if err == nil {
		err = sink.close(res)
	}
	if err != nil {
		sink.remove()
		return nil, c.broken(ctx, res, wire, err)
	}
	res.Size = n
	digest.Sum(res.SHA256[:0])
	return res, nil
}

func tooLong(most int64) error {
	return fmt.Errorf("it does not end within the %d bytes allowed: %w", most, fundtrail.ErrLimit)
}

// broken says why a body did not come whole.
func (c *Client) broken(ctx context.Context, res *Result, w *wire, err error) *failure {
	fail := &failure{status: res.Status}
	disk := new(diskError)
	switch {
	case ctx.Err() != nil:
		fail.err = context.Cause(ctx)
		fail.again = errors.Is(fail.err, errIdle)
	case errors.As(err, &disk):
		fail.err = disk.err
	case errors.Is(err, fundtrail.ErrLimit), errors.Is(err, errPacking):
		fail.err = err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		fail.err = fmt.Errorf("its packing wants more memory than is allowed: %w", fundtrail.ErrLimit)
	case w.err == nil: // every byte came, and they do not unpack
		fail.again = true
		fail.err = fmt.Errorf("what came cannot be unpacked, cut short or damaged on the way (%s): %w", scrub(err.Error()), fundtrail.ErrUnavailable)
	default:
		fail.again = true
		of := ""
		if w.total >= 0 {
			of = fmt.Sprintf(" of %d", w.total)
		}
		fail.err = fmt.Errorf("it was cut short: %d%s bytes came: %w", w.n, of, fundtrail.ErrUnavailable)
	}
	return fail
}

// A wire is a body as it comes.
type wire struct {
	r           io.Reader
	n           int64
	most, total int64
	told        func(done, total int64)
	idle        time.Duration
	timer       *time.Timer
	err         error // other than the end
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.timer.Reset(w.idle)
	w.n += int64(n)
	if n > 0 && w.told != nil {
		w.told(w.n, w.total)
	}
	if w.n > w.most {
		// A packed body may come to fewer bytes, but not an honest one.
		err = tooLong(w.most)
	}
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

var errPacking = fmt.Errorf("its packing is not known here: %w", fundtrail.ErrUnavailable)

// unpack undoes a body's Content-Encoding.
func unpack(r io.Reader, encodings []string) (text io.ReadCloser, packed bool, err error) {
	switch name := strings.ToLower(strings.TrimSpace(strings.Join(encodings, ","))); name {
	case "", "identity":
		return io.NopCloser(r), false, nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err == io.EOF { // nothing came, and nothing packed is at least a header
			return io.NopCloser(bytes.NewReader(nil)), false, nil
		}
		return z, true, err
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, true, err
		}
		return z.IOReadCloser(), true, nil
	default:
		return nil, true, fmt.Errorf("%q: %w", clip(name), errPacking)
	}
}

// A diskError is one that is not the peer's fault.
type diskError struct{ err error }

func (d *diskError) Error() string { return d.err.Error() }

// A sink takes a body: a file, or memory.
type sink struct {
	file *os.File
	buf  bytes.Buffer
}

func newSink(dir string) (*sink, error) {
	s := &sink{}
	if dir == "" {
		return s, nil
	}
	var err error
	s.file, err = os.CreateTemp(dir, "fetch-*.part")
	return s, err
}

func (s *sink) Write(p []byte) (int, error) {
	if s.file == nil {
		return s.buf.Write(p)
	}
	n, err := s.file.Write(p)
	if err != nil {
		err = &diskError{err}
	}
	return n, err
}

func (s *sink) close(res *Result) error {
	if s.file == nil {
		res.Body = s.buf.Bytes()
		return nil
	}
	res.Path = s.file.Name()
	if err := s.file.Close(); err != nil {
		return &diskError{err}
	}
	return nil
}

// remove leaves nothing of a body that did not come whole.
func (s *sink) remove() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
	}
}

// mark returns a header that is to be sent back one day, or "" if it could not be.
func mark(resp *http.Response, name string) string {
	v := resp.Header.Get(name)
	if len(v) > 1024 || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return v
}

// fileName is what the server calls the document, without any folder.
func fileName(resp *http.Response) string {
	name := path.Base(resp.Request.URL.Path)
	if _, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		name = path.Base(strings.ReplaceAll(params["filename"], `\`, "/"))
	}
	if name == "." || name == "/" || name == ".." {
		return ""
	}
	return clip(name)
}
