// Package laketest gives tests a lake that several machines share: files on a real S3 server, catalog and ledger in a real
// PostgreSQL.
//
// Start at New. It leaves what is put into the lake to whoever asks for one. What must hold: each test has a bucket and
// a database of its own; without the servers tests are skipped at the desk, saying so, and fail in a run that must have
// them.
package laketest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/internal/lake"
	"weir/internal/lake/postgres"
	"weir/internal/lake/s3"
	"weir/internal/source/s3test"
)

// Shared is a lake of a test's own.
type Shared struct {
	Server   *s3test.Server
	Endpoint string // of the S3 server, or of a proxy before it
	Bucket   string
	URI      string // s3://bucket/lake
	Catalog  string // postgres://…
}

// New makes the places of a lake. There is no lake in them yet. The environment of the test becomes such that programs
// which it runs find them.
func New(t testing.TB) *Shared {
	t.Helper()
	s := &Shared{Catalog: Postgres(t), Server: s3test.Start(t), Bucket: "lake"}
	s.Server.Bucket(t, s.Bucket)
	s.Server.Env(t)
	s.Endpoint, s.URI = s.Server.Endpoint, "s3://"+s.Bucket+"/some/lake"
	return s
}

// Postgres makes a database, and returns its URL. It is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	address := os.Getenv("WEIR_POSTGRES")
	if address == "" {
		const how = "no PostgreSQL: set WEIR_POSTGRES=postgres://…, or run make test-engines"
		if os.Getenv("WEIR_TEST_ENGINES") != "" {
			t.Fatal(how)
		}
		t.Skip("NOT TESTED: " + how)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	name := "weir_" + strings.ToLower(rand.Text())
	if _, err := admin.DB.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.DB.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database: %v", err)
		}
		admin.DB.Close()
	})
	u.Path = "/" + name
	return u.String()
}

// JDBC is the catalog's URL for programs in Java.
func (s *Shared) JDBC() string {
	u, err := url.Parse(s.Catalog)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	q := u.Query()
	q.Set("user", u.User.Username())
	if p, ok := u.User.Password(); ok {
		q.Set("password", p)
	}
	u.User, u.Scheme, u.RawQuery = nil, "jdbc:postgresql", q.Encode()
	return u.String()
}

// Open opens the lake.
func (s *Shared) Open(ctx context.Context, o lake.Options) (*lake.Lake, error) {
	return Open(ctx, s.Endpoint, s.URI, s.Catalog, o)
}

// Open opens a lake by its places, with the credentials of the environment: another process of the test has no Shared.
func Open(ctx context.Context, endpoint, uri, catalog string, o lake.Options) (*lake.Lake, error) {
	bucket, prefix, err := s3.ParseURI(uri)
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	client := sdk.NewFromConfig(cfg, func(o *sdk.Options) {
		o.BaseEndpoint, o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = &endpoint, true, true
		// As weir's own, but for the waiting.
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.RateLimiter, r.MaxBackoff = 8, ratelimit.None, 20*time.Millisecond
		})
	})
	if o.Store, err = s3.Open(ctx, client, bucket, prefix); err != nil {
		return nil, err
	}
	if o.Database, err = postgres.Open(ctx, catalog); err != nil {
		return nil, err
	}
	return lake.Open(ctx, "", o)
}
