package archive

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"

	"github.com/fundtrail/fundtrail"
)

// The log holds what was written since the segments were: a head of 64 bytes and then
// commits, each at a multiple of 64. A commit is there when its checksum is right.
//
//	 0  "FTCOMMIT"
//	 8  its number in the log, from 0       8
//	16  length of what follows the head     8
//	24  CRC-32C of what follows             4
//	28  CRC-32C of bytes 0 to 27            4
//	32  zeros up to 64
//	64  what it does, in JSON, then its segments, each from a multiple of 64
//
// Each commit is flushed before the next is begun, so only the last can be torn. Bytes
// that are no commit with a good one behind them are damage; without one they are a
// write that was cut short, which never was acknowledged.

const (
	logMagic    = "FTLEDLOG"
	commitMagic = "FTCOMMIT"
	frameHead   = 64
)

// A commitText is the JSON part of a commit: what is taken back, then what is added.
type commitText struct {
	Truncate []truncation `json:"truncate,omitempty"`
	Segments []int        `json:"segments,omitempty"` // lengths
	Coverage []coverage   `json:"coverage,omitempty"`
	Sources  []Source     `json:"sources,omitempty"`
	// Closed is set where a writer ended: a mark behind which nothing is torn, so that
	// damage before it is not taken for a write that was cut short.
	Closed bool `json:"closed,omitempty"`
}

type truncation struct {
	Chain  fundtrail.Chain `json:"chain"`
	Height int64           `json:"height"` // of the newest block that stays
	// Keep is the newest block of the segments that stay as they are. Blocks from there
	// to Height follow in a segment of the same commit, made anew.
	Keep int64 `json:"keep"`
}

func pad64(b []byte) []byte { return append(b, make([]byte, -len(b)&63)...) }

func logHead() []byte {
	return pad64(binary.LittleEndian.AppendUint32([]byte(logMagic), formatVersion))
}

func encodeCommit(seq uint64, c commitText, images [][]byte) ([]byte, error) {
	c.Segments = nil
	size := 0
	for _, im := range images {
		c.Segments = append(c.Segments, len(im))
		size += len(im) + 64
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	b := make([]byte, frameHead, frameHead+len(text)+128+size)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(text)))
	b = pad64(append(b, text...))
	for _, im := range images {
		b = pad64(append(b, im...))
	}
	copy(b, commitMagic)
	binary.LittleEndian.PutUint64(b[8:], seq)
	binary.LittleEndian.PutUint64(b[16:], uint64(len(b)-frameHead))
	binary.LittleEndian.PutUint32(b[24:], crc32.Checksum(b[frameHead:], castagnoli))
	binary.LittleEndian.PutUint32(b[28:], crc32.Checksum(b[:28], castagnoli))
	return b, nil
}

// commitAt returns the commit at the beginning of b, or nil.
func commitAt(b []byte) (seq uint64, body []byte) {
	if len(b) < frameHead || string(b[:8]) != commitMagic || crc32.Checksum(b[:28], castagnoli) != binary.LittleEndian.Uint32(b[28:]) ||
		!bytes.Equal(b[32:frameHead], make([]byte, frameHead-32)) {
		return 0, nil
	}
	n := binary.LittleEndian.Uint64(b[16:])
	if n > uint64(len(b)-frameHead) || crc32.Checksum(b[frameHead:frameHead+n], castagnoli) != binary.LittleEndian.Uint32(b[24:]) {
		return 0, nil
	}
	return binary.LittleEndian.Uint64(b[8:]), b[frameHead : frameHead+n]
}

