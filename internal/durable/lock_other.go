//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package durable

import (
	"errors"
	"os"
)

// LockFile refuses: a folder without a lock could be written by two processes.
func LockFile(string) (f *os.File, taken bool, err error) {
	return nil, false, errors.New("there are no file locks on this system")
}

func SyncFolder(d *os.File) error { return d.Sync() }
