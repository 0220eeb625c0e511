package s3

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// An object larger than this is sent in parts of this size, in bytes, several at once. S3 takes 10,000 parts.
const (
	partSize  = 16 << 20
	partsOnce = 4
)

// Put stores an object. The server compares a checksum of what it got.
func (s *Store) Put(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	if size > partSize {
		return s.fail("write", key, s.putParts(ctx, key, body, size))
	}
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: s.key(key), Body: io.NewSectionReader(body, 0, size), ContentLength: &size,
	}, s.region)
	return s.fail("write", key, err)
}

// putParts stores an object in parts. It is not there before the last step, which takes all of them.
func (s *Store) putParts(ctx context.Context, key string, body io.ReaderAt, size int64) error {
	up, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: s.key(key), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	}, s.region)
	if err != nil {
		return err
	}
	parts := make([]types.CompletedPart, (size+partSize-1)/partSize)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(partsOnce)
	for i := range parts {
		g.Go(func() error {
			n, off := int32(i+1), int64(i)*partSize
			length := min(partSize, size-off)
			out, err := s.client.UploadPart(gctx, &s3.UploadPartInput{
				Bucket: &s.bucket, Key: s.key(key), UploadId: up.UploadId, PartNumber: &n,
				Body: io.NewSectionReader(body, off, length), ContentLength: &length, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			}, s.region)
			if err != nil {
				return err
			}
			parts[i] = types.CompletedPart{PartNumber: &n, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}
			return nil
		})
	}
	err = g.Wait()
	if err == nil {
		_, err = s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &s.bucket, Key: s.key(key), UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		}, s.region)
	}
	if err == nil {
		return nil
	}
	// An answer to the last step that was lost: the object is there, and the upload is not.
	if got, e := s.Size(context.WithoutCancel(ctx), key); e == nil && got == size {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	_, e := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: s.key(key), UploadId: up.UploadId}, s.region)
	return errors.Join(err, e)
}

// Unfinished counts, and with abort ends, the uploads that a killed writer left.
func (s *Store) Unfinished(ctx context.Context, prefix string, before time.Time, abort bool) (n int, err error) {
	pages := s3.NewListMultipartUploadsPaginator(s.client, &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: s.key(prefix)})
	for pages.HasMorePages() {
		var page *s3.ListMultipartUploadsOutput
		err := s.again(ctx, func() (err error) {
			page, err = pages.NextPage(ctx, s.region)
			return cutAnswer(err)
		})
		if err != nil {
			return n, s.fail("list uploads of", prefix, err)
		}
		for _, u := range page.Uploads {
			if u.Key == nil || u.Initiated == nil || !u.Initiated.Before(before) {
				continue
			}
			n++
			if !abort {
				continue
			}
			if _, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: u.Key, UploadId: u.UploadId}, s.region); err != nil {
				return n, s.fail("abort upload of", *u.Key, err)
			}
		}
	}
	return n, nil
}
