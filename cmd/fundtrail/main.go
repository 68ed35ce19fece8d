// Fundtrail follows stolen crypto from the theft to where it can be stopped, and
// proves every step.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes. They are part of the interface: scripts depend on them.
const (
	exitOK    = 0
	exitError = 1 // the command could not be carried out
	exitUsage = 2 // the command line makes no sense
	exitFound = 3 // screen: something matched; verify: something is not verified
)

const exitCodes = `
Exit codes: 0 done; 1 an error, or a screening that could not be answered; 2 a command
line that makes no sense; 3 something was found: a match, a change for a customer,
something that is not verified.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program, callable from tests.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitError
	if e := new(exitCode); errors.As(err, &e) {
		code = e.code
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("stopped before it was done; nothing was written")
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(stderr, "fundtrail:", text)
	}
	return code
}

// An exitCode is an error that the program ends with a code of its own for.
type exitCode struct {
	code int
	err  error
}

func (e *exitCode) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitCode) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitCode{exitUsage, fmt.Errorf(format+"\nSee fundtrail help.", args...)}
}

// version is set by the build of a release; else it is the module's.
var version = ""

func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "fundtrail",
		Short: "Follow stolen crypto to where it can be stopped, and screen against every list",
		Long: `Fundtrail follows stolen crypto from the theft to where it can be stopped, and
proves every step. It screens addresses, names and texts against every version of
every sanctions list: today, on any past day, and by what was known then.

It keeps four things apart: facts (a ledger records them), claims (somebody says
them, with source and confidence), inferences (our methods conclude them) and
casework. "Not seen" is never "clean", and an unknown price is "unpriced".
` + exitCodes,
		Example: `  fundtrail trace ronin-bridge
  fundtrail trace ronin-bridge --ledger transactions.csv.gz --format html -o ronin.html
  fundtrail verify ronin.json --ledger transactions.csv.gz

  fundtrail lists import sdn.xml un-consolidated.xml
  fundtrail screen 0x722122dF12D4e14e13Ac3b6895a86e84145b6967 "Lazarus Group"`,
		Version:       programVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			near := c.SuggestionsFor(args[0])
			if len(near) > 0 {
				return usage("unknown command %q; near it: %s", args[0], strings.Join(near, ", "))
			}
			return usage("unknown command %q", args[0])
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(newTrace(), newVerify(), newMixer(), newCoinJoin(), newBridge(), newLedger(), newSync(), newIncidents(), newIncident(), newActor(), newDocket(), newActions(), newTimeline(), newStats(), newBrief(), newScreen(), newRescreen(), newScreenings(), newLists(), newServe(), newKeys())
	return root
}
