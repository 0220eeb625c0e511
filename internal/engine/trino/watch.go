package trino

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// watch is what is seen of one query as its answers pass.
type watch struct {
	id    atomic.Value // string
	bytes atomic.Int64 // read of storage so far
}

func (w *watch) queryID() string {
	id, _ := w.id.Load().(string)
	return id
}

type watchKey struct{}

// watcher is a transport that notes, for a request whose context has a watch, which query it is about and how much the
// query has read. The client tells neither: an error has no ID, and its progress may leave out the last.
type watcher struct{ next http.RoundTripper }

// maxStart is the most that is read of the answer to a statement: it says where to ask for rows, and has none.
const maxStart = 1 << 20

func (w *watcher) RoundTrip(req *http.Request) (*http.Response, error) {
	seen, _ := req.Context().Value(watchKey{}).(*watch)
	if seen == nil {
		return w.next.RoundTrip(req)
	}
	if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/v1/statement") {
		return w.start(req, seen)
	}
	resp, err := w.next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusOK && req.Method == http.MethodGet {
		resp.Body = &tail{ReadCloser: resp.Body, seen: seen}
	}
	return resp, err
}

// start sends the statement. Once it is on its way the caller's context does not end it: the server might have the query,
// and we no ID to end it by. The client sees that its context has ended with the next request, and by then there is one.
func (w *watcher) start(req *http.Request, seen *watch) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	resp, err := w.next.RoundTrip(req.WithContext(context.WithoutCancel(req.Context())))
	if err != nil {
		return nil, unreachable(err)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxStart))
	if e := resp.Body.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	var doc struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &doc) == nil && doc.ID != "" {
		seen.id.Store(doc.ID)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// dialError is a server that cannot be reached. The client tries that again for a while when it sees a *net.OpError;
// people want to know at once.
type dialError struct{ err error }

func unreachable(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return &dialError{err}
	}
	return err
}

func (e *dialError) Error() string        { return e.err.Error() }
func (e *dialError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *dialError) As(target any) bool {
	if dns, ok := target.(**net.DNSError); ok {
		return errors.As(e.err, dns)
	}
	return false
}

// tailSize is how much of the end of an answer is looked at: its statistics come after the rows, and are some kilobytes
// for each stage of a plan.
const tailSize = 256 << 10

// tail passes an answer on, and looks at its end.
type tail struct {
	io.ReadCloser
	seen *watch
	last []byte
	done bool
}

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if !t.done {
		t.last = append(t.last, p[:n]...)
		if len(t.last) > 2*tailSize {
			t.last = append(t.last[:0], t.last[len(t.last)-tailSize:]...)
		}
	}
	if err == io.EOF {
		t.look()
	}
	return n, err
}

// Close also looks: a JSON decoder stops at the end of the value, before it has seen the end of the body.
func (t *tail) Close() error {
	t.look()
	return t.ReadCloser.Close()
}

func (t *tail) look() {
	if t.done {
		return
	}
	t.done = true
	// In a text of a row the quotes would be escaped, and rows come before: the last one is the server's.
	_, stats, ok := cutLast(t.last, []byte(`,"stats":{`))
	if !ok {
		return
	}
	_, rest, ok := bytes.Cut(stats, []byte(`"physicalInputBytes":`))
	if !ok {
		return
	}
	end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if n, err := strconv.ParseInt(string(rest[:max(end, 0)]), 10, 64); err == nil && n > t.seen.bytes.Load() {
		t.seen.bytes.Store(n)
	}
	t.last = nil
}

func cutLast(b, sep []byte) (before, after []byte, ok bool) {
	i := bytes.LastIndex(b, sep)
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i+len(sep):], true
}
