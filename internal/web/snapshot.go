package web

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
	"github.com/fundtrail/fundtrail/internal/store"
)

// Lists is where a server's lists come from: the store.
type Lists interface {
	Versions(ctx context.Context) ([]fundtrail.ListVersion, error)
	History(ctx context.Context) (*fundtrail.ListHistory, error)
	Attempts(ctx context.Context) ([]store.Attempt, error)
}

// An Asker answers questions, many at once, and never changes: a screen.Index.
type Asker interface {
	Ask(screen.Question) screen.Answer
}

// IndexOf makes the index of a history.
type IndexOf func(*fundtrail.ListHistory) Asker

// A Snapshot is the lists at one moment. It never changes.
type Snapshot struct {
	// ID follows from the versions' digests: servers with the same lists have the same.
	ID         string
	Generation uint64 // counts this server's exchanges of lists
	Loaded     time.Time
	History    *fundtrail.ListHistory
	Index      Asker

	encoder *screen.Encoder
}

// snapshotID names a set of versions.
func snapshotID(versions []fundtrail.ListVersion) string {
	h := sha256.New()
	for i := range versions {
		v := &versions[i]
		fmt.Fprintf(h, "%q %q %d ", v.List, v.Format, v.Covers)
		var clocks [16]byte
		binary.BigEndian.PutUint64(clocks[:], uint64(v.Published.Unix()))
		binary.BigEndian.PutUint64(clocks[8:], uint64(v.Received.Unix()))
		h.Write(clocks[:])
		h.Write(v.SHA256[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Reload looks whether the store's versions changed and, if they did, builds a new
// index and exchanges it. Requests under way end with the lists they began with.
// Only one Reload may run at a time: Run's loop, or a test.
func (s *Server) Reload(ctx context.Context) error {
	versions, err := s.opt.Lists.Versions(ctx)
	if err != nil {
		return fmt.Errorf("read the lists' versions: %w", err)
	}
	old := s.snapshot.Load()
	if old != nil && old.ID == snapshotID(versions) {
		return nil
	}
	if len(versions) == 0 && old != nil {
		return fmt.Errorf("the store holds no list any more; the lists of before stay in force: %w", fundtrail.ErrConflict)
	}
	history, err := s.opt.Lists.History(ctx)
	if err != nil {
		return fmt.Errorf("read the lists: %w", err)
	}
	start := time.Now()
	next := &Snapshot{ID: snapshotID(history.Versions), Generation: 1, Loaded: s.now().UTC(), History: history, Index: s.opt.Build(history)}
	if old != nil {
		next.Generation = old.Generation + 1
	}
	next.encoder = new(screen.Encoder)
	s.snapshot.Store(next)
	s.metrics.loaded(next)
	s.log.Info("lists loaded", "snapshot", next.ID, "generation", next.Generation, "lists", len(next.listNames()), "versions", len(history.Versions), "took", time.Since(start))
	return nil
}

// listNames are the lists that the snapshot has versions of, sorted.
func (n *Snapshot) listNames() (names []string) {
	for i := range n.History.Versions {
		names = append(names, n.History.Versions[i].List)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// newest returns, by list, the version last published, and when anything of the list
// last came in.
func (n *Snapshot) newest() (newest []*fundtrail.ListVersion, received []time.Time) {
	for i := range n.History.Versions {
		v := &n.History.Versions[i]
		last := len(newest) - 1
		if last < 0 || newest[last].List != v.List {
			newest, received = append(newest, v), append(received, v.Received)
			continue
		}
		if !v.Published.Before(newest[last].Published) {
			newest[last] = v
		}
		if v.Received.After(received[last]) {
			received[last] = v.Received
		}
	}
	return newest, received
}
