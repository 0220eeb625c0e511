// Package s3test gives tests a real S3 server, and a proxy in front of it that breaks answers.
//
// Start runs versitygw, which checks signatures and keeps objects in a folder; Server.Faulty puts the proxy before it.
// Which packages use them is their own business: nothing here knows of flow logs.
//
// What must hold: without the server tests are skipped at the desk, saying so, and fail where $CI is set.
package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Server is an S3 server of a test's own. Its buckets are empty when it starts.
type Server struct {
	Endpoint  string // URL
	Region    string
	AccessKey string
	SecretKey string
	Root      string // folder that holds a folder for each bucket

	// Nobody is a user who may do nothing but what a bucket's policy allows.
	NobodyAccessKey, NobodySecretKey string

	client *s3.Client
}

// Start runs a server until the end of the test.
func Start(t testing.TB) *Server {
	t.Helper()
	bin := find(t)
	dir := t.TempDir()
	s := &Server{
		Region: "us-east-1", AccessKey: rand.Text(), SecretKey: rand.Text(), Root: filepath.Join(dir, "root"),
		NobodyAccessKey: "nobody", NobodySecretKey: "nobodysecret",
	}
	iam, side := filepath.Join(dir, "iam"), filepath.Join(dir, "meta")
	for _, d := range []string{s.Root, iam, side} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	users := fmt.Sprintf(`{"accessAccounts":{%[1]q:{"access":%[1]q,"secret":%[2]q,"role":"user"}}}`,
		s.NobodyAccessKey, s.NobodySecretKey)
	if err := os.WriteFile(filepath.Join(iam, "users.json"), []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	for range 5 { // another process may take the port before the server does
		if err = s.run(t, bin, iam, side); err == nil {
			s.client = s.Client(s.Endpoint)
			return s
		}
	}
	t.Fatalf("start %s: %v", bin, err)
	return nil
}

// find finds the server, or ends the test.
func find(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("WEIR_VERSITYGW"); bin != "" {
		return bin
	}
	if bin, err := exec.LookPath("versitygw"); err == nil {
		return bin
	}
	if home, err := os.UserHomeDir(); err == nil {
		if bin, err := exec.LookPath(filepath.Join(home, "go", "bin", "versitygw")); err == nil {
			return bin
		}
	}
	const how = "no S3 server: set WEIR_VERSITYGW, or go install github.com/versity/versitygw/cmd/versitygw@v1.8.0"
	if os.Getenv("CI") != "" {
		t.Fatal(how)
	}
	t.Skip("NOT TESTED: " + how)
	return ""
}

// script runs the server until it ends, or until our end of standard input is closed: so it does not outlive a test
// that is killed. It is given no time to end: it would wait for connections that clients keep open.
const script = `exec 3<&0; "$@" </dev/null & server=$!
	(cat <&3; kill -9 $server) >/dev/null 2>&1 &
	wait $server`

func (s *Server) run(t testing.TB, bin, iam, side string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	l.Close()

	var out lockedBuffer
	cmd := exec.Command("/bin/sh", "-c", script, "sh", bin, "--port", addr, "--region", s.Region, "--quiet", "--keep-alive",
		"--iam-dir", iam, "posix", "--sidecar", side, s.Root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKey, "ROOT_SECRET_KEY="+s.SecretKey)
	cmd.Stdout, cmd.Stderr = &out, &out
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop := func() {
		stdin.Close()
		<-ended
	}

	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("ended: %v: %s", err, out.String())
		case <-deadline:
			stop()
			return fmt.Errorf("does not answer at %s: %s", addr, out.String())
		case <-poll.C:
		}
		// A signed request, since another server may have got the port.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		_, err := s.Client("http://"+addr, func(o *s3.Options) { o.RetryMaxAttempts = 1 }).ListBuckets(ctx, nil)
		cancel()
		if err == nil {
			s.Endpoint = "http://" + addr
			t.Cleanup(stop)
			return nil
		}
	}
}

// lockedBuffer takes what the server says.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Config is a configuration with the root user's credentials, retrying as the SDK does unless changed.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region:      s.Region,
		Credentials: credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
		// As config.LoadDefaultConfig sets them; without, objects have no checksums.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
}

// Client is the root user's client at an endpoint: the server's, or a proxy's.
func (s *Server) Client(endpoint string, more ...func(*s3.Options)) *s3.Client {
	set := func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = &endpoint, true, true
	}
	return s3.NewFromConfig(s.Config(), append([]func(*s3.Options){set}, more...)...)
}

// Env sets the environment of this test, and of the programs that it runs, so that AWS is this server.
func (s *Server) Env(t testing.TB) {
	t.Helper()
	none := filepath.Join(s.Root, "no-such-file")
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": s.Endpoint, "AWS_REGION": s.Region, "AWS_ACCESS_KEY_ID": s.AccessKey,
		"AWS_SECRET_ACCESS_KEY": s.SecretKey, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(k, v)
	}
}

// Bucket creates a bucket.
func (s *Server) Bucket(t testing.TB, name string) {
	t.Helper()
	if _, err := s.client.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("create bucket %s: %v", name, err)
	}
}

// Policy sets the policy of a bucket, as JSON.
func (s *Server) Policy(t testing.TB, bucket, policy string) {
	t.Helper()
	_, err := s.client.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy})
	if err != nil {
		t.Fatalf("set policy of %s: %v", bucket, err)
	}
}

// Put stores an object.
func (s *Server) Put(t testing.TB, bucket, key string, body []byte, more ...func(*s3.PutObjectInput)) {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}
	for _, m := range more {
		m(in)
	}
	if _, err := s.client.PutObject(context.Background(), in); err != nil {
		t.Fatalf("put s3://%s/%s: %v", bucket, key, err)
	}
}

// PutFiles stores every file below dir under its path there, with prefix before it.
func (s *Server) PutFiles(t testing.TB, bucket, prefix, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil {
			s.Put(t, bucket, prefix+strings.ReplaceAll(rel, string(filepath.Separator), "/"), body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Remove deletes an object.
func (s *Server) Remove(t testing.TB, bucket, key string) {
	t.Helper()
	if _, err := s.client.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		t.Fatalf("delete s3://%s/%s: %v", bucket, key, err)
	}
}
