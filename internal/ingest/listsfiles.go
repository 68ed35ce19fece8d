package ingest

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/feed"
)

// A listFile is one file that may be a list or a part of one: an input, or a member of
// an input that is an archive.
type listFile struct {
	name    string // for messages: as it was given; "archive.zip/member"
	dir     string // of the input, or the archive's name: files of one folder belong together
	base    string // without folders and without the ending of a compression
	archive string // the base name of the archive that it is in; "" for none
	open    func() (io.ReadCloser, error)

	format feed.Format
	err    error // why it is no list
	ignore bool  // it need not be one
}

const (
	// headLen is how much of a file its form is told from.
	headLen = 64 << 10
	// maxMembers bounds an archive; publishers' have one to five.
	maxMembers = 200
)

// leaves opens inputs and archives and recognises what they are. Little is read here,
// so that any number of files takes the memory of one.
func (l *listImport) leaves(ctx context.Context, in []Input) (files []*listFile) {
	for _, input := range in {
		first := &listFile{name: input.Name, dir: filepath.Dir(input.Name), base: baseName(input.Name), open: input.Open}
		members, err := l.members(input)
		if err != nil {
			first.err = err
		}
		if len(members) == 0 {
			members = []*listFile{first}
		}
		lists := 0
		for _, f := range members {
			if f.err == nil {
				f.err = l.recognise(ctx, f)
			}
			if f.err == nil {
				lists++
			}
		}
		for _, f := range members {
			f.ignore = f.err == errNoForm && (lists > 0 || l.opt.Found[input.Name])
		}
		files = append(files, members...)
	}
	return files
}

// baseName is a file's name without its folders and its compression.
func baseName(name string) string {
	base := path.Base(filepath.ToSlash(name))
	for _, ending := range []string{".gz", ".zst", ".zstd"} {
		if n := len(base) - len(ending); n > 0 && strings.EqualFold(base[n:], ending) {
			return base[:n]
		}
	}
	return base
}

// recognise tells a file's form from its first bytes.
func (l *listImport) recognise(ctx context.Context, f *listFile) error {
	r, err := f.unpack(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	head := make([]byte, headLen)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	head = head[:n]
	if len(bytes.TrimSpace(head)) == 0 {
		return fmt.Errorf("the file is empty: %w", fundtrail.ErrInvalid)
	}
	var ok bool
	if f.format, ok = l.forms.detect(head, f.base); ok {
		return nil
	}
	lower := bytes.ToLower(bytes.TrimSpace(head[:min(n, 1024)]))
	switch other, known := feed.Detect(head, f.base); {
	case bytes.Contains(lower, []byte("<html")) || bytes.HasPrefix(lower, []byte("<!doctype html")):
		return fmt.Errorf("it is a web page and no list: the download did not give what was asked for: %w", fundtrail.ErrInvalid)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return fmt.Errorf("it is an archive within an archive: unpack the outer one: %w", fundtrail.ErrInvalid)
	case known:
		return fmt.Errorf("it is a %s and no sanctions list: %w", other, fundtrail.ErrInvalid)
	}
	return errNoForm
}

var errNoForm = fmt.Errorf("it has the form of no list that is known here: %w", fundtrail.ErrInvalid)

// unpack opens a file's text.
func (f *listFile) unpack(ctx context.Context) (io.ReadCloser, error) {
	stored, err := f.open()
	if err != nil {
		return nil, err
	}
	text, err := Unpack(&interruptible{ctx, stored})
	// The archive's own form is what recognise tells of.
	if err != nil {
		stored.Close()
		return nil, err
	}
	return &textOf{text, stored}, nil
}

// textOf closes what it was unpacked from as well.
type textOf struct {
	io.ReadCloser
	stored io.Closer
}

func (t *textOf) Close() error { return errors.Join(t.ReadCloser.Close(), t.stored.Close()) }

// read reads a whole file, unpacked.
func (f *listFile) read(ctx context.Context, most int64) ([]byte, error) {
	r, err := f.unpack(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readMost(r, most)
}

// readMost reads to the end of what is not too long. A small file that unpacks without
// end is found out here too: what is unpacked counts.
func readMost(r io.Reader, most int64) ([]byte, error) {
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if n > most {
		return nil, fmt.Errorf("it has more than %d bytes, unpacked: %w", most, fundtrail.ErrLimit)
	}
	return buf.Bytes(), nil
}

// members returns an archive's members; none when the input is no archive. The archive
// is held as it is stored until its members are read.
func (l *listImport) members(in Input) (files []*listFile, err error) {
	r, err := in.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	magic := make([]byte, 4)
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != "PK\x03\x04" {
		return nil, nil // what else is wrong with it is told when it is opened again
	}
	raw, err := readMost(r, l.opt.MaxBytes-4)
	if err != nil {
		return nil, fmt.Errorf("the archive: %w", err)
	}
	raw = append(magic, raw...)
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fmt.Errorf("the archive is damaged or cut short (%v): %w", err, fundtrail.ErrInvalid)
	}
	var unpacked uint64
	for _, m := range z.File {
		base := baseName(strings.ReplaceAll(m.Name, `\`, "/"))
		if m.FileInfo().IsDir() || strings.HasPrefix(base, ".") || strings.HasPrefix(m.Name, "__MACOSX/") {
			continue
		}
		if unpacked += m.UncompressedSize64; unpacked > uint64(l.opt.MaxBytes) || m.UncompressedSize64 > uint64(l.opt.MaxBytes) {
			return nil, fmt.Errorf("the archive's files have more than %d bytes, unpacked: %w", l.opt.MaxBytes, fundtrail.ErrLimit)
		}
		if len(files) == maxMembers {
			return nil, fmt.Errorf("the archive has more than %d files: %w", maxMembers, fundtrail.ErrLimit)
		}
		f := &listFile{name: in.Name + "/" + m.Name, dir: in.Name, base: base, archive: baseName(in.Name)}
		f.open = func() (io.ReadCloser, error) {
			r, err := m.Open()
			if err != nil {
				return nil, fmt.Errorf("the archive's file %s cannot be opened (%v): %w", m.Name, err, fundtrail.ErrInvalid)
			}
			return &memberReader{r, m.Name}, nil
		}
		if m.Flags&1 != 0 {
			f.err = fmt.Errorf("it is encrypted: unpack it: %w", fundtrail.ErrInvalid)
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("the archive has no files: %w", fundtrail.ErrInvalid)
	}
	return files, nil
}

// A memberReader says that an error is the archive's.
type memberReader struct {
	io.ReadCloser
	name string
}

func (m *memberReader) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("the archive's file %s is damaged (%v): %w", m.name, err, fundtrail.ErrInvalid)
	}
	return n, err
}
