// Package trinotest gives tests a real Trino.
//
// Start runs one server for all tests of a test binary; Server.Lake shows it a lake of weir's as a catalog. Which engine is
// asked with it is the tests' business: nothing here knows of flow logs.
//
// What must hold: tests that need it have names that begin with TestEngines, by which make test-engines finds them. Without
// WEIR_TEST_ENGINES they are skipped, saying so; with it nothing may be missing. The server ends with the test binary,
// however that ends.
package trinotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/lake/laketest"
)

// Server is a Trino.
type Server struct {
	URL string
	dir string
}

// startWait is how long the server may take. On a quiet machine of two processors it is 15 s.
const startWait = 3 * time.Minute

var start = sync.OnceValues(run)

// Start gives the server of this test binary.
func Start(t testing.TB) *Server {
	t.Helper()
	if !strings.HasPrefix(t.Name(), "TestEngines") {
		t.Fatalf("%s needs a server: its name must begin with TestEngines, or make test-engines does not run it", t.Name())
	}
	if os.Getenv("WEIR_TEST_ENGINES") == "" {
		t.Skip("NOT TESTED: it needs a Trino (WEIR_TEST_ENGINES, WEIR_TRINO, WEIR_TRINO_JAVA): make test-engines")
	}
	s, err := start()
	if err != nil {
		t.Fatalf("start trino: %v", err)
	}
	return s
}

// script runs the server until our end of standard input is closed: so it does not outlive the tests, nor does its folder.
const script = `exec 3<&0; dir=$1; shift; "$@" </dev/null >"$dir/log" 2>&1 & server=$!
	(cat <&3; kill -9 $server; sleep 0.2; rm -rf "$dir") >/dev/null 2>&1 &
	wait $server`

