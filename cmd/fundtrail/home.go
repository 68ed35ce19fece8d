package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/store"
)

// A homeFlag names the folder in which the program keeps its state.
type homeFlag struct{ dir string }

func (h *homeFlag) register(c *cobra.Command) {
	c.Flags().StringVar(&h.dir, "home", "", "the `FOLDER` in which lists are kept (default $FUNDTRAIL_HOME, else $XDG_DATA_HOME/fundtrail, else ~/.local/share/fundtrail)")
}

// path returns the folder: the flag's, the environment's, or the user's own.
func (h *homeFlag) path() (string, error) {
	for _, dir := range []string{h.dir, os.Getenv("FUNDTRAIL_HOME")} {
		if dir != "" {
			return filepath.Abs(dir)
		}
	}
	// The XDG rules: a path that is not absolute is to be ignored.
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "fundtrail"), nil
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return "", usage("there is no home folder (%v): say where to keep lists with --home", err)
	}
	return filepath.Join(dir, ".local", "share", "fundtrail"), nil
}

// open opens the store of lists, and makes it.
func (h *homeFlag) open(ctx context.Context) (*store.Store, error) {
	dir, err := h.path()
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, dir, store.Options{})
}

// read opens the store of lists for reading. Without one it says how to come by one.
func (h *homeFlag) read(ctx context.Context) (*store.Store, error) {
	dir, err := h.path()
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, dir, store.Options{ReadOnly: true})
	if errors.Is(err, fundtrail.ErrNotFound) {
		return nil, fmt.Errorf("no lists are kept in %s: import some with fundtrail lists import, or name another folder with --home: %w", dir, fundtrail.ErrNotFound)
	}
	return s, err
}
