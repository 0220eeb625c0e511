package source

import (
	"maps"
	"strings"
	"sync"
)

// Why a listing passes over something. Reasons are for people, in the plural.
const (
	SkipHidden    = "hidden files (name starts with . or _)"
	SkipMarker    = "folder markers"
	SkipTest      = "test objects of AWS"
	SkipForeign   = "logs of other AWS services"
	SkipWindow    = "objects outside the window"
	SkipLink      = "links to what is listed anyway"
	SkipIrregular = "not regular files"
	SkipLake      = "lakes of weir"
)

// Skipper is a Source that says what the listing that was begun last passed over: how many, by reason. A folder that is passed over
// as a whole counts as one; folders outside the window are left out without looking, and do not count.
type Skipper interface {
	Skipped() map[string]int
}

// Skips counts what a listing passes over. The zero value is ready; it may be used concurrently.
type Skips struct {
	mu sync.Mutex
	n  map[string]int
}

// Reset forgets the counts; a listing begins with it.
func (s *Skips) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n = map[string]int{}
}

// Add counts one thing that is passed over.
func (s *Skips) Add(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n == nil {
		s.n = map[string]int{}
	}
	s.n[reason]++
}

// Skipped gives the counts.
func (s *Skips) Skipped() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.n)
}

// NoLog says why an object of that key is no log, or "". Only what lies below root counts: who names a hidden folder,
// or another service's, wants what is in it. Root may be a folder, or the beginning of a name.
func NoLog(root, key string, size int64) string {
	if key == root && !strings.HasSuffix(key, "/") {
		return ""
	}
	if size == 0 && strings.HasSuffix(key, "/") {
		return SkipMarker
	}
	named := root[strings.LastIndexByte(root, '/')+1:]
	below := key[min(len(root)-len(named), len(key)):]
	for seg := range strings.SplitSeq(below, "/") {
		if IsHidden(seg) && named == "" {
			return SkipHidden
		}
		named = ""
	}
	dir, base := "", key
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		dir, base = key[:i], key[i+1:]
	}
	switch base {
	case "aws-logs-write-test", // an export of CloudWatch Logs
		"ELBAccessLogTestFile":
		return SkipTest
	}
	if scan(dir).foreign && !scan(strings.TrimSuffix(root, "/")).foreign {
		return SkipForeign
	}
	return ""
}

// IsHidden reports whether a file or folder of that name is passed over.
func IsHidden(name string) bool {
	return name != "" && (name[0] == '.' || name[0] == '_')
}
