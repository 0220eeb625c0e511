// Package gluetest gives tests a stand-in for the AWS Glue Data Catalog: the five requests that a lake sends.
//
// Start at New. It speaks AWS's JSON 1.1 over HTTP, on loopback, and keeps in memory what it is told. It leaves all else
// of Glue to Glue. What must hold: it is no kinder than AWS in what these tests are about. An update whose version is not
// the table's is refused, what an update does not say is lost, and limits on names and comments are enforced.
package gluetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Server is a Glue of a test's own.
type Server struct {
	Endpoint string // URL

	mu        sync.Mutex
	databases map[string]map[string]*entry
	requests  []string
	before    func(action string) *Failure
	after     func(action string) *Failure
}

// entry is a table as it is kept.
type entry struct {
	input   map[string]any
	version int
}

// Failure is an answer that is an error.
type Failure struct {
	Status int    // of HTTP; 0 cuts the connection
	Code   string // such as ThrottlingException
}

// New starts a server until the end of the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{databases: map[string]map[string]*entry{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Endpoint = server.URL
	return s
}

// Before has f asked about each request before it is looked at. What it returns, if not nil, is the answer.
func (s *Server) Before(f func(action string) *Failure) { s.mu.Lock(); s.before = f; s.mu.Unlock() }

// After has f asked about each request that was done, whose answer it may replace.
func (s *Server) After(f func(action string) *Failure) { s.mu.Lock(); s.after = f; s.mu.Unlock() }

// Requests lists the requests so far, by action.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// Table is the entry of a table, as it was last written; nil if there is none.
func (s *Server) Table(database, name string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.databases[database][name]; e != nil {
		return e.answer(database)
	}
	return nil
}

// Edit changes the entry of a table as another program would: its version changes, too.
func (s *Server) Edit(database, name string, f func(input map[string]any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.databases[database][name]
	f(e.input)
	e.version++
}

func (e *entry) answer(database string) map[string]any {
	text, err := json.Marshal(e.input)
	if err != nil {
		panic(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	out["DatabaseName"], out["CatalogId"], out["VersionId"] = database, "123456789012", strconv.Itoa(e.version)
	return out
}

// request has the members of all requests that are known here.
type request struct {
	DatabaseName, Name, VersionId string
	SkipArchive                   bool
	DatabaseInput, TableInput     map[string]any
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue.")
	if !ok || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
		fail(w, &Failure{400, "UnrecognizedClientException"}, "not a signed request for Glue")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var in request
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil {
		fail(w, &Failure{400, "SerializationException"}, err.Error())
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, action)
	before, after := s.before, s.after
	s.mu.Unlock()
	if before != nil {
		if f := before(action); f != nil {
			fail(w, f, "as the test wants")
			return
		}
	}
	s.mu.Lock()
	out, f, message := s.do(action, in)
	s.mu.Unlock()
	if f == nil && after != nil {
		f, message = after(action), "as the test wants"
	}
	if f != nil {
		fail(w, f, message)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func fail(w http.ResponseWriter, f *Failure, message string) {
	if f.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(f.Status)
	fmt.Fprintf(w, `{"__type":%q,"Message":%q}`, f.Code, message)
}

// do does a request. The caller holds mu.
func (s *Server) do(action string, in request) (out any, f *Failure, message string) {
	refuse := func(code, format string, args ...any) (any, *Failure, string) {
		return nil, &Failure{400, code}, fmt.Sprintf(format, args...)
	}
	if action == "CreateDatabase" {
		name, _ := in.DatabaseInput["Name"].(string)
		if !validName.MatchString(name) {
			return refuse("InvalidInputException", "name of database %q", name)
		}
		if s.databases[name] != nil {
			return refuse("AlreadyExistsException", "Database already exists.")
		}
		s.databases[name] = map[string]*entry{}
		return struct{}{}, nil, ""
	}
	tables := s.databases[in.DatabaseName]
	if tables == nil {
		return refuse("EntityNotFoundException", "Database %s not found.", in.DatabaseName)
	}
	name := in.Name
	if in.TableInput != nil {
		name, _ = in.TableInput["Name"].(string)
		if why := invalid(name, in.TableInput); why != "" {
			return refuse("InvalidInputException", "%s", why)
		}
	}
	e := tables[name]
	switch action {
	case "GetTable", "UpdateTable":
		if e == nil {
			return refuse("EntityNotFoundException", "Table %s not found.", name)
		}
	case "CreateTable":
		if e != nil {
			return refuse("AlreadyExistsException", "Table already exists.")
		}
		tables[name] = &entry{input: in.TableInput, version: 1}
		return struct{}{}, nil, ""
	default:
		return refuse("UnknownOperationException", "%s", action)
	}
	if action == "UpdateTable" {
		if in.VersionId != strconv.Itoa(e.version) {
			return refuse("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
		}
		if !in.SkipArchive {
			return refuse("ResourceNumberLimitExceededException", "Number of TABLE_VERSION resources exceeds the account limit")
		}
		e.input, e.version = in.TableInput, e.version+1
		return struct{}{}, nil, ""
	}
	return map[string]any{"Table": e.answer(in.DatabaseName)}, nil, ""
}

var validName = regexp.MustCompile(`^[a-z0-9_]{1,252}$`)

// invalid says what is wrong with the input of a table.
func invalid(name string, input map[string]any) string {
	if !validName.MatchString(name) {
		return fmt.Sprintf("name of table %q", name)
	}
	storage, _ := input["StorageDescriptor"].(map[string]any)
	list, _ := storage["Columns"].([]any)
	seen := map[string]bool{}
	for _, c := range list {
		column, _ := c.(map[string]any)
		name, _ := column["Name"].(string)
		comment, _ := column["Comment"].(string)
		switch {
		case name == "" || seen[name]:
			return fmt.Sprintf("column %q is there twice, or has no name", name)
		case len(comment) > 255 || strings.ContainsAny(comment, "\r\n"):
			return fmt.Sprintf("comment of column %s", name)
		}
		seen[name] = true
	}
	return ""
}
