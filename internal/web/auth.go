package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A caller is who asks: an API key, or everybody on a server without keys.
type caller struct {
	id, name string
	digest   [sha256.Size]byte
	scopes   []Scope
	expires  time.Time
	revoked  time.Time
	bucket   *bucket
}

// A keyring is one version of the API keys, by id. It never changes.
type keyring map[string]*caller

// newKeyring keeps what was used up of a key's rate when the keys are read again.
func newKeyring(keys []APIKey, rate float64, old keyring) keyring {
	ring := make(keyring, len(keys))
	for i := range keys {
		k := &keys[i]
		c := &caller{id: k.ID, name: k.Name, scopes: k.Scopes, expires: k.Expires, revoked: k.Revoked}
		hex.Decode(c.digest[:], []byte(k.SHA256)) // KeyFile.Load has checked it
		own := k.Rate
		if own == 0 {
			own = rate
		}
		c.bucket = newBucket(own)
		if before := old[k.ID]; before != nil && before.bucket.each == c.bucket.each {
			c.bucket = before.bucket
		}
		ring[k.ID] = c
	}
	return ring
}

// apiKey returns the key that a request shows: X-API-Key, or Authorization with
// Bearer or ApiKey. Never from the address line, which ends in logs.
func apiKey(r *http.Request) string {
	if v := r.Header["X-Api-Key"]; len(v) > 0 {
		return v[0]
	}
	if v := r.Header["Authorization"]; len(v) > 0 {
		scheme, key, _ := strings.Cut(v[0], " ")
		if strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "ApiKey") {
			return strings.TrimSpace(key)
		}
	}
	return ""
}

// authenticate finds the caller and holds them to scope and rate. cost is what the
// request is known to cost so far.
func (s *Server) authenticate(r *http.Request, scope Scope, now time.Time) (*caller, *Problem) {
	if s.opt.NoAuth {
		return s.everybody, nil
	}
	key := apiKey(r)
	if key == "" {
		return nil, problem(http.StatusUnauthorized, "unauthenticated", "send an API key in the header X-API-Key, or as Authorization: Bearer; fundtrail keys add makes one")
	}
	var c *caller
	if len(key) == keyLetters && strings.HasPrefix(key, keyPrefix) {
		c = (*s.keys.Load())[key[len(keyPrefix):len(keyPrefix)+keyIDLetters]]
	}
	if c == nil {
		return nil, badKey
	}
	var buf [keyLetters]byte
	copy(buf[:], key)
	sum := sha256.Sum256(buf[:])
	if subtle.ConstantTimeCompare(sum[:], c.digest[:]) != 1 {
		return nil, badKey
	}
	// Only who holds the key learns why it is no longer good.
	if !c.revoked.IsZero() && !now.Before(c.revoked) {
		return nil, problem(http.StatusUnauthorized, "unauthenticated", "the API key "+c.id+" was revoked at "+c.revoked.Format(time.RFC3339)+"; ask for a new one")
	}
	if !c.expires.IsZero() && !now.Before(c.expires) {
		return nil, problem(http.StatusUnauthorized, "unauthenticated", "the API key "+c.id+" expired at "+c.expires.Format(time.RFC3339)+"; ask for a new one")
	}
	if !slices.Contains(c.scopes, scope) {
		return nil, problem(http.StatusForbidden, "forbidden", "the API key "+c.id+" has the scopes "+joinScopes(c.scopes)+"; this needs "+string(scope))
	}
	return c, nil
}

var badKey = problem(http.StatusUnauthorized, "unauthenticated", "the API key is not one of this server's; look for a letter lost in copying, or ask for a new one")

// A bucket limits one caller's rate: it fills by one for each item and drains at the
// rate. It is kept as the time at which it will have drained (GCRA), one number that
// needs no lock. A request is let in while the bucket is below its brim, and may
// then overfill it, so that a large batch passes once and is paid for by waiting.
type bucket struct {
	each int64 // nanoseconds to drain one item; 0: no limit
	brim int64 // nanoseconds of draining that may be outstanding
	full atomic.Int64
}

func newBucket(perSecond float64) *bucket {
	if perSecond <= 0 {
		return &bucket{}
	}
	return &bucket{each: max(1, int64(float64(time.Second)/perSecond)), brim: int64(time.Second)}
}

// take lets a request in and charges one item; the rest is charged when it is known.
// Else it returns how long to wait.
func (b *bucket) take(now time.Time) (wait time.Duration) {
	if b.each == 0 {
		return 0
	}
	t := now.UnixNano()
	for {
		full := b.full.Load()
		// One item always fits an empty bucket, however slow it drains.
		if full-t > max(0, b.brim-b.each) {
			return time.Duration(full - t - max(0, b.brim-b.each))
		}
		if b.full.CompareAndSwap(full, max(full, t)+b.each) {
			return 0
		}
	}
}

// charge adds n items that a request turned out to hold.
func (b *bucket) charge(n int) {
	if b.each != 0 && n > 0 {
		b.full.Add(int64(n) * b.each)
	}
}