// decodeCommit splits the body of a commit.
func decodeCommit(body []byte) (c commitText, images [][]byte, err error) {
	if len(body) < 8 {
		return c, nil, fmt.Errorf("a commit without text")
	}
	n := binary.LittleEndian.Uint64(body)
	if n > uint64(len(body)-8) {
		return c, nil, fmt.Errorf("a commit shorter than its text")
	}
	if err := json.Unmarshal(body[8:8+n], &c); err != nil {
		return c, nil, err
	}
	at := (8 + int(n) + 63) &^ 63
	for _, size := range c.Segments {
		if size < 0 || at > len(body) || size > len(body)-at {
			return c, nil, fmt.Errorf("a commit shorter than its segments")
		}
		images = append(images, body[at:at+size:at+size])
		at += (size + 63) &^ 63
	}
	return c, images, nil
}

// A logInfo says how far a log goes.
type logInfo struct {
	end  int64  // of the last good commit
	torn int64  // bytes behind that, of a write that was cut short
	seq  uint64 // of the next commit
}

// scanLog calls visit for each commit of a log, in order.
func scanLog(name string, b []byte, visit func(at int64, c commitText, images [][]byte) error) (info logInfo, err error) {
	if len(b) < frameHead || !bytes.Equal(b[:8], []byte(logMagic)) || !bytes.Equal(b[12:frameHead], make([]byte, frameHead-12)) {
		return info, damage(name, "not a ledger's log")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != formatVersion {
		return info, versionError(name, int(v))
	}
	at := frameHead
	for at < len(b) {
		seq, body := commitAt(b[at:])
		if body == nil || seq != info.seq {
			for next := at + frameHead; next < len(b); next += 64 {
				if seq, body := commitAt(b[next:]); body != nil && seq > info.seq {
					return info, damage(name, "bytes %d to %d, of commit %d, are not what was written", at, next-1, info.seq)
				}
			}
			info.torn = int64(len(b) - at)
			break
		}
		c, images, err := decodeCommit(body)
		if err != nil {
			return info, damage(name, "commit %d: %v", seq, err)
		}
		if err := visit(int64(at), c, images); err != nil {
			return info, err
		}
		info.seq++
		at += frameHead + len(body)
	}
	info.end = int64(at)
	return info, nil
}

// readLog adds a log's commits to the tails and to the state.
func readLog(f folder, st *state, t *tails, fail *failure) (logInfo, error) {
	b, err := f.Read(st.Log)
	if err != nil {
		return logInfo{}, err
	}
	info, err := scanLog(st.Log, b, func(at int64, c commitText, images [][]byte) error {
		name := fmt.Sprintf("%s, commit at byte %d", st.Log, at)
		for _, cut := range c.Truncate {
			if remade, err := t.of(cut.Chain).truncate(cut.Keep); remade != nil || err != nil {
				return damage(name, "it cuts a segment in two")
			}
			st.Coverage = cutCoverage(st.Coverage, cut.Chain, cut.Height)
		}
		for _, im := range images {
			s, err := openImage(name, im, fail)
			if err != nil {
				return err
			}
			if err := t.push(s); err != nil {
				return err
			}
		}
		st.Coverage = addCoverage(st.Coverage, c.Coverage)
		st.Sources = addSources(st.Sources, c.Sources)
		return nil
	})
	if err != nil {
		return info, err
	}
	for _, c := range t.chains {
		if err := c.compact(fail, true); err != nil {
			return info, err
		}
	}
	return info, nil
}

// compact merges segments that are in memory: the last two while they are of a size,
// so that there are few and each movement is seldom copied; with whole set, all.
func (c *tail) compact(fail *failure, whole bool) error {
	head := len(c.segments)
	for head > 0 && c.segments[head-1].hot == c.segments[head-1].cold {
		head--
	}
	from := len(c.segments)
	if whole {
		from = head
	} else {
		size := uint64(0)
		for from > head && uint64(c.segments[from-1].count) <= 2*size+64 || from == len(c.segments) && from > head {
			from--
			size += uint64(c.segments[from].count)
		}
	}
	if len(c.segments)-from < 2 {
		return nil
	}
	b, err := mergeImage(c.segments[from:])
	if err != nil {
		return err
	}
	s, err := openImage("the log", b, fail)
	if err != nil {
		return err
	}
	c.segments = append(c.segments[:from:from], s)
	return nil
}
