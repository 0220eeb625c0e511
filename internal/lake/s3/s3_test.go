package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/internal/lake"
	"weir/internal/source/s3test"
)

var _ lake.Store = (*Store)(nil)

func quick(o *sdk.Options) {
	o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
		r.MaxAttempts, r.RateLimiter, r.MaxBackoff = 8, ratelimit.None, 5*time.Millisecond
	})
}

func start(t *testing.T) (*s3test.Server, *Store) {
	t.Helper()
	srv := s3test.Start(t)
	srv.Bucket(t, "bkt")
	s, err := Open(t.Context(), srv.Client(srv.Endpoint, quick), "bkt", "some/lake")
	if err != nil {
		t.Fatal(err)
	}
	return srv, s
}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	r.Read(b)
	return b
}

func TestStore(t *testing.T) {
	srv, s := start(t)
	ctx := t.Context()
	srv.Put(t, "bkt", "some/lakeside", nil) // not ours
	for _, size := range []int{0, 1, partSize, 2*partSize + 5} {
		key, text := fmt.Sprint("a/", size), noise(size)
		if err := s.Put(ctx, key, bytes.NewReader(text), int64(size)); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Size(ctx, key); err != nil || n != int64(size) {
			t.Errorf("size of %d is %d, %v", size, n, err)
		}
		if got, err := s.Get(ctx, key); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
		}
		if size > 0 {
			part := make([]byte, (size+1)/2)
			if err := s.ReadAt(ctx, key, part, int64(size/2)); err != nil || !bytes.Equal(part, text[size/2:]) {
				t.Errorf("part of %d: %v", size, err)
			}
		}
	}
	var keys []string
	err := s.List(ctx, "a/", func(key string, n int64, at time.Time) {
		keys = append(keys, fmt.Sprint(key, "=", n))
		if time.Since(at) > time.Hour {
			t.Errorf("%s of %v", key, at)
		}
	})
	slices.Sort(keys)
	if want := fmt.Sprintf("a/0=0 a/%d=%d a/1=1 a/%d=%d", partSize, partSize, 2*partSize+5, 2*partSize+5); err != nil || strings.Join(keys, " ") != want {
		t.Errorf("list: %q, %v", keys, err)
	}
	if err := s.Delete(ctx, "a/1", "a/none"); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"Size": func() error { _, err := s.Size(ctx, "a/1"); return err }(),
		"Get":  func() error { _, err := s.Get(ctx, "a/1"); return err }(),
		"Read": s.ReadAt(ctx, "a/1", make([]byte, 1), 0),
	} {
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "s3://bkt/some/lake/a/1") {
			t.Errorf("%s of what is gone: %v", name, err)
		}
	}
	if err := s.ReadAt(ctx, "a/0", make([]byte, 1), 5); err == nil {
		t.Error("read past the end")
	}
}

// TestFaults reads and writes through a server that asks to slow down, cuts and shortens a third of its answers.
func TestFaults(t *testing.T) {
	srv, _ := start(t)
	p := srv.Faulty(t, s3test.Faults{Seed: 3, SlowDown: 0.1, Cut: 0.15, Short: 0.1,
		Only: func(r *http.Request) bool { return r.Method != http.MethodHead }})
	s, err := Open(t.Context(), srv.Client(p.Endpoint, quick), "bkt", "lake")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		key, text := fmt.Sprint("k/", i), noise(1000*i)
		if err := s.Put(t.Context(), key, bytes.NewReader(text), int64(len(text))); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), key); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("get %d: %d bytes, %v", i, len(got), err)
		}
		part := make([]byte, len(text))
		if err := s.ReadAt(t.Context(), key, part, 0); err != nil || !bytes.Equal(part, text) {
			t.Fatalf("read %d: %v", i, err)
		}
		n := 0
		if err := s.List(t.Context(), "k/", func(string, int64, time.Time) { n++ }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Unfinished(t.Context(), fmt.Sprint("k", i), time.Now(), true); err != nil {
			t.Fatal(err)
		}
	}
	if c := p.Counts(); c["503"] == 0 || c["cut"] == 0 || c["short"] == 0 {
		t.Errorf("nothing went wrong: %v", c)
	}
}

// TestUnfinished finds the parts that a killed writer left, and removes them when they are old enough.
func TestUnfinished(t *testing.T) {
	srv, s := start(t)
	client := srv.Client(srv.Endpoint)
	bucket, key := "bkt", "some/lake/data/x"
	if _, err := client.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	for _, c := range []struct {
		before time.Time
		abort  bool
		want   int
	}{{later.Add(-time.Hour), true, 0}, {later, false, 1}, {later, true, 1}, {later, true, 0}} {
		if n, err := s.Unfinished(t.Context(), "data/", c.before, c.abort); err != nil || n != c.want {
			t.Errorf("%+v: %d, %v", c, n, err)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	srv, _ := start(t)
	if _, err := Open(t.Context(), srv.Client(srv.Endpoint, quick), "nobucket", "p"); err == nil || !strings.Contains(err.Error(), "nobucket") {
		t.Errorf("no bucket: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, srv.Client(srv.Endpoint, quick), "bkt", "p"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestParseURI(t *testing.T) {
	for uri, want := range map[string]string{
		"s3://b/p":       "b p",
		"s3://b/p/q/":    "b p/q",
		"s3://b":         "name a prefix",
		"s3://b/":        "name a prefix",
		"s3:///p":        "want s3://bucket/prefix",
		"https://b/p":    "want s3://bucket/prefix",
		"s3://b/a//b":    "characters",
		"s3://b/../b":    "characters",
		"s3://b/100%25":  "characters",
		"s3://b/a?x=1#y": "characters",
	} {
		b, p, err := ParseURI(uri)
		if got := b + " " + p; err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v; want %s", uri, got, err, want)
		}
	}
}
