// Package s3 keeps the files of a lake in Amazon S3, or a server that speaks its protocol.
//
// Start at Open. It is one client over aws-sdk-go-v2 for all that the lake reads and writes; Iceberg's own way to S3
// would bring three clouds' libraries. It leaves to package lake what lies where. What must hold: an object is stored
// whole or not at all, bytes read are all that were asked for, and what is worth trying again is tried again.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Store is a prefix of a bucket. It implements lake.Store.
type Store struct {
	client *s3.Client
	bucket string
	prefix string // ends in a slash, unless it is empty
	region func(*s3.Options)
}

// ParseURI splits s3://bucket/prefix. A lake must not fill the root of a bucket by a slip of the hand, so that the
// prefix must be given.
func ParseURI(uri string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	prefix = strings.Trim(prefix, "/")
	switch {
	case !ok || bucket == "":
		return "", "", fmt.Errorf("lake %s: want s3://bucket/prefix", uri)
	case prefix == "":
		return "", "", fmt.Errorf("lake %s: name a prefix, s3://%s/lake: a lake has a prefix to itself", uri, bucket)
	case strings.ContainsAny(prefix, "?#%*\\") || strings.Contains(prefix, "//") || strings.Contains("/"+prefix+"/", "/../") || strings.Contains("/"+prefix+"/", "/./"):
		return "", "", fmt.Errorf("lake %s: the prefix has characters that engines read in different ways", uri)
	}
	return bucket, prefix, nil
}

// Open makes the store of a bucket and prefix, as ParseURI gives them. The region of the bucket is found out.
func Open(ctx context.Context, client *s3.Client, bucket, prefix string) (*Store, error) {
	s := &Store{client: client, bucket: bucket, prefix: prefix + "/", region: func(*s3.Options) {}}
	_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) {
		// No answer at all will be the error of what is asked next, unless it is that nobody wants one any more.
		return s, ctx.Err()
	}
	region := answer.Response.Header.Get("X-Amz-Bucket-Region")
	if region != "" && region != client.Options().Region {
		s.region = func(o *s3.Options) { o.Region = region }
		return s, nil
	}
	// Who may read objects need not be allowed to ask for the bucket; one that is not there is not there.
	if answer.HTTPStatusCode() == http.StatusNotFound {
		return nil, fmt.Errorf("open s3://%s: %w", bucket, &smithy.GenericAPIError{Code: "NoSuchBucket", Message: "no such bucket"})
	}
	return s, nil
}

// URI is where the store is, without a slash at the end.
func (s *Store) URI() string { return "s3://" + s.bucket + "/" + strings.TrimSuffix(s.prefix, "/") }

func (s *Store) key(key string) *string {
	k := s.prefix + key
	return &k
}

// fail says of an error which object it is about, and makes that an object is not there recognisable.
func (s *Store) fail(doing, key string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NotFound":
			err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
	}
	return fmt.Errorf("%s %s/%s: %w", doing, s.URI(), key, err)
}

// Size is the size of an object in bytes.
func (s *Store) Size(ctx context.Context, key string) (int64, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.key(key)}, s.region)
	if err != nil {
		return 0, s.fail("look at", key, err)
	}
	if out.ContentLength == nil {
		return 0, s.fail("look at", key, errors.New("no length in the answer"))
	}
	return *out.ContentLength, nil
}

// Delete removes objects. It is fine if they are gone.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if _, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.key(key)}, s.region); err != nil {
			if err := s.fail("remove", key, err); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// List finds the objects whose keys begin with prefix.
func (s *Store) List(ctx context.Context, prefix string, found func(key string, bytes int64, modified time.Time)) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.key(prefix)})
	for pages.HasMorePages() {
		var page *s3.ListObjectsV2Output
		err := s.again(ctx, func() (err error) {
			page, err = pages.NextPage(ctx, s.region)
			return cutAnswer(err)
		})
		if err != nil {
			return s.fail("list", prefix, err)
		}
		for _, o := range page.Contents {
			if o.Key == nil || o.Size == nil || o.LastModified == nil {
				continue
			}
			if key, ok := strings.CutPrefix(*o.Key, s.prefix); ok && !strings.HasSuffix(key, "/") {
				found(key, *o.Size, *o.LastModified)
			}
		}
	}
	return nil
}

