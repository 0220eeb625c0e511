package source

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestStdin(t *testing.T) {
	s := Stdin(strings.NewReader("flow"), at(2026, 11, 20, 12, 0))
	var got []Object
	for o, err := range s.List(t.Context(), Window{End: time.Unix(0, 0)}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, o)
	}
	if len(got) != 1 || got[0].URI != "-" || got[0].Size != -1 || got[0].Version != "stream-2026-11-20T12:00:00Z" {
		t.Fatalf("got %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := s.Open(ctx, got[0])
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 2)
	if _, err := io.ReadFull(r, b); err != nil || string(b) != "fl" {
		t.Errorf("got %q, %v", b, err)
	}
	cancel()
	if _, err := r.Read(b); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	var oe *ObjectError
	if _, err := s.Open(t.Context(), got[0]); !errors.As(err, &oe) {
		t.Errorf("opened again: %v", err)
	}
	for o := range s.List(t.Context(), Window{}) {
		t.Errorf("listed again, when read: %+v", o)
	}
}

func TestObjectErrorText(t *testing.T) {
	for _, c := range []struct{ uri, want string }{
		{"s3://b/日本 a%.log", "s3://b/日本 a%.log: gone"},
		{"s3://b/\x1b[31m\n", `s3://b/\x1b[31m\n: gone`},
		{"s3://b/\xff", `s3://b/\xff: gone`},
		{"s3://b/\u202e", `s3://b/\u202e: gone`},
	} {
		if got := (&ObjectError{c.uri, errors.New("gone")}).Error(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
