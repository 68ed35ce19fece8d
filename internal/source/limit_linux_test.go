package source_test

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

// limitFiles lets no file of this process grow beyond a size.
func limitFiles() {
	if n, err := strconv.ParseUint(os.Getenv("FUNDTRAIL_TEST_FILE_SIZE"), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
	}
}
