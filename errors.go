package fundtrail

import "errors"

// The sentinels every error of this module wraps, when a caller can act on it.
// Test with errors.Is; the text around them says what was being done, to what.
var (
	ErrNotFound    = errors.New("not found")
	ErrInvalid     = errors.New("invalid")
	ErrConflict    = errors.New("conflict")    // two facts or two records contradict each other
	ErrUnavailable = errors.New("unavailable") // an upstream did not answer
	ErrLimit       = errors.New("limit")       // a stated bound was reached
)

// The three ways a text fails to be an address. Each wraps ErrInvalid, and they
// are kept apart because a reader acts differently on each: mend the typo, ask
// for the other chain, or look at what was pasted.
var (
	ErrBadChecksum  = kind("bad checksum", ErrInvalid)
	ErrWrongNetwork = kind("wrong network", ErrInvalid)
	ErrUnknownForm  = kind("unknown form", ErrInvalid)
)

// ErrReorganised wraps ErrConflict: a chain has dropped blocks that it was seen to have.
// Who keeps them goes back to where the chains part, and reads on from there.
var ErrReorganised = kind("reorganised", ErrConflict)

// An errorKind is a sentinel that is also another, wider sentinel.
type errorKind struct {
	text string
	wide error
}

func kind(text string, wide error) error { return &errorKind{text, wide} }

func (e *errorKind) Error() string { return e.text }
func (e *errorKind) Unwrap() error { return e.wide }
