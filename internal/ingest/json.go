package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// A scanner reads one JSON object without building anything. The standard library's
// decoder allocates for each value and takes several times as long.
type scanner struct {
	text []byte
	at   int
}

// maxDepth bounds nesting: no table nests deeper than a list of objects.
const maxDepth = 100

// object reads the object that is the whole text. It calls member for each of its
// members; kind is the value's first byte ('"', '{', '[', 't', 'f', 'n', or a digit or
// minus). Keys and texts come unescaped, other values as they are written. The error
// of member is returned as it is.
func (s *scanner) object(member func(key, value []byte, kind byte) error) error {
	if s.space() != '{' {
		return s.want("an object")
	}
	if err := s.members(0, member); err != nil {
		return err
	}
	if s.space(); s.at < len(s.text) {
		return s.want("nothing after the object")
	}
	return nil
}

func (s *scanner) want(what string) error {
	return fmt.Errorf("not JSON: byte %d: want %s: %w", s.at+1, what, fundtrail.ErrInvalid)
}

// space skips white space and returns the byte after it, 0 at the end.
func (s *scanner) space() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// members reads an object from its opening brace. With a nil member it only checks.
func (s *scanner) members(depth int, member func(key, value []byte, kind byte) error) error {
	s.at++
	if s.space() == '}' {
		s.at++
		return nil
	}
	for {
		if s.space() != '"' {
			return s.want("a key")
		}
		key, err := s.str(member != nil)
		if err != nil {
			return err
		}
		if s.space() != ':' {
			return s.want("a colon")
		}
		s.at++
		kind := s.space()
		value, err := s.value(depth, member != nil)
		if err != nil {
			return err
		}
		if member != nil {
			if err := member(key, value, kind); err != nil {
				return err
			}
		}
		switch s.space() {
		case ',':
			s.at++
		case '}':
			s.at++
			return nil
		default:
			return s.want("a comma or a closing brace")
		}
	}
}

func (s *scanner) value(depth int, keep bool) ([]byte, error) {
	start := s.at
	switch c := s.space(); {
	case c == '"':
		return s.str(keep)
	case c == '{':
		if depth == maxDepth {
			return nil, s.want("less nesting")
		}
		if err := s.members(depth+1, nil); err != nil {
			return nil, err
		}
	case c == '[':
		if depth == maxDepth {
			return nil, s.want("less nesting")
		}
		if err := s.list(depth + 1); err != nil {
			return nil, err
		}
	case c == '-' || c >= '0' && c <= '9':
		if err := s.number(); err != nil {
			return nil, err
		}
	default:
		for _, word := range []string{"null", "true", "false"} {
			if bytes.HasPrefix(s.text[s.at:], []byte(word)) {
				s.at += len(word)
				return s.text[start:s.at], nil
			}
		}
		return nil, s.want("a value")
	}
	return s.text[start:s.at], nil
}

func (s *scanner) list(depth int) error {
	s.at++
	if s.space() == ']' {
		s.at++
		return nil
	}
	for {
		s.space()
		if _, err := s.value(depth, false); err != nil {
			return err
		}
		switch s.space() {
		case ',':
			s.at++
		case ']':
			s.at++
			return nil
		default:
			return s.want("a comma or a closing bracket")
		}
	}
}

func (s *scanner) number() error {
	digits := func() error {
		start := s.at
		for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
			s.at++
		}
		if s.at == start {
			return s.want("a digit")
		}
		return nil
	}
	is := func(chars string) bool {
		return s.at < len(s.text) && bytes.IndexByte([]byte(chars), s.text[s.at]) >= 0
	}
	if is("-") {
		s.at++
	}
	if is("0") {
		s.at++
	} else if err := digits(); err != nil {
		return err
	}
	if is(".") {
		s.at++
		if err := digits(); err != nil {
			return err
		}
	}
	if is("eE") {
		s.at++
		if is("+-") {
			s.at++
		}
		return digits()
	}
	return nil
}

// str reads a text from its opening quote.
func (s *scanner) str(keep bool) ([]byte, error) {
	start := s.at
	escaped := false
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			if !escaped {
				return s.text[start+1 : s.at-1], nil
			}
			// Escapes are rare in these tables, so the library may read them.
			var text string
			if err := json.Unmarshal(s.text[start:s.at], &text); err != nil {
				return nil, fmt.Errorf("not JSON: byte %d: %v: %w", start+1, err, fundtrail.ErrInvalid)
			}
			if !keep {
				return nil, nil
			}
			return []byte(text), nil
		case c == '\\':
			escaped = true
			s.at++
		case c < ' ':
			return nil, s.want("a text without control characters")
		}
	}
	s.at = start
	return nil, s.want("a text with a closing quote")
}
