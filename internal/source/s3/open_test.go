package s3

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/internal/source"
	"weir/internal/source/s3test"
)

// impatient is a client that retries as ours does, only sooner.
func impatient(server *s3test.Server, endpoint string) *sdk.Client {
	return server.Client(endpoint, func(o *sdk.Options) {
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.RateLimiter = maxAttempts, ratelimit.None
			r.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
}

func noise(n int, seed uint64) []byte {
	rnd := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	b := make([]byte, n)
	rnd.Read(b)
	return b
}

func read(t *testing.T, s *Source, o source.Object) ([]byte, error) {
	r, err := s.Open(t.Context(), o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func objects(t *testing.T, s *Source) []source.Object {
	t.Helper()
	var got []source.Object
	for o, err := range s.List(t.Context(), source.Window{}) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		got = append(got, o)
	}
	return got
}

// Whatever the network does, each object arrives whole, whether it is read at once or in small pieces.
func TestFaultsIntact(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	want := map[string][]byte{}
	for i := range 60 {
		key := fmt.Sprintf("AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/11/%02d/%d.log", 1+i%7, i)
		want[p.URI(key)] = noise(i*i*100, uint64(i))
		p.Put(t, key, want[p.URI(key)])
	}
	proxy := server.Faulty(t, s3test.Faults{Seed: 1, SlowDown: 0.15, Cut: 0.2, Short: 0.2, Stall: 0.02})
	p.client = impatient(server, proxy.Endpoint)
	s := p.open(t, "")
	s.stall = 200 * time.Millisecond
	start := time.Now()
	var wg sync.WaitGroup
	n := 0
	for o, err := range s.List(t.Context(), source.Window{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		wg.Go(func() {
			got, err := read(t, s, o)
			if err != nil || !bytes.Equal(got, want[o.URI]) {
				t.Errorf("%s: %d bytes of %d, intact %v, error %v", o.URI, len(got), len(want[o.URI]), bytes.Equal(got, want[o.URI]), err)
			}
		})
	}
	wg.Wait()
	if n != len(want) {
		t.Errorf("%d objects of %d", n, len(want))
	}
	if d := time.Since(start); d > 15*time.Second {
		t.Errorf("took %v: silent connections were not given up", d)
	}
	t.Log("answers:", proxy.Counts())
	for _, f := range []string{"503", "cut", "short", "stall"} {
		if proxy.Counts()[f] == 0 {
			t.Errorf("no answer was %s", f)
		}
	}
}

// A body that never comes whole is an error, after what there is; it is never passed off as the end.
func TestShortForGood(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	body := noise(1000, 1)
	p.Put(t, "a.log", body)
	o := objects(t, p.open(t, ""))[0]
	for name, f := range map[string]s3test.Faults{"cut": {Cut: 1}, "short": {Short: 1}} {
		proxy := server.Faulty(t, f)
		// The client must not ask again where the answer was cut: that is what the reader does.
		broken := p
		broken.client = impatient(server, proxy.Endpoint)
		got, err := read(t, broken.open(t, ""), o)
		var oe *source.ObjectError
		if len(got) == len(body) {
			continue // luck: each answer was a part, and together they were the whole
		}
		if !errors.As(err, &oe) || oe.URI != o.URI || !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.HasPrefix(body, got) {
			t.Errorf("%s: %d bytes, error %v", name, len(got), err)
		}
		if n := proxy.Counts()[name]; n > maxResumes+1 {
			t.Errorf("%s: %d requests", name, n)
		}
	}
}

func TestSlowReader(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	body := noise(3<<20, 1)
	p.Put(t, "a.log", body)
	s := p.open(t, "")
	s.stall = 20 * time.Millisecond
	r, err := s.Open(t.Context(), objects(t, s)[0])
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got bytes.Buffer
	for range 3 {
		if _, err := io.CopyN(&got, r, 1<<20); err != nil {
			t.Fatal(err)
		}
		<-time.After(3 * s.stall) // what is slow is the reader, which is no fault of the connection
	}
	if n, err := io.Copy(&got, r); n != 0 || err != nil || !bytes.Equal(got.Bytes(), body) {
		t.Errorf("%d bytes of %d, error %v", got.Len(), len(body), err)
	}
}

// AWS labels some objects as gzip, which HTTP clients like to undo. Ours is the business of who reads.
func TestContentEncoding(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, strings.Repeat("flow\n", 1000))
	z.Close()
	server.Put(t, p.bucket, "a.log.gz", zipped.Bytes(), func(in *sdk.PutObjectInput) { in.ContentEncoding = aws.String("gzip") })
	s := p.open(t, "")
	if got, err := read(t, s, objects(t, s)[0]); err != nil || !bytes.Equal(got, zipped.Bytes()) {
		t.Errorf("%d bytes of %d, error %v", len(got), zipped.Len(), err)
	}
}

func TestOpenErrors(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	p.Put(t, "a.log", []byte("flow"))
	p.Put(t, "b.log", []byte("flow"))
	server.Policy(t, "logs", `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": "`+server.NobodyAccessKey+`", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::logs"},
		{"Effect": "Allow", "Principal": "`+server.NobodyAccessKey+`", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/b*"}]}`)
	nobody := *server
	nobody.AccessKey, nobody.SecretKey = server.NobodyAccessKey, server.NobodySecretKey
	p.client = nobody.Client(server.Endpoint)
	s := p.open(t, "")
	got := objects(t, s)
	if len(got) != 2 {
		t.Fatalf("got %v", got)
	}
	_, err := read(t, s, got[0])
	var oe *source.ObjectError
	if !errors.As(err, &oe) || !errors.Is(err, source.ErrDenied) ||
		!strings.HasPrefix(err.Error(), "s3://logs/a.log: access denied (AccessDenied: ") {
		t.Errorf("denied: %v", err)
	}
	if b, err := read(t, s, got[1]); err != nil || string(b) != "flow" {
		t.Errorf("allowed: %q, %v", b, err)
	}

	// Wrong credentials are wrong for every object: that is not the object's error.
	nobody.SecretKey = "wrong"
	p.client = nobody.Client(server.Endpoint)
	if _, err := read(t, p.open(t, ""), got[1]); err == nil || errors.As(err, &oe) || !strings.Contains(err.Error(), "s3://logs/b.log: SignatureDoesNotMatch") {
		t.Errorf("wrong key: %v", err)
	}
	if _, err := s.Open(t.Context(), source.Object{URI: "s3://other/a.log"}); !errors.As(err, &oe) {
		t.Errorf("another bucket: %v", err)
	}
	r, err := s.Open(t.Context(), got[1])
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("read after close: %v", err)
	}
}

// The ETag may stay when the length does not, on servers that are not careful. And the ETag guards a resumed read.
func TestChangedInTheMiddle(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	body := noise(200_000, 1)
	p.Put(t, "a.log", body)
	once := true
	var mu sync.Mutex
	proxy := server.Faulty(t, s3test.Faults{Cut: 1, Only: func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		was := once
		once = once && !strings.HasSuffix(r.URL.Path, "a.log")
		return was && !once
	}})
	p.client = impatient(server, proxy.Endpoint)
	s := p.open(t, "")
	o := objects(t, s)[0]
	s.backoff = func(int) time.Duration { // between the cut and the next request
		p.Put(t, "a.log", noise(200_000, 2))
		return 0
	}
	got, err := read(t, s, o)
	var oe *source.ObjectError
	if !errors.As(err, &oe) || !errors.Is(err, source.ErrChanged) || !bytes.HasPrefix(body, got) {
		t.Errorf("%d bytes, error %v", len(got), err)
	}

	o = objects(t, s)[0]
	o.Size--
	if _, err := read(t, s, o); !errors.Is(err, source.ErrChanged) {
		t.Errorf("longer than listed: %v", err)
	}
}
