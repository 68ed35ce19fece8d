package durable

import (
	"errors"
	"os"
	"syscall"
)

// errSharing is ERROR_SHARING_VIOLATION: another process has the file open.
const errSharing = syscall.Errno(32)

// LockFile takes the lock that one process at a time can have: the file open for writing,
// shared with readers only. It goes with the process, however that ends.
func LockFile(path string) (f *os.File, taken bool, err error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, false, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ,
		nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, errors.Is(err, errSharing), err
	}
	return os.NewFile(uintptr(h), path), false, nil
}

// SyncFolder does nothing: NTFS journals names itself, and a folder cannot be flushed.
func SyncFolder(*os.File) error { return nil }
