package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"

	"weir/internal/lake"
	"weir/internal/lake/postgres"
	lakes3 "weir/internal/lake/s3"
	"weir/internal/source/s3"
)

// servers are an S3 server of our own and the database server of WEIR_POSTGRES.
type servers struct {
	root   string // folder that holds a folder for each bucket
	pid    int    // of the S3 server
	client *sdk.Client
	admin  *lake.Database
	url    *url.URL // of the database server
	mine   string   // what the names of our databases begin with
	made   []string
	stop   func()
}

const benchBucket = "weir-bench"

// serverScript runs a server until our end of standard input is closed, so that it does not outlive us, and says which
// process it is.
const serverScript = `exec 3<&0; "$@" </dev/null >/dev/null & server=$!; echo $server
	(cat <&3; kill -9 $server) >/dev/null 2>&1 &
	wait $server`

// startServers starts the S3 server, and sets the environment such that weir finds it.
func startServers(ctx context.Context, dir string) (_ *servers, err error) {
	bin, address := os.Getenv("WEIR_VERSITYGW"), os.Getenv("WEIR_POSTGRES")
	if bin == "" || address == "" {
		return nil, errors.New("WEIR_VERSITYGW and WEIR_POSTGRES are not set: make bench-scale sets them")
	}
	s := &servers{root: filepath.Join(dir, "s3"), mine: "weir_bench_" + strings.ToLower(rand.Text())}
	side := filepath.Join(dir, "side")
	for _, d := range []string{s.root, side} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return nil, err
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	key, secret, endpoint := rand.Text(), rand.Text(), "http://127.0.0.1:"+port
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "", "AWS_REGION": "us-east-1",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
		"WEIR_S3_ENDPOINT": endpoint, "WEIR_CACHE_DIR": filepath.Join(dir, "cache"),
	} {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("/bin/sh", "-c", serverScript, "sh", bin, "--port", "127.0.0.1:"+port, "--region", "us-east-1", "--quiet",
		"--keep-alive", "posix", "--sidecar", side, s.root)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+key, "ROOT_SECRET_KEY="+secret)
	var said bytes.Buffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.stop = sync.OnceFunc(func() { in.Close(); cmd.Wait() })
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", bin, err)
	}
	if s.pid, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		return nil, err
	}
	if err := answers("127.0.0.1:" + port); err != nil {
		s.stop() // or it might still be writing
		return nil, fmt.Errorf("start %s: %w: %s", bin, err, said.String())
	}
	o := s3.Options{Endpoint: endpoint}
	cfg, err := s3.LoadConfig(ctx, o)
	if err != nil {
		return nil, err
	}
	s.client = s3.NewClient(cfg, o)
	bucket := benchBucket
	if _, err := s.client.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: &bucket}); err != nil {
		return nil, fmt.Errorf("create bucket: %w", err)
	}
	if s.url, err = url.Parse(address); err != nil {
		return nil, errors.New("WEIR_POSTGRES is not a URL")
	}
	s.admin, err = postgres.Open(ctx, address)
	return s, err
}

// answers waits until something listens at an address.
func answers(address string) error {
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return c.Close()
		}
		if time.Since(start) > 10*time.Second {
			return err
		}
	}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func (s *servers) close() {
	if s.admin != nil {
		for _, name := range s.made {
			if _, err := s.admin.DB.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
			}
		}
		s.admin.DB.Close()
	}
	s.stop()
}

// cpu is the processor time that the S3 server took so far; 0 where /proc does not tell.
func (s *servers) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold blanks
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond // of the kernel's ticks for programs, 100 a second
}

// place is where a lake is: a folder, or a part of the bucket with a database.
type place struct {
	lake, catalog string
	client        *sdk.Client
}

func (p place) args(more ...string) []string {
	args := []string{"--quiet", "--lake", p.lake}
	if p.catalog != "" {
		args = append(args, "--catalog", p.catalog)
	}
	return append(args, more...)
}

func (p place) open(ctx context.Context, write bool) (*lake.Lake, error) {
	o := lake.Options{Write: write}
	if p.catalog != "" {
		bucket, prefix, err := lakes3.ParseURI(p.lake)
		if err != nil {
			return nil, err
		}
		if o.Store, err = lakes3.Open(ctx, p.client, bucket, prefix); err != nil {
			return nil, err
		}
		if o.Database, err = postgres.Open(ctx, p.catalog); err != nil {
			return nil, err
		}
	}
	return lake.Open(ctx, p.lake, o)
}

// fresh gives a place in the bucket, with nothing there.
func (s *servers) fresh(name string) (place, error) {
	db := s.mine + "_" + name
	u := *s.url
	u.Path = "/" + db
	p := place{"s3://" + benchBucket + "/" + name, u.String(), s.client}
	if _, err := s.admin.DB.Exec("DROP DATABASE IF EXISTS " + db + " WITH (FORCE)"); err != nil {
		return p, err
	}
	if err := os.RemoveAll(filepath.Join(s.root, benchBucket, name)); err != nil {
		return p, err
	}
	_, err := s.admin.DB.Exec("CREATE DATABASE " + db)
	s.made = append(s.made, db)
	return p, err
}

// databaseBytes is the size of the database of a place.
func (s *servers) databaseBytes(p place) (n int64, err error) {
	u, err := url.Parse(p.catalog)
	if err != nil {
		return 0, err
	}
	err = s.admin.DB.QueryRow("SELECT pg_database_size(?)", strings.TrimPrefix(u.Path, "/")).Scan(&n)
	return n, err
}
