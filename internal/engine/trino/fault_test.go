package trino

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/internal/engine"
)

// fake is a server that answers each statement as answer says: an HTTP status, or an error of Trino's, or "" for a plan
// of no tables and then a row.
func fake(t *testing.T, answer func(n int) (status int, code, kind string)) (*Engine, *atomic.Int64) {
	t.Helper()
	var posts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if r.Method == http.MethodPost {
			n := posts.Add(1)
			status, code, kind := answer(int(n))
			if status != 0 {
				w.WriteHeader(status)
				io.WriteString(w, "<html>not you</html>")
				return
			}
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, `{"id":"q%d","infoUri":"","nextUri":"http://%s/v1/statement/executing/q%d/%s/%v/1","stats":{"state":"QUEUED"}}`,
				n, r.Host, n, code+"-"+kind, strings.HasPrefix(string(body), "EXPLAIN"))
			return
		}
		parts := strings.Split(r.URL.Path, "/")
		code, kind, _ := strings.Cut(parts[5], "-")
		if code != "" {
			fmt.Fprintf(w, `{"id":%q,"stats":{"state":"FAILED"},"error":{"message":"line 1:1: so it is\nat java","errorCode":1,"errorName":%q,"errorType":%q}}`, parts[4], code, kind)
			return
		}
		value := "1"
		if parts[6] == "true" {
			value = `{"inputTableColumnInfos":[]}`
		}
		v, _ := json.Marshal(value)
		fmt.Fprintf(w, `{"id":%q,"columns":[{"name":"a","type":"varchar","typeSignature":{"rawType":"varchar","arguments":[]}}],"data":[[%s]],"stats":{"state":"FINISHED","physicalInputBytes":77,"rootStage":{"physicalInputBytes":5}}}`, parts[4], v)
	}))
	t.Cleanup(server.Close)
	e, err := Open(Config{URL: server.URL, User: "weir", StartWait: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return e, &posts
}

// TestStarting waits for a server that is not there yet, and for its workers.
func TestStarting(t *testing.T) {
	e, posts := fake(t, func(n int) (int, string, string) {
		return 0, map[int]string{1: "SERVER_STARTING_UP", 2: "NO_NODES_AVAILABLE"}[n], "INSUFFICIENT_RESOURCES"
	})
	rows, err := e.Query(t.Context(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	row, err := rows.Next()
	if err != nil || row[0] != "1" || posts.Load() != 4 { // two in vain, the plan, the query
		t.Errorf("%v, %v after %d statements", row, err, posts.Load())
	}
	if _, err := rows.Next(); err != io.EOF {
		t.Error(err)
	}
	if s := rows.(engine.Scanned); s.BytesScanned() != 77 || s.QueryID() != "q4" {
		t.Errorf("%d bytes in %s", s.BytesScanned(), s.QueryID())
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		status           int
		code, kind, want string
	}{
		{0, "EXCEEDED_LOCAL_MEMORY_LIMIT", "INSUFFICIENT_RESOURCES", "trino: EXCEEDED_LOCAL_MEMORY_LIMIT: line 1:1: so it is (query q1)"},
		{0, "PERMISSION_DENIED", "USER_ERROR", "trino: PERMISSION_DENIED: line 1:1: so it is (query q1)"},
		{0, "ICEBERG_CANNOT_OPEN_SPLIT", "EXTERNAL", "trino: ICEBERG_CANNOT_OPEN_SPLIT: line 1:1: so it is (query q1)"},
		{0, "SYNTAX_ERROR", "USER_ERROR", "so it is"},
		{401, "", "", "trino: HTTP 401: Unauthorized"},
		{403, "", "", "trino: HTTP 403: <html>not you</html>"},
		{404, "", "", "trino: HTTP 404: <html>not you</html>"},
	} {
		e, posts := fake(t, func(int) (int, string, string) { return tt.status, tt.code, tt.kind })
		_, err := e.Query(t.Context(), "SELECT 1")
		if err == nil || err.Error() != tt.want {
			t.Errorf("%d %s: %v, want %s", tt.status, tt.code, err, tt.want)
		}
		if posts.Load() != 1 {
			t.Errorf("%d %s: asked %d times", tt.status, tt.code, posts.Load())
		}
	}
}

// TestUnreachable says so at once.
func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	e, err := Open(Config{URL: server.URL, User: "weir"})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	_, err = e.Query(t.Context(), "SELECT 1")
	if !errors.Is(err, syscall.ECONNREFUSED) || time.Since(begin) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

// TestSlowServer ends when its caller does, though the server says nothing.
func TestSlowServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			fmt.Fprintf(w, `{"id":"q1","nextUri":"http://%s/v1/statement/queued/q1/x/1","stats":{"state":"QUEUED"}}`, r.Host)
		case http.MethodGet:
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	e, err := Open(Config{URL: server.URL, User: "weir"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := e.Query(ctx, "SELECT 1"); err != context.DeadlineExceeded {
		t.Errorf("%v", err)
	}
}

func TestOpen(t *testing.T) {
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{User: "x"}, "there is no URL"},
		{Config{URL: "http://a:8080"}, "there is no user"},
		{Config{URL: "http://x:secret@a:8080", User: "x"}, "must not hold"},
		{Config{URL: "http://a:8080", User: "x", Password: "secret"}, "https only"},
		{Config{URL: "ftp://a", User: "x"}, "not of the form"},
		{Config{URL: "http://a/path?x=1", User: "x"}, "not of the form"},
		{Config{URL: "http://a b:secret\x00", User: "x"}, "is none"},
	} {
		_, err := Open(tt.cfg)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v, want %q", tt.cfg, err, tt.want)
		}
	}
	// With https it is sent, to that server only, and is in no error.
	var user, password string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	e, err := Open(Config{URL: server.URL, User: "me", Password: "s3:c@r/et", Transport: server.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Query(t.Context(), "SELECT 1")
	if user != "me" || password != "s3:c@r/et" || err == nil || strings.Contains(err.Error(), "s3:c") {
		t.Errorf("%q %q %v", user, password, err)
	}
}

func TestParseType(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"varchar(10)", "varchar"}, {"decimal(38, 2)", "decimal(38,2)"}, {"timestamp(3) with time zone", "timestamp(6) with time zone"},
		{"timestamp(9)", "timestamp(9)"}, {"map(varchar, array(timestamp(6) with time zone))", "map(varchar, array(timestamp(6) with time zone))"},
		{`row(a integer, "b, (c" varchar(3), timestamp(3) with time zone, interval day to second, bigint)`, "row(a integer, b, (c varchar, timestamp(6) with time zone, interval day to second, bigint)"},
		{"array(row(x row(y double)))", "array(row(x row(y double)))"},
		{"array(", "error"}, {"map(varchar)", "error"}, {")(", "error"},
	} {
		typ, err := parseType(tt.in)
		got := "error"
		if err == nil {
			got = typ.String()
		}
		if got != tt.want {
			t.Errorf("%s is %s, want %s", tt.in, got, tt.want)
		}
	}
}

func FuzzParseType(f *testing.F) {
	f.Add("map(varchar, row(a integer, \"b\" array(decimal(3,2))))", `{"a":[1,"x"]}`)
	f.Fuzz(func(t *testing.T, in, value string) {
		typ, err := parseType(in)
		if err != nil {
			return
		}
		_ = typ.String()
		var v any
		if json.Unmarshal([]byte(value), &v) == nil {
			left := 1000
			typ.value(v, &left)
		}
	})
}
