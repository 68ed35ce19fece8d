package archive

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/fundtrail/fundtrail"
)

const fullDir = "FUNDTRAIL_TEST_ARCHIVE_FULL"

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
	order, blocks := endless()
	var held []fundtrail.Transaction
	for _, k := range order[:60] {
		held = append(held, blocks[k]...)
	}
	if dump(openT(t, dir)) != dump(sealed(t, held, nil, nil)) {
		t.Error("what is there is not what was written")
	}
	if check, err := Fsck(dir, true); err != nil || len(check.Problems) > 0 {
		t.Errorf("fsck: %v %v", err, check)
	}
}

func writeToLimit(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limit := func(n uint64) {
		low := was
		low.Cur = n
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &low); err != nil {
			t.Fatal(err)
		}
	}
	limit(20_000)
	w, err := OpenWriter(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	order, blocks := endless()
	refused := 0
	for i := 0; i < 60; i++ {
		k := order[i]
		err := w.Append(Batch{Facts: sealed(t, blocks[k], nil, w)})
		if err == nil {
			continue
		}
		if !errors.Is(err, fundtrail.ErrUnavailable) || !errors.Is(err, syscall.EFBIG) || i < 3 {
			t.Fatalf("full after %d blocks: %v", i, err)
		}
		if r, err := Open(dir); err != nil || int(r.Size()) == 0 {
			t.Fatalf("full: reading: %v", err)
		} else {
			r.Close()
		}
		if refused++; refused == 2 {
			limit(was.Cur)
		}
		i-- // again, first in vain
	}
	if refused != 2 {
		t.Fatalf("refused %d times", refused)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
