//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package archive

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a file. Where that fails it is read whole.
func mapFile(f *os.File, size int64, sequential bool) (mapping, error) {
	if int64(int(size)) != size {
		return readWhole(f, size)
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return readWhole(f, size)
	}
	advice := unix.MADV_RANDOM // one page at a time: what lies beside an address's list is another's
	if sequential {
		advice = unix.MADV_NORMAL
	}
	unix.Madvise(data, advice) // advice may be ignored, and so may its failing
	return mapping{
		data: data,
		advise: func(off, n uint64) {
			lo := off &^ uint64(os.Getpagesize()-1)
			unix.Madvise(data[lo:off+n], unix.MADV_WILLNEED)
		},
		unmap: func() error { return unix.Munmap(data) },
	}, nil
}
