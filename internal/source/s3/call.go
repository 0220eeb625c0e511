package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// call sends a request in the region of the bucket. S3 tells it in the answer to a request that went elsewhere, so that
// nobody has to set it.
func call[In, Out any](
	ctx context.Context, s *Source, in *In,
	do func(context.Context, *In, ...func(*sdk.Options)) (*Out, error), more ...func(*sdk.Options),
) (*Out, error) {
	at := s.region.Load()
	out, err := do(ctx, in, append(more, inRegion(at))...)
	resp, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || s.Client.Options().BaseEndpoint != nil {
		return out, err
	}
	region := resp.Response.Header.Get("X-Amz-Bucket-Region")
	if region == "" || region == s.Client.Options().Region && at == nil || at != nil && region == *at {
		return out, err
	}
	s.region.Store(&region)
	return do(ctx, in, append(more, inRegion(&region))...)
}

func inRegion(region *string) func(*sdk.Options) {
	return func(o *sdk.Options) {
		if region != nil {
			o.Region = *region
		}
	}
}

// wholePage has the client check that the answer to a listing came whole, and ask again if not.
//
// The SDK takes XML that ends anywhere between two elements for a listing of what came before: objects would be
// missing, and nobody would know. Cut connections it reports, but does not try again.
func (s *Source) wholePage(o *sdk.Options) {
	check := middleware.DeserializeMiddlewareFunc("WholePage", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (out middleware.DeserializeOutput, md middleware.Metadata, err error) {
		out, md, err = next.HandleDeserialize(ctx, in)
		resp, ok := out.RawResponse.(*smithyhttp.Response)
		if err != nil || !ok || resp.StatusCode != http.StatusOK {
			return out, md, err
		}
		defer resp.Body.Close()
		silent := time.AfterFunc(s.stall, func() { resp.Body.Close() })
		body, err := io.ReadAll(resp.Body)
		silent.Stop()
		if err == nil && !bytes.HasSuffix(bytes.TrimRight(body, " \r\n\t"), []byte("ListBucketResult>")) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return out, md, &cutPage{err}
		}
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return out, md, nil
	})
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(check, middleware.After)
	})
}

// cutPage is a listing that did not come whole.
type cutPage struct{ err error }

func (e *cutPage) Error() string { return fmt.Sprintf("answer was cut: %v", e.err) }

func (e *cutPage) Unwrap() error { return e.err }

// RetryableError tells the SDK to ask again.
func (e *cutPage) RetryableError() bool { return true }
