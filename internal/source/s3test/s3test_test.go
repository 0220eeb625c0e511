package s3test_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/internal/source/s3test"
)

func get(client *s3.Client, bucket, key string) ([]byte, error) {
	out, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &key},
		func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// The proxy must break what it says it breaks, or the tests that go through it prove nothing.
func TestFaults(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket(t, "logs")
	body := bytes.Repeat([]byte("flow "), 20_000)
	server.Put(t, "logs", "a/b.log", body)

	for _, c := range []struct {
		name   string
		faults s3test.Faults
		check  func(got []byte, err error) bool
	}{
		{"ok", s3test.Faults{}, func(got []byte, err error) bool { return err == nil && bytes.Equal(got, body) }},
		{"503", s3test.Faults{SlowDown: 1}, func(_ []byte, err error) bool {
			return err != nil && strings.Contains(err.Error(), "SlowDown")
		}},
		{"cut", s3test.Faults{Cut: 1}, func(got []byte, err error) bool {
			return err != nil && len(got) < len(body) && bytes.HasPrefix(body, got)
		}},
		{"short", s3test.Faults{Short: 1}, func(got []byte, _ error) bool { return len(got) < len(body) }},
	} {
		proxy := server.Faulty(t, c.faults)
		got, err := get(server.Client(proxy.Endpoint), "logs", "a/b.log")
		if !c.check(got, err) {
			t.Errorf("%s: got %d bytes, error %v", c.name, len(got), err)
		}
		if n := proxy.Counts()[c.name]; n != 1 {
			t.Errorf("%s: counts %v", c.name, proxy.Counts())
		}
	}
}

func TestFaultsFollowSeed(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket(t, "logs")
	server.Put(t, "logs", "k", []byte("flow"))
	run := func(seed uint64) (faults string) {
		proxy := server.Faulty(t, s3test.Faults{Seed: seed, SlowDown: 0.5})
		for range 30 {
			if _, err := get(server.Client(proxy.Endpoint), "logs", "k"); err != nil {
				faults += "x"
			} else {
				faults += "."
			}
		}
		return faults
	}
	one, again, other := run(1), run(1), run(2)
	if one != again || one == other || !strings.Contains(one, "x.") {
		t.Errorf("got %s, %s, and with another seed %s", one, again, other)
	}
}

func TestNobody(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket(t, "logs")
	server.Put(t, "logs", "k", []byte("flow"))
	nobody := *server
	nobody.AccessKey, nobody.SecretKey = server.NobodyAccessKey, server.NobodySecretKey
	client := nobody.Client(server.Endpoint)
	if _, err := get(client, "logs", "k"); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("nobody reads: got %v, want AccessDenied", err)
	}
	server.Policy(t, "logs", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "`+server.NobodyAccessKey+`",
		"Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}]}`)
	if _, err := get(client, "logs", "k"); err != nil {
		t.Errorf("nobody reads what the policy allows: got %v", err)
	}
	if resp, err := http.Get(server.Endpoint + "/logs/k"); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("unsigned request: got %v %v, want 403", resp.Status, err)
	} else {
		resp.Body.Close()
	}
}
