package web

import (
	"context"
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

// IndexOf makes the index of a history, which answers many at once and never changes.
type IndexOf func(*fundtrail.ListHistory) screen.Asker

// A Snapshot is the lists at one moment. It never changes.
type Snapshot struct {
	// ID follows from the versions' digests: servers with the same lists have the same.
	ID         string
	Generation uint64 // counts this server's exchanges of lists
	Loaded     time.Time
	History    *fundtrail.ListHistory
	Index      screen.Asker

	digest  [32]byte  // of the lists, as the decision record names them
	kept    keptLists // where the decision record has them
	encoder *screen.Encoder
}

// snapshotID names a set of versions by the beginning of the digest that the decision
// record knows them by.
func snapshotID(digest [32]byte) string { return hex.EncodeToString(digest[:8]) }

func (s *Server) listsDigest(versions []fundtrail.ListVersion) [32]byte {
	l := screen.ListsOf(&fundtrail.ListHistory{Versions: versions}, s.opt.Labels)
	return l.Digest()
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
	if old != nil && old.digest == s.listsDigest(versions) {
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
	digest := s.listsDigest(history.Versions)
	next := &Snapshot{ID: snapshotID(digest), digest: digest, Generation: 1, Loaded: s.now().UTC(), History: history, Index: s.opt.Build(history)}
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
