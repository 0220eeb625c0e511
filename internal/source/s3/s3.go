// Package s3 is the source of objects in a bucket of S3, or of a server that speaks like it.
//
// Start at Source.List: discover (discover.go) finds the folders of days below the prefix, going down AWS's layout
// with as few requests as it can and leaving out what lies outside the window; then the folders are listed, many at
// once, and yielded in order (list.go). Source.Open reads an object and goes on where a connection was cut
// (open.go). NewClient (client.go) makes the client as flow logs need it.
//
// What must hold: a reader hands out all the bytes of the version that was listed, or an error, never fewer.
package s3

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"weir/internal/source"
)

// Config says which objects of which bucket. Client and Bucket must be given.
type Config struct {
	Client *sdk.Client
	Bucket string
	// Prefix is how the keys begin. It may end anywhere, also within a name; the key of one object means that one.
	Prefix        string
	RequesterPays bool // we pay for requests and transfer, as the owner of the bucket demands
	Parallel      int  // listings at once; 0 means 16
}

// Source is a bucket, or a part of it.
type Source struct {
	Config
	skips source.Skips

	region atomic.Pointer[string] // of the bucket, if it is not the client's

	// backoff is how long to wait before the nth retry, from 0; stall is how long a body may stay silent.
	backoff func(n int) time.Duration
	stall   time.Duration
	batch   int // objects in an unknown layout that are sorted at once
}

// New makes a source. It asks nothing of the server.
func New(c Config) (*Source, error) {
	switch {
	case c.Client == nil:
		return nil, errors.New("open bucket: no client")
	case c.Bucket == "":
		return nil, errors.New("open bucket: no name")
	}
	if c.Parallel <= 0 {
		c.Parallel = 16
	}
	return &Source{Config: c, backoff: backoff, stall: time.Minute, batch: 1 << 14}, nil
}

// Skipped implements source.Skipper.
func (s *Source) Skipped() map[string]int { return s.skips.Skipped() }

// ParseURI takes s3://bucket/prefix apart. The prefix may be empty.
func ParseURI(uri string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("read source %q: want s3://bucket/prefix", uri)
	}
	return bucket, prefix, nil
}

func (s *Source) uri(key string) string { return "s3://" + s.Bucket + "/" + key }

func (s *Source) payer() types.RequestPayer {
	if s.RequesterPays {
		return types.RequestPayerRequester
	}
	return ""
}

// backoff doubles from 100 ms up to 10 s, with jitter, since whatever made one connection fail made others fail, too.
func backoff(n int) time.Duration {
	d := min(100*time.Millisecond<<min(n, 10), 10*time.Second)
	return d/2 + rand.N(d/2)
}

// sleep waits, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
