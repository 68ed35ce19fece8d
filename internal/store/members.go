package store

import (
	"encoding/binary"
	"errors"
)

// The numbers of a version's parties, ascending, are kept as runs: how many numbers
// are skipped and how many follow each other, both as varints. Parties that came
// together have numbers in a row, so a version of 18,000 parties takes a few bytes.

// appendRuns appends ascending, distinct numbers.
func appendRuns(buf []byte, numbers []uint32) []byte {
	next := uint32(0)
	for i := 0; i < len(numbers); {
		n := 1
		for i+n < len(numbers) && numbers[i+n] == numbers[i]+uint32(n) {
			n++
		}
		buf = binary.AppendUvarint(buf, uint64(numbers[i]-next))
		buf = binary.AppendUvarint(buf, uint64(n))
		next = numbers[i] + uint32(n)
		i += n
	}
	return buf
}

var errRuns = errors.New("its list of parties cannot be read")

// readRuns reads count numbers below limit.
func readRuns(buf []byte, count, limit int) ([]uint32, error) {
	if count < 0 || count > limit {
		return nil, errRuns
	}
	numbers := make([]uint32, 0, count)
	next := uint64(0)
	for len(buf) > 0 {
		gap, n := binary.Uvarint(buf)
		if n <= 0 || gap > uint64(limit) || gap == 0 && next > 0 {
			return nil, errRuns
		}
		run, m := binary.Uvarint(buf[n:])
		if m <= 0 || run == 0 || run > uint64(count-len(numbers)) || next+gap+run > uint64(limit) {
			return nil, errRuns
		}
		buf = buf[n+m:]
		next += gap
		for range run {
			numbers = append(numbers, uint32(next))
			next++
		}
	}
	if len(numbers) != count {
		return nil, errRuns
	}
	return numbers, nil
}
