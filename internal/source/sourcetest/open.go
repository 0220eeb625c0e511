package sourcetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"weir/internal/source"
)

func read(t *testing.T, s source.Source, o source.Object) ([]byte, error) {
	r, err := s.Open(t.Context(), o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func testOpen(t *testing.T, p Place) {
	contents := map[string][]byte{
		"empty.log": {},
		"one.log":   {0},
		"some.log":  content(1000, 1),
		"large.log": content(3<<20+7, 2),
	}
	for key, c := range contents {
		p.Put(t, key, c)
	}
	s := p.Source(t)
	for _, o := range list(t, s, all) {
		for key, want := range contents {
			if o.URI != p.URI(key) {
				continue
			}
			got, err := read(t, s, o)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes of %d, error %v", o.URI, len(got), len(want), err)
			}
			delete(contents, key)
		}
	}
	if len(contents) > 0 {
		t.Errorf("%d objects were not listed", len(contents))
	}
}

func testOpenConcurrently(t *testing.T, p Place) {
	want := map[string][]byte{}
	for i := range 20 {
		key := fmt.Sprintf("AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/%02d/%d.log", i%5+1, i)
		want[p.URI(key)] = content(50_000+i, uint64(i))
		p.Put(t, key, want[p.URI(key)])
	}
	s := p.Source(t)
	var wg sync.WaitGroup
	for range 2 { // each of them twice
		for _, o := range list(t, s, all) {
			wg.Go(func() {
				got, err := read(t, s, o)
				if err != nil || !bytes.Equal(got, want[o.URI]) {
					t.Errorf("%s: %d bytes of %d, error %v", o.URI, len(got), len(want[o.URI]), err)
				}
			})
		}
	}
	wg.Wait()
}

// objectError checks that the error is about that object alone, says so, and gives the reason.
func objectError(t *testing.T, err error, uri string, reason error) {
	t.Helper()
	var oe *source.ObjectError
	if !errors.As(err, &oe) || oe.URI != uri || !errors.Is(err, reason) {
		t.Errorf("got error %v, want an ObjectError of %s with %q", err, uri, reason)
	} else if !strings.HasPrefix(err.Error(), uri+": ") || !strings.Contains(err.Error(), reason.Error()) {
		t.Errorf("error text is %q", err)
	}
}

func testVanished(t *testing.T, p Place) {
	p.Put(t, "a/gone.log", []byte("flow"))
	p.Put(t, "a/here.log", []byte("flow"))
	s := p.Source(t)
	objects := list(t, s, all)
	p.Remove(t, "a/gone.log")
	for _, o := range objects {
		_, err := read(t, s, o)
		if o.URI == p.URI("a/gone.log") {
			objectError(t, err, o.URI, source.ErrVanished)
		} else if err != nil {
			t.Errorf("%s: %v", o.URI, err)
		}
	}
	if got := list(t, s, all); len(got) != 1 {
		t.Errorf("then lists %v", uris(got))
	}
}

func testChanged(t *testing.T, p Place) {
	p.Put(t, "a.log", []byte("old content"))
	s := p.Source(t)
	old := list(t, s, all)[0]
	p.Put(t, "a.log", []byte("new content, and longer"))
	now := list(t, s, all)[0]
	if now.URI != old.URI || now.Version == old.Version {
		t.Errorf("was %+v, is %+v", old, now)
	}
	_, err := read(t, s, old)
	objectError(t, err, old.URI, source.ErrChanged)
	if got, err := read(t, s, now); err != nil || string(got) != "new content, and longer" {
		t.Errorf("got %q, error %v", got, err)
	}
}
