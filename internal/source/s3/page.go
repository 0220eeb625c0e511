package s3

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"weir/internal/source"
)

// page is one answer of a listing: at most 1000 keys and folders.
type page struct {
	folders []string
	objects []item
}

// item is an object of a listing, before we know whether it is wanted.
type item struct {
	key, etag string
	size      int64
	modTime   time.Time
	day       time.Time // by the key
	archived  string    // its storage class, if it must be restored first
}

// pages calls fn with each page of the keys that begin with prefix, until fn returns false. With a delimiter, what lies
// deeper is given as folders.
func (s *Source) pages(ctx context.Context, prefix, delimiter string, fn func(page) bool) error {
	in := &sdk.ListObjectsV2Input{
		Bucket: &s.Bucket, Prefix: &prefix, RequestPayer: s.payer(),
		// Keys may hold what XML cannot.
		EncodingType:             types.EncodingTypeUrl,
		OptionalObjectAttributes: []types.OptionalObjectAttributes{types.OptionalObjectAttributesRestoreStatus},
	}
	if delimiter != "" {
		in.Delimiter = &delimiter
	}
	for {
		out, err := call(ctx, s, in, s.Client.ListObjectsV2, s.wholePage)
		if err != nil {
			if err, _ = explain(ctx, err); ctx.Err() != nil {
				return err
			}
			return fmt.Errorf("list %s: %w", s.uri(prefix), err)
		}
		p, err := decode(out)
		if err != nil {
			return fmt.Errorf("list %s: %w", s.uri(prefix), err)
		}
		if !fn(p) || out.IsTruncated == nil || !*out.IsTruncated {
			return nil
		}
		next := out.NextContinuationToken
		if next == nil || in.ContinuationToken != nil && *next == *in.ContinuationToken {
			return fmt.Errorf("list %s: the server says that there is more, but not where", s.uri(prefix))
		}
		in.ContinuationToken = next
	}
}

func decode(out *sdk.ListObjectsV2Output) (page, error) {
	var p page
	var err error
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		if out.EncodingType != types.EncodingTypeUrl || !strings.ContainsAny(*s, "%+") {
			return *s
		}
		plain, uerr := url.QueryUnescape(*s)
		if uerr != nil {
			err = fmt.Errorf("decode key %q: %w", *s, uerr)
		}
		return plain
	}
	for _, c := range out.CommonPrefixes {
		p.folders = append(p.folders, text(c.Prefix))
	}
	p.objects = make([]item, 0, len(out.Contents))
	for _, c := range out.Contents {
		it := item{key: text(c.Key)}
		it.day = source.Object{Key: source.ParseKey(it.key)}.Day()
		if c.ETag != nil {
			it.etag = strings.Trim(*c.ETag, `"`)
		}
		if c.Size != nil {
			it.size = *c.Size
		}
		if c.LastModified != nil {
			it.modTime = *c.LastModified
		}
		switch c.StorageClass {
		case types.ObjectStorageClassGlacier, types.ObjectStorageClassDeepArchive:
			if c.RestoreStatus == nil || c.RestoreStatus.RestoreExpiryDate == nil {
				it.archived = string(c.StorageClass)
			}
		}
		p.objects = append(p.objects, it)
	}
	return p, err
}

// object makes of a listed item what is yielded, or says that it is not wanted and counts that.
func (s *Source) object(it item, w source.Window) (o source.Object, err error, wanted bool) {
	if why := source.NoLog(s.Prefix, it.key, it.size); why != "" {
		s.skips.Add(why)
		return o, nil, false
	}
	o = source.Object{
		URI: s.uri(it.key), Version: it.etag, Size: it.size, ModTime: it.modTime, Key: source.ParseKey(it.key),
	}
	if !w.Has(o) {
		s.skips.Add(source.SkipWindow)
		return o, nil, false
	}
	if it.archived != "" {
		err = &source.ObjectError{URI: o.URI, Err: fmt.Errorf("%w (storage class %s)", source.ErrArchived, it.archived)}
	}
	return o, err, true
}
