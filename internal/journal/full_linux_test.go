package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/fundtrail/fundtrail"
)

const fullDir = "FUNDTRAIL_TEST_JOURNAL_FULL"

// TestNoRoom lets the system itself refuse to write: a process of its own may make no
// file longer than a limit, which is then lifted.
func TestNoRoom(t *testing.T) {
	if dir := os.Getenv(fullDir); dir != "" {
		writeToLimit(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestNoRoom$")
	cmd.Env = append(os.Environ(), fullDir+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if rep := verify(t, dir); rep.Err() != nil || rep.Records < 20 || rep.Torn != nil {
		t.Errorf("%+v", rep)
	}
}

func writeToLimit(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	low := was
	low.Cur = 20000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
		t.Fatal(err)
	}
	j := open(t, dir, Options{})
	body := fmt.Appendf(nil, `"%s"`, strings.Repeat("z", 1500))
	n := 0
	for ; n < 20; n++ {
		_, err := j.Append(context.Background(), body, day)
		if err != nil {
			if !errors.Is(err, fundtrail.ErrUnavailable) || !errors.Is(err, syscall.EFBIG) {
				t.Errorf("full: %v", err)
			}
			break
		}
	}
	if n < 5 || n == 20 || j.Head().Seq != uint64(n) {
		t.Fatalf("%d appended, head %v", n, j.Head())
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	add(t, j, 20)
}
