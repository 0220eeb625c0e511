package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"weir/internal/source"
	"weir/internal/source/s3test"
)

// What no server that runs here does is played by a handler: storage classes, regions, keys that XML cannot hold, and
// servers that are careless. The texts are AWS's (S3 API Reference, ListObjectsV2 and error responses, read 2026-11).

func fake(t *testing.T, h http.HandlerFunc) *Source {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s, err := New(Config{Bucket: "logs", Client: NewClient(aws.Config{
		Region: "us-east-1", Credentials: aws.AnonymousCredentials{},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}, Options{Endpoint: server.URL})})
	if err != nil {
		t.Fatal(err)
	}
	s.backoff = func(int) time.Duration { return 0 }
	return s
}

// listing answers listings with the entries given, each an element of ListBucketResult.
func listing(entries ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>logs</Name><IsTruncated>false</IsTruncated>` +
		strings.Join(entries, "") + `</ListBucketResult>`
}

func contents(key, class, more string) string {
	return `<Contents><Key>` + key + `</Key><LastModified>2026-11-20T12:00:00.000Z</LastModified>` +
		`<ETag>&quot;e` + `&quot;</ETag><Size>4</Size><StorageClass>` + class + `</StorageClass>` + more + `</Contents>`
}

func TestArchived(t *testing.T) {
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Optional-Object-Attributes") != "RestoreStatus" {
			t.Error("the listing does not ask for the state of archived objects")
		}
		io.WriteString(w, listing(
			contents("a", "STANDARD", ""), contents("b", "GLACIER_IR", ""), contents("c", "GLACIER", ""), contents("d", "DEEP_ARCHIVE", ""),
			contents("e", "GLACIER", "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"),
			contents("f", "GLACIER", "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>"+
				"<RestoreExpiryDate>2026-12-20T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>"),
		))
	})
	var got []string
	for o, err := range s.List(t.Context(), source.Window{}) {
		text := o.URI
		if err != nil {
			var oe *source.ObjectError
			if !errors.As(err, &oe) || !errors.Is(err, source.ErrArchived) || oe.URI != o.URI {
				t.Errorf("got %v for %s", err, o.URI)
			}
			text = err.Error()
		}
		got = append(got, text)
	}
	want := []string{
		"s3://logs/a", "s3://logs/b",
		"s3://logs/c: archived, must be restored before it can be read (storage class GLACIER)",
		"s3://logs/d: archived, must be restored before it can be read (storage class DEEP_ARCHIVE)",
		"s3://logs/e: archived, must be restored before it can be read (storage class GLACIER)",
		"s3://logs/f",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestOpenAnswers(t *testing.T) {
	for _, c := range []struct {
		status   int
		code     string
		reason   error
		ofObject bool
	}{
		{404, "NoSuchKey", source.ErrVanished, true},
		{404, "NoSuchBucket", nil, false},
		{403, "AccessDenied", source.ErrDenied, true},
		{403, "InvalidObjectState", source.ErrArchived, true}, // Intelligent-Tiering, which the listing does not show
		{403, "ExpiredToken", nil, false},
		{403, "RequestTimeTooSkewed", nil, false},
		{400, "InvalidTokenId", nil, false},
		{412, "PreconditionFailed", source.ErrChanged, true},
		{500, "InternalError", nil, true},
		{503, "SlowDown", nil, true},
	} {
		s := fake(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amz-Request-Id", "R1")
			w.WriteHeader(c.status)
			fmt.Fprintf(w, "<Error><Code>%s</Code><Message>Why.</Message></Error>", c.code)
		})
		_, err := s.Open(t.Context(), source.Object{URI: "s3://logs/a.log", Version: "e", Size: 4})
		var oe *source.ObjectError
		if err == nil || errors.As(err, &oe) != c.ofObject || c.reason != nil && !errors.Is(err, c.reason) ||
			!strings.Contains(err.Error(), "s3://logs/a.log: ") || !strings.Contains(err.Error(), c.code+": Why., request R1") {
			t.Errorf("%s: got %v", c.code, err)
		}
	}
}

// A listing that ends early must never pass for a whole one, wherever it ends.
func TestCutListing(t *testing.T) {
	whole := listing(contents("a", "STANDARD", ""), contents("b", "STANDARD", ""),
		"<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>")
	var part string
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("prefix") != "" {
			io.WriteString(w, listing())
			return
		}
		io.WriteString(w, part)
	})
	for i := range len(whole) {
		part = whole[:i]
		n, last := 0, error(nil)
		for _, err := range s.List(t.Context(), source.Window{}) {
			n, last = n+1, err
		}
		if last == nil || !errors.Is(last, io.ErrUnexpectedEOF) {
			t.Fatalf("cut after %d of %d bytes, %q: %d objects, error %v", i, len(whole), part[max(0, i-20):], n, last)
		}
	}
	part = whole + "\n"
	if got := list(t, s, source.Window{}); len(got) != 2 {
		t.Errorf("the whole: %v", got)
	}
}

func TestPages(t *testing.T) {
	page := func(token string, keys ...string) string {
		var entries []string
		for _, k := range keys {
			entries = append(entries, contents(k, "STANDARD", ""))
		}
		if token == "" {
			return listing(entries...)
		}
		entries = append(entries, "<NextContinuationToken>"+token+"</NextContinuationToken>")
		return strings.Replace(listing(entries...), "<IsTruncated>false", "<IsTruncated>true", 1)
	}
	answers := map[string]string{"": page("t=1+/", "a", "b"), "t=1+/": page("t2"), "t2": page("", "c")}
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, answers[r.URL.Query().Get("continuation-token")])
	})
	if diff := cmp.Diff([]string{"a", "b", "c"}, list(t, s, source.Window{})); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	answers["t2"] = page("t2", "c") // a server that turns in a circle
	var last error
	for _, err := range s.List(t.Context(), source.Window{}) {
		last = err
	}
	if last == nil {
		t.Error("an endless listing ends well")
	}
}

func TestKeysThatXMLCannotHold(t *testing.T) {
	const key = "a b+\x1b[31m%2F\n\uffff.log"
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("encoding-type") != "url" {
			t.Error("the listing does not ask for encoded keys")
		}
		if r.URL.Path == "/logs/"+key || r.URL.Path == "/logs" && q.Get("prefix") == "" {
			io.WriteString(w, listing("<EncodingType>url</EncodingType>",
				"<CommonPrefixes><Prefix>"+url.QueryEscape("x\x1b/")+"</Prefix></CommonPrefixes>"))
			return
		}
		if q.Get("prefix") != "x\x1b/" {
			t.Errorf("asked for %q", r.URL)
		}
		io.WriteString(w, listing("<EncodingType>url</EncodingType>", contents(url.QueryEscape("x\x1b/"+key), "STANDARD", "")))
	})
	if diff := cmp.Diff([]string{"x\x1b/" + key}, list(t, s, source.Window{})); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// transport lets a test play all hosts.
type transport func(*http.Request) *http.Response

func (f transport) Do(r *http.Request) (*http.Response, error) { return f(r), nil }

func response(r *http.Request, status int, header map[string]string, body string) *http.Response {
	h := http.Header{}
	for k, v := range header {
		h.Set(k, v)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r, ContentLength: int64(len(body))}
}

// Nobody has to say where the bucket is.
func TestRegionOfBucket(t *testing.T) {
	var mu sync.Mutex
	var hosts []string
	play := transport(func(r *http.Request) *http.Response {
		mu.Lock()
		defer mu.Unlock()
		hosts = append(hosts, r.URL.Host)
		if r.URL.Host != "logs.s3.eu-central-1.amazonaws.com" {
			return response(r, 301, map[string]string{"X-Amz-Bucket-Region": "eu-central-1"},
				"<Error><Code>PermanentRedirect</Code><Message>Elsewhere.</Message></Error>")
		}
		if r.URL.Query().Get("list-type") == "" {
			return response(r, 200, nil, "flow")
		}
		return response(r, 200, nil, listing(contents("a.log", "STANDARD", "")))
	})
	s, err := New(Config{Bucket: "logs", Client: NewClient(aws.Config{
		Region: "us-east-1", Credentials: aws.AnonymousCredentials{}, HTTPClient: play,
	}, Options{})})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := read(t, s, objects(t, s)[0]); err != nil || string(b) != "flow" {
		t.Errorf("got %q, %v", b, err)
	}
	want := []string{"logs.s3.us-east-1.amazonaws.com", "logs.s3.eu-central-1.amazonaws.com", "logs.s3.eu-central-1.amazonaws.com"}
	if diff := cmp.Diff(want, hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

func TestRequesterPays(t *testing.T) {
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Request-Payer") != "requester" {
			t.Errorf("%s %s does not say who pays", r.Method, r.URL)
		}
		if r.URL.Query().Get("list-type") == "" {
			io.WriteString(w, "flow")
			return
		}
		io.WriteString(w, listing(contents("a.log", "STANDARD", "")))
	})
	s.RequesterPays = true
	if b, err := read(t, s, objects(t, s)[0]); err != nil || string(b) != "flow" {
		t.Errorf("got %q, %v", b, err)
	}
}

// A server that knows no ranges sends all of it again.
func TestServerWithoutRanges(t *testing.T) {
	body := noise(100_000, 1)
	n := 0
	s := fake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		if n++; n < 3 {
			w.Write(body[:n*20_000])
			panic(http.ErrAbortHandler)
		}
		w.Write(body)
	})
	got, err := read(t, s, source.Object{URI: "s3://logs/a.log", Size: int64(len(body))})
	if err != nil || !bytes.Equal(got, body) || n != 3 {
		t.Errorf("%d bytes, %d requests, error %v", len(got), n, err)
	}
	// Where the listing gave no size, the answer does.
	if got, err := read(t, s, source.Object{URI: "s3://logs/a.log", Size: -1}); err != nil || !bytes.Equal(got, body) {
		t.Errorf("size not known: %d bytes, error %v", len(got), err)
	}
}

// Where an object has a checksum, bytes that went bad on the way or at rest are found.
func TestChecksum(t *testing.T) {
	server := s3test.Start(t)
	p := newPlace(t, server, "logs")
	p.Put(t, "a.log", noise(1000, 1))
	p.client = server.Client(server.Endpoint, func(o *sdk.Options) {
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired // we require it
	})
	s := p.open(t, "")
	o := objects(t, s)[0]
	if err := os.WriteFile(filepath.Join(server.Root, "logs", "a.log"), noise(1000, 2), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := read(t, s, o)
	var oe *source.ObjectError
	if !errors.As(err, &oe) || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("got %v", err)
	}
}

func TestClient(t *testing.T) {
	for _, k := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		t.Setenv(k, "")
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	files := t.TempDir()
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(files, "credentials"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(files, "config"))
	if err := os.WriteFile(filepath.Join(files, "config"), []byte("[profile logs]\nregion = eu-west-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		env    string
		o      Options
		region string
		path   bool
	}{
		{"nothing set", "", Options{}, "us-east-1", false},
		{"region", "", Options{Region: "eu-central-1"}, "eu-central-1", false},
		{"profile", "", Options{Profile: "logs"}, "eu-west-1", false},
		{"path style", "", Options{PathStyle: true}, "us-east-1", true},
		{"server", "", Options{Endpoint: "http://127.0.0.1:9000"}, "us-east-1", true},
		{"server by environment", "http://minio.example:9000", Options{}, "us-east-1", true},
		{"AWS's endpoint", "", Options{Endpoint: "https://s3.eu-west-1.amazonaws.com"}, "us-east-1", false},
		{"VPC endpoint", "", Options{Endpoint: "https://bucket.vpce-1-2.s3.us-east-1.vpce.amazonaws.com"}, "us-east-1", false},
		{"not quite AWS's", "", Options{Endpoint: "https://amazonaws.com.example"}, "us-east-1", true},
	} {
		t.Setenv("AWS_ENDPOINT_URL", c.env)
		cfg, err := LoadConfig(t.Context(), c.o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		o := NewClient(cfg, c.o).Options()
		if o.Region != c.region || o.UsePathStyle != c.path || !o.DisableLogOutputChecksumValidationSkipped || o.Retryer.MaxAttempts() != maxAttempts {
			t.Errorf("%s: region %s, path style %v, %d attempts", c.name, o.Region, o.UsePathStyle, o.Retryer.MaxAttempts())
		}
	}
	if _, err := LoadConfig(t.Context(), Options{Profile: "none"}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a profile that is not there: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "us-east-1")
	var form url.Values
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		form = r.PostForm
		io.WriteString(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>`+
			`<AccessKeyId>role-id</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>`+
			`<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
	}))
	defer sts.Close()
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	const role = "arn:aws:iam::123456789012:role/reader"
	cfg, err := LoadConfig(t.Context(), Options{RoleARN: role, ExternalID: "agreed"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil || got.AccessKeyID != "role-id" || form.Get("RoleArn") != role || form.Get("ExternalId") != "agreed" || form.Get("RoleSessionName") != "weir" {
		t.Errorf("role: %+v, %v, asked with %v", got.AccessKeyID, err, form)
	}

	cfg, err = LoadConfig(t.Context(), Options{Anonymous: true})
	if err != nil || !aws.IsCredentialsProvider(cfg.Credentials, aws.AnonymousCredentials{}) {
		t.Errorf("anonymous: %v, %v", cfg.Credentials, err)
	}
	var _ *sdk.Client = NewClient(cfg, Options{})
}