// A connection that ends early is made good by asking for the rest, so often in a row, after waiting a little longer
// each time. The SDK tries again what fails before the body begins.
const (
	maxCuts  = 8
	firstCut = 50 * time.Millisecond
	// stall is for how long nothing may come.
	stall = 30 * time.Second
)

// ReadAt fills p with the bytes of an object from off on.
func (s *Store) ReadAt(ctx context.Context, key string, p []byte, off int64) error {
	cuts := 0
	for done := 0; done < len(p); {
		n, err := s.readSome(ctx, key, p[done:], off+int64(done))
		done += n
		if err == nil {
			continue
		}
		if n > 0 {
			cuts = 0
		}
		if cuts++; cuts > maxCuts || ctx.Err() != nil || !errors.As(err, new(cutError)) {
			return s.fail("read", key, err)
		}
		if err := wait(ctx, firstCut<<(cuts-1)); err != nil {
			return s.fail("read", key, err)
		}
	}
	return nil
}

// cutError is an error after which it makes sense to ask for the rest.
type cutError struct{ error }

func (e cutError) Unwrap() error { return e.error }

// cutAnswer marks the error of an answer that the server began, and whose end did not come: the SDK does not ask again.
func cutAnswer(err error) error {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusOK && !errors.As(err, new(smithy.APIError)) {
		return cutError{err}
	}
	return err
}

// readSome reads what one request brings.
func (s *Store) readSome(ctx context.Context, key string, p []byte, off int64) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	part := fmt.Sprintf("bytes=%d-%d", off, off+int64(len(p))-1)
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: s.key(key), Range: &part}, s.region)
	if err != nil {
		return 0, err
	}
	defer out.Body.Close()
	if out.ContentRange == nil && off > 0 {
		return 0, errors.New("the server does not send parts of objects")
	}
	return readFull(out.Body, p, cancel)
}

// readFull fills p, giving up a connection on which nothing comes.
func readFull(r io.Reader, p []byte, cancel context.CancelFunc) (int, error) {
	silence := time.AfterFunc(stall, cancel)
	defer silence.Stop()
	n := 0
	for n < len(p) {
		m, err := r.Read(p[n:])
		n += m
		if n == len(p) {
			break
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return n, cutError{err}
		}
		silence.Reset(stall)
	}
	return n, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// maxWhole bounds an object that is read as a whole, in bytes. Metadata of a table with 100,000 snapshots has 100 MB.
const maxWhole = 1 << 30

// Get returns a whole object, whose checksum is compared if it was stored with one, as Put does.
func (s *Store) Get(ctx context.Context, key string) (text []byte, err error) {
	err = s.again(ctx, func() error {
		text, err = s.get(ctx, key)
		return err
	})
	return text, s.fail("read", key, err)
}

func (s *Store) get(ctx context.Context, key string) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &s.bucket, Key: s.key(key), ChecksumMode: types.ChecksumModeEnabled}, s.region)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	if out.ContentLength == nil || *out.ContentLength > maxWhole {
		return nil, fmt.Errorf("it is larger than %d bytes, or of unknown length", maxWhole)
	}
	text := make([]byte, *out.ContentLength)
	if _, err := readFull(out.Body, text, cancel); err != nil {
		return nil, err
	}
	// The end must be seen, not assumed: there the SDK compares the checksum.
	if n, err := out.Body.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, cutError{fmt.Errorf("the end is not as it should be: %w", err)}
	}
	return text, nil
}

// again does what may be cut short until it is not, or was so too often.
func (s *Store) again(ctx context.Context, do func() error) error {
	for cuts := 0; ; cuts++ {
		err := do()
		if err == nil || cuts == maxCuts || ctx.Err() != nil || !errors.As(err, new(cutError)) {
			return err
		}
		if err := wait(ctx, firstCut<<cuts); err != nil {
			return err
		}
	}
}
