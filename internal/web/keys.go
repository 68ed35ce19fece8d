package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Scope is one thing that an API key may do. Scopes do not include one another.
type Scope string

const (
	ScopeScreen Scope = "screen" // screen addresses, names and texts
	ScopeLists  Scope = "lists"  // read the lists' versions and differences
	ScopeRecord Scope = "record" // read the decision record
	ScopeAdmin  Scope = "admin"  // read metrics, reload the lists
)

// Scopes are all scopes, in the order they are shown.
var Scopes = []Scope{ScopeScreen, ScopeLists, ScopeRecord, ScopeAdmin}

// An APIKey is what is kept of an API key: never the key itself, only its digest.
//
// The digest is a plain SHA-256. A slow hash (argon2, bcrypt) makes guessing of
// passwords expensive; these keys are 256 random bits, which no one guesses at any
// speed, and a slow hash would cost every request a tenth of a second.
type APIKey struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	SHA256  string    `json:"sha256"` // of the whole key as the caller sends it, hexadecimal
	Scopes  []Scope   `json:"scopes"`
	Rate    float64   `json:"rate,omitempty"` // items a second; 0: the server's own
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
}

// State says whether the key is good at a time: "valid", "expired" or "revoked".
func (k *APIKey) State(now time.Time) string {
	switch {
	case !k.Revoked.IsZero() && !now.Before(k.Revoked):
		return "revoked"
	case !k.Expires.IsZero() && !now.Before(k.Expires):
		return "expired"
	}
	return "valid"
}

// A KeyFile is the file that holds the API keys' digests. Its zero value is useless;
// set Path.
type KeyFile struct {
	Path string
	Now  func() time.Time // nil: time.Now
}

type keyFileBody struct {
	Format string   `json:"format"`
	Keys   []APIKey `json:"keys"`
}

const keyFormat = "fundtrail.keys/1"

// Load returns the keys, in the order they were made. A file that is not there has
// none. It refuses a file that others than its owner may read or write.
func (f *KeyFile) Load() ([]APIKey, error) {
	file, err := os.Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o: others than its owner may use it; run chmod 600 on it: %w", f.Path, mode, fundtrail.ErrInvalid)
	}
	var body keyFileBody
	d := json.NewDecoder(file)
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", f.Path, err, fundtrail.ErrInvalid)
	}
	if body.Format != keyFormat {
		return nil, fmt.Errorf("%s: format %q, this program reads %q: %w", f.Path, body.Format, keyFormat, fundtrail.ErrInvalid)
	}
	seen := map[string]bool{}
	for i := range body.Keys {
		k := &body.Keys[i]
		if sum, err := hex.DecodeString(k.SHA256); err != nil || len(sum) != sha256.Size || len(k.ID) != keyIDLetters || seen[k.ID] {
			return nil, fmt.Errorf("%s: key %d has no good id and digest of its own: %w", f.Path, i+1, fundtrail.ErrInvalid)
		}
		seen[k.ID] = true
		if err := checkScopes(k.Scopes); err != nil {
			return nil, fmt.Errorf("%s: key %s: %w", f.Path, k.ID, err)
		}
	}
	return body.Keys, nil
}

func checkScopes(scopes []Scope) error {
	if len(scopes) == 0 {
		return fmt.Errorf("a key without a scope may do nothing; give some of %s: %w", joinScopes(Scopes), fundtrail.ErrInvalid)
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes, s) {
			return fmt.Errorf("unknown scope %q; the scopes are %s: %w", s, joinScopes(Scopes), fundtrail.ErrInvalid)
		}
	}
	return nil
}

func joinScopes(scopes []Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}

// Add makes a key after the pattern of k (name, scopes, rate, expiry), keeps its
// digest, and returns the key itself, which is written nowhere.
func (f *KeyFile) Add(k APIKey) (secret string, kept APIKey, err error) {
	if strings.TrimSpace(k.Name) == "" || len(k.Name) > 100 {
		return "", k, fmt.Errorf("a key needs a name of 1 to 100 letters, to know it by: %w", fundtrail.ErrInvalid)
	}
	if err := checkScopes(k.Scopes); err != nil {
		return "", k, err
	}
	now := f.now()
	if !k.Expires.IsZero() && !k.Expires.After(now) {
		return "", k, fmt.Errorf("the key would have expired already at %s: %w", k.Expires.UTC().Format(time.RFC3339), fundtrail.ErrInvalid)
	}
	k.Scopes = slices.Compact(slices.Sorted(slices.Values(k.Scopes)))
	k.ID, secret = newKey()
	sum := sha256.Sum256([]byte(secret))
	k.SHA256, k.Created, k.Revoked = hex.EncodeToString(sum[:]), now, time.Time{}
	if !k.Expires.IsZero() {
		k.Expires = k.Expires.UTC().Truncate(time.Second)
	}
	err = f.change(func(keys []APIKey) ([]APIKey, error) { return append(keys, k), nil })
	return secret, k, err
}

// Revoke ends a key now; its line stays in the file.
func (f *KeyFile) Revoke(id string) (kept APIKey, err error) {
	return f.end(id, func(k *APIKey) {
		if k.Revoked.IsZero() {
			k.Revoked = f.now()
		}
	})
}

// Expire lets a key end at a time, or earlier where it already does.
func (f *KeyFile) Expire(id string, at time.Time) (kept APIKey, err error) {
	return f.end(id, func(k *APIKey) {
		if k.Expires.IsZero() || at.Before(k.Expires) {
			k.Expires = at.UTC().Truncate(time.Second)
		}
	})
}

func (f *KeyFile) end(id string, end func(*APIKey)) (kept APIKey, err error) {
	err = f.change(func(keys []APIKey) ([]APIKey, error) {
		i := slices.IndexFunc(keys, func(k APIKey) bool { return k.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("no key %q in %s; fundtrail keys list shows them: %w", id, f.Path, fundtrail.ErrNotFound)
		}
		end(&keys[i])
		kept = keys[i]
		return keys, nil
	})
	return kept, err
}

// change rewrites the file. The new file, which only one process can create, is the
// lock; renaming it is the change, so that a reader sees the old keys or the new.
func (f *KeyFile) change(edit func([]APIKey) ([]APIKey, error)) (err error) {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return err
	}
	next := f.Path + ".new"
	file, err := os.OpenFile(next, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists: another command is changing the keys; if none is running, remove that file: %w", next, fundtrail.ErrConflict)
	} else if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(next)
		}
	}()
	keys, err := f.Load()
	if err != nil {
		return err
	}
	if keys, err = edit(keys); err != nil {
		return err
	}
	body, err := json.MarshalIndent(keyFileBody{keyFormat, keys}, "", "\t")
	if err != nil {
		return err
	}
	if _, err := file.Write(append(body, '\n')); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(next, f.Path)
}

func (f *KeyFile) now() time.Time {
	if f.Now != nil {
		return f.Now().UTC().Truncate(time.Second)
	}
	return time.Now().UTC().Truncate(time.Second)
}

// A key is "ft_", an id that is no secret, "_", and 256 random bits in base64url. The
// fixed beginning lets scanners of leaked secrets find it.
const (
	keyPrefix    = "ft_"
	keyIDLetters = 8
	keyLetters   = len(keyPrefix) + keyIDLetters + 1 + 43
)

func newKey() (id, key string) {
	var b [keyIDLetters/2 + 32]byte
	rand.Read(b[:]) // never fails, by its documentation
	id = hex.EncodeToString(b[:keyIDLetters/2])
	return id, keyPrefix + id + "_" + base64.RawURLEncoding.EncodeToString(b[keyIDLetters/2:])
}
