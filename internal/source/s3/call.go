package s3

import (
	"context"
	"errors"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
)

// call sends a request in the region of the bucket. S3 tells it in the answer to a request that went elsewhere, so that
// nobody has to set it.
func call[In, Out any](ctx context.Context, s *Source, in *In, do func(context.Context, *In, ...func(*sdk.Options)) (*Out, error)) (*Out, error) {
	at := s.region.Load()
	out, err := do(ctx, in, inRegion(at))
	resp, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || s.Client.Options().BaseEndpoint != nil {
		return out, err
	}
	region := resp.Response.Header.Get("X-Amz-Bucket-Region")
	if region == "" || region == s.Client.Options().Region && at == nil || at != nil && region == *at {
		return out, err
	}
	s.region.Store(&region)
	return do(ctx, in, inRegion(&region))
}

func inRegion(region *string) func(*sdk.Options) {
	return func(o *sdk.Options) {
		if region != nil {
			o.Region = *region
		}
	}
}