func run() (*Server, error) {
	if url := os.Getenv("WEIR_TEST_TRINO_URL"); url != "" { // one that runs already, while a test is being written
		s := &Server{URL: url}
		_, err := s.query("SELECT 1")
		return s, err
	}
	home, java := os.Getenv("WEIR_TRINO"), os.Getenv("WEIR_TRINO_JAVA")
	if home == "" || java == "" {
		return nil, fmt.Errorf("WEIR_TRINO and WEIR_TRINO_JAVA are not set: make test-engines sets them")
	}
	dir, err := os.MkdirTemp("", "weir-trino-*")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	etc := filepath.Join(dir, "etc")
	if err := os.Mkdir(etc, 0o755); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"node.properties": "node.environment=test\nnode.data-dir=" + dir + "/var\nnode.bind-ip=127.0.0.1\nnode.internal-address=127.0.0.1\n",
		"jvm.config": "-Xmx1G\n-XX:+UseSerialGC\n-XX:TieredStopAtLevel=1\n-XX:+ExitOnOutOfMemoryError\n-XX:+EnableDynamicAgentLoading\n" +
			"-Djdk.attach.allowAttachSelf=true\n-Duser.timezone=UTC\n",
		"config.properties": "coordinator=true\nnode-scheduler.include-coordinator=true\nhttp-server.http.port=" + port +
			"\ndiscovery.uri=http://" + addr + "\ncatalog.management=dynamic\ncatalog.store=memory\nplugin.dir=" + home + "/plugins\n" +
			// Trino runs an item of WITH as often as it is named; what package refine asks is long.
			"query.max-stage-count=400\n",
		"log.properties": "io.trino=WARN\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command("/bin/sh", "-c", script, "sh", dir, home+"/server/bin/launcher", "run", "-jvm-dir", java, "-etc-dir", etc, "-data-dir", dir+"/var")
	if _, err := cmd.StdinPipe(); err != nil { // never closed by us: it ends with the process
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	s := &Server{URL: "http://" + addr, dir: dir}
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	deadline := time.After(startWait)
	for {
		_, err := s.query("SELECT 1")
		if err == nil {
			return s, nil
		}
		select {
		case ended := <-ended:
			return nil, fmt.Errorf("it ended: %v\n%s", ended, s.log())
		case <-deadline:
			return nil, fmt.Errorf("it did not answer in %v: %v\n%s", startWait, err, s.log())
		case <-poll.C:
		}
	}
}

// log is the end of what the server said.
func (s *Server) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

var catalogs atomic.Int64

// Lake shows the server the lake in a folder, and returns the name of the catalog that it is. The schema is weir. The lake
// must have its tables.
func (s *Server) Lake(t testing.TB, dir string) string {
	t.Helper()
	return s.Catalog(t, s.LakeProperties(dir))
}

// LakeProperties are those of a catalog over the lake in a folder, for reading only.
func (s *Server) LakeProperties(dir string) map[string]string {
	return map[string]string{
		"iceberg.security":     "read_only",
		"iceberg.catalog.type": "jdbc", "iceberg.jdbc-catalog.catalog-name": "weir", "iceberg.jdbc-catalog.driver-class": "org.sqlite.JDBC",
		"iceberg.jdbc-catalog.connection-url":        "jdbc:sqlite:" + filepath.Join(dir, "catalog.db"),
		"iceberg.jdbc-catalog.default-warehouse-dir": "file://" + filepath.Join(dir, "warehouse"),
		"fs.native-local.enabled":                    "true", "local.location": "/",
	}
}

// SharedProperties are those of a catalog over a lake in S3 and Postgres, for reading only.
func SharedProperties(l *laketest.Shared) map[string]string {
	return map[string]string{
		"iceberg.security":     "read_only",
		"iceberg.catalog.type": "jdbc", "iceberg.jdbc-catalog.catalog-name": "weir", "iceberg.jdbc-catalog.driver-class": "org.postgresql.Driver",
		"iceberg.jdbc-catalog.connection-url":        l.JDBC(),
		"iceberg.jdbc-catalog.default-warehouse-dir": l.URI + "/warehouse",
		"fs.native-s3.enabled":                       "true", "s3.endpoint": l.Endpoint, "s3.region": l.Server.Region, "s3.path-style-access": "true",
		"s3.aws-access-key": l.Server.AccessKey, "s3.aws-secret-key": l.Server.SecretKey,
	}
}

// Catalog makes a catalog of Iceberg tables, until the end of the test, and returns its name.
func (s *Server) Catalog(t testing.TB, properties map[string]string) string {
	t.Helper()
	name := fmt.Sprintf("lake%d_%d", os.Getpid(), catalogs.Add(1))
	var list []string
	for k, v := range properties {
		list = append(list, fmt.Sprintf(`"%s" = '%s'`, k, strings.ReplaceAll(v, "'", "''")))
	}
	s.Query(t, "CREATE CATALOG "+name+" USING iceberg WITH ("+strings.Join(list, ", ")+")")
	t.Cleanup(func() { s.Query(t, "DROP CATALOG "+name) })
	return name
}

// Query runs SQL as an administrator and returns its rows as they are in JSON.
func (s *Server) Query(t testing.TB, sql string) [][]any {
	t.Helper()
	rows, err := s.query(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return rows
}

// Running are the queries of a source that have not ended.
func (s *Server) Running(t testing.TB, source string) []string {
	t.Helper()
	var out []string
	for _, row := range s.Query(t, `SELECT query_id, state, query FROM system.runtime.queries WHERE source = '`+source+`' AND state NOT IN ('FINISHED', 'FAILED')`) {
		out = append(out, fmt.Sprint(row...))
	}
	return out
}

// query asks as the protocol says: a statement, then one answer after the other.
func (s *Server) query(sql string) ([][]any, error) {
	client := &http.Client{Timeout: 2 * time.Minute}
	next, method, body := s.URL+"/v1/statement", http.MethodPost, []byte(sql)
	var rows [][]any
	for {
		req, err := http.NewRequest(method, next, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("X-Trino-User", "admin")
		req.Header.Set("X-Trino-Source", "trinotest")
		resp, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %.300s", resp.Status, text)
		}
		var page struct {
			NextURI string  `json:"nextUri"`
			Data    [][]any `json:"data"`
			Error   *struct {
				Name    string `json:"errorName"`
				Message string `json:"message"`
			} `json:"error"`
		}
		if err := json.Unmarshal(text, &page); err != nil {
			return nil, err
		}
		if page.Error != nil {
			return nil, fmt.Errorf("%s: %s", page.Error.Name, page.Error.Message)
		}
		rows = append(rows, page.Data...)
		if page.NextURI == "" {
			return rows, nil
		}
		next, method, body = page.NextURI, http.MethodGet, nil
	}
}
