package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
)

// ErrNoRegion says that nothing names the region.
var ErrNoRegion = errors.New("no region is set")

// Options say how AWS is reached. The zero value takes everything from where the AWS tools take it: the environment,
// the shared files, the machine's role.
type Options struct {
	Region     string
	NeedRegion bool // no region is ErrNoRegion; without this it is one that answers for all buckets
	Profile    string
	Endpoint   string // of S3, as a URL; AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL do the same
	PathStyle  bool   // bucket in the path, not in the host's name; always so for an endpoint that is not AWS's
	RoleARN    string // role to assume
	ExternalID string // that the role's owner agreed on with us
	Anonymous  bool   // unsigned requests, for public buckets
}

// maxAttempts is how often a request is tried in all. With the SDK's back-off of up to 20 s it bears S3 saying
// SlowDown for about a minute.
const maxAttempts = 8

// LoadConfig makes the configuration that all of AWS's clients share.
func LoadConfig(ctx context.Context, o Options) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithRegion(o.Region),
		config.WithSharedConfigProfile(o.Profile),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(r *retry.StandardOptions) {
				r.MaxAttempts = maxAttempts
				// The SDK stops retrying when many requests of a client fail. We have many under way at once, all
				// told to slow down at once; each is bounded by itself.
				r.RateLimiter = ratelimit.None
			})
		}),
		// What the SDK would print of connections that ended is of no use to people, and is tried again.
		config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 128, 128 // the default of 10 would open connections anew all the time
			t.ResponseHeaderTimeout = time.Minute
		})),
	}
	if o.Anonymous {
		load = append(load, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if cfg.Region == "" && o.NeedRegion {
		return aws.Config{}, fmt.Errorf("load AWS configuration: %w", ErrNoRegion)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // answers for every bucket, by naming the bucket's region
	}
	if o.RoleARN != "" {
		role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), o.RoleARN, func(a *stscreds.AssumeRoleOptions) {
			a.RoleSessionName = "weir"
			if o.ExternalID != "" {
				a.ExternalID = &o.ExternalID
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(role)
	}
	return cfg, nil
}

// NewClient makes a client of S3 from a configuration of LoadConfig. The last settings win.
func NewClient(cfg aws.Config, o Options, more ...func(*sdk.Options)) *sdk.Client {
	set := func(c *sdk.Options) {
		if o.Endpoint != "" {
			c.BaseEndpoint = &o.Endpoint
		}
		c.UsePathStyle = o.PathStyle || c.BaseEndpoint != nil && !isAWS(*c.BaseEndpoint)
		// AWS's deliveries carry no checksum, and the SDK would say so for each.
		c.DisableLogOutputChecksumValidationSkipped = true
	}
	return sdk.NewFromConfig(cfg, append([]func(*sdk.Options){set}, more...)...)
}

// isAWS tells AWS's endpoints, where each bucket has a host name of its own, from servers, where it seldom has.
func isAWS(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Hostname()
	for _, domain := range []string{".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}
