package archive_test

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"testing"
)

// peakMB is the most memory that the process had, in megabytes.
func peakMB() float64 {
	b, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := bytes.Cut(b, []byte("VmHWM:")); ok {
		var kb float64
		fmt.Sscan(string(rest), &kb)
		return kb / 1000
	}
	return 0
}

const dropFile = "/proc/sys/vm/drop_caches"

func canDrop() bool {
	f, err := os.OpenFile(dropFile, os.O_WRONLY, 0)
	if err == nil {
		f.Close()
	}
	return err == nil
}

// drop empties the page cache.
func drop(b *testing.B) {
	syscall.Sync()
	if err := os.WriteFile(dropFile, []byte("3"), 0); err != nil {
		b.Skip(err)
	}
}

// cpuSeconds is what the process has used of the processors. On a machine that others use
// too it tells more than the clock.
func cpuSeconds() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// waits counts how often the calling thread stopped to wait, as it does for a page that is
// not in memory.
func waits() int {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	syscall.Getrusage(thread, &u)
	return int(u.Nvcsw)
}
