package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fundtrail": func() { os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the sessions in testdata. They are the program's manual in
// examples: each line is what a user would type.
func TestScripts(t *testing.T) {
	shared, _ := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data"))
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("DATA", shared)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond == "data" {
				_, err := os.Stat(shared)
				return err == nil, nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"edit":    edit,
			"unhex":   unhex,
			"publish": publish,
			"flip":    flip,

			"explorer": explorer,
		},
	})
}

// exits runs a command and holds it to an exit code: exits 3 fundtrail verify r.json
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		e := new(exec.ExitError)
		if !errors.As(err, &e) {
			ts.Fatalf("%v", err)
		}
		got = e.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// unhex writes the bytes that a file of hexadecimal digits tells: unhex FILE TO [XORKEY]
func unhex(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: unhex FILE TO [XORKEY]")
	}
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	raw, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	ts.Check(err)
	if len(args) > 2 {
		key, err := hex.DecodeString(args[2])
		ts.Check(err)
		for i := range raw {
			raw[i] ^= key[i%len(key)]
		}
	}
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[1])), 0o777))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), raw, 0o666))
}

// flip changes one bit in the middle of a folder's largest file: flip FOLDER
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: flip FOLDER")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	name, raw := "", []byte(nil)
	for _, e := range entries {
		at := filepath.Join(ts.MkAbs(args[0]), e.Name())
		if b, err := os.ReadFile(at); err == nil && len(b) > len(raw) {
			name, raw = at, b
		}
	}
	raw[len(raw)/2] ^= 1
	ts.Check(os.WriteFile(name, raw, 0o600))
}

// edit replaces the first occurrence of a text in a file: edit FILE OLD NEW [TO]
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: edit FILE OLD NEW [TO]")
	}
	raw, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	from := strings.ReplaceAll(args[1], `\n`, "\n")
	if !bytes.Contains(raw, []byte(from)) {
		ts.Fatalf("%s does not hold %q", args[0], from)
	}
	to := args[0]
	if len(args) > 3 {
		to = args[3]
	}
	ts.Check(os.WriteFile(ts.MkAbs(to), bytes.Replace(raw, []byte(from), []byte(strings.ReplaceAll(args[2], `\n`, "\n")), 1), 0o644))
}
