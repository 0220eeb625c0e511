// Package athenatest plays Athena and Glue over HTTP for tests, with answers that are written down.
//
// Start at New. The server speaks AWS's JSON 1.1 protocol, so that the SDK's real clients are tested with it: requests
// are kept, and each statement gets the first answer whose Match its text contains. The shapes are those of the Athena
// API Reference (version 2017-05-18) and the Glue API Reference (version 2017-03-31), read 2026-11; what those pages do
// not say, such as the header row of a result, is as clients of others have seen it. It leaves SQL alone: whether a
// query is right is for a real Trino to say. What must hold: a statement that no answer is for fails the test.
package athenatest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Answer is how a statement goes.
type Answer struct {
	Match string // in the text of the statement; "" is any

	States []string // gone through, a look each, before the last; "" ends in SUCCEEDED
	Reason string   // StateChangeReason
	Error  *Error   // AthenaError
	Times  int      // how often this answer is given before the next that matches; 0 is always

	Statement string // "" is DML
	Columns   [][2]string
	Header    bool    // the first row repeats the names
	Rows      [][]any // text, or nil for NULL
	Page      int     // rows of a page; 0 is 1000

	Scanned int64
	Reused  bool
}

// Error is an AthenaError.
type Error struct {
	ErrorCategory int
	ErrorType     int
	Retryable     bool
	ErrorMessage  string
}

// Select is the answer to a SELECT.
func Select(match string, columns [][2]string, rows ...[]any) Answer {
	return Answer{Match: match, Columns: columns, Header: true, Rows: rows}
}

// Reads is the answer to EXPLAIN (TYPE IO): the query reads these tables, "database.table", of AwsDataCatalog.
func Reads(tables ...string) Answer {
	var inputs []string
	for _, t := range tables {
		schema, name, _ := strings.Cut(t, ".")
		inputs = append(inputs, fmt.Sprintf(`{"table":{"catalog":"awsdatacatalog","schemaTable":{"schema":%q,"table":%q}},
 "constraint":{"none":false,"columnConstraints":[]},"estimate":{"outputRowCount":"NaN","outputSizeInBytes":"NaN"}}`, schema, name))
	}
	text := `{"inputTableColumnInfos":[` + strings.Join(inputs, ",") + `],"estimate":{"outputRowCount":"NaN"}}`
	return plan("EXPLAIN (TYPE IO", text)
}

// Plan is the answer to EXPLAIN.
func Plan(text string) Answer { return plan("EXPLAIN\n", text) }

// PlanJSON is the answer to EXPLAIN (TYPE DISTRIBUTED, FORMAT JSON): it scans tables, "database.table".
func PlanJSON(tables ...string) Answer {
	var nodes []string
	for _, t := range tables {
		schema, name, _ := strings.Cut(t, ".")
		nodes = append(nodes, fmt.Sprintf(`{"id":"1","name":"TableScan","descriptor":{"table":"awsdatacatalog:%s:%s"},"outputs":[],
 "details":["bytes := bytes:bigint:REGULAR"],"estimates":[],"children":[]}`, schema, name))
	}
	return plan("EXPLAIN (TYPE DISTRIBUTED", `{"0":{"id":"0","name":"Output","descriptor":{},"details":[],"children":[`+strings.Join(nodes, ",")+"]}}")
}

// plan gives a text as Athena does, a line a row.
func plan(match, text string) Answer {
	a := Answer{Match: match, Columns: [][2]string{{"Query Plan", "varchar"}}, Header: true}
	for line := range strings.SplitSeq(text, "\n") {
		a.Rows = append(a.Rows, []any{line})
	}
	return a
}

// Request is a call that came.
type Request struct {
	Op   string // "StartQueryExecution"
	Body map[string]any
}

// Fault is an error that a call gets instead of its answer.
type Fault struct {
	Op     string
	Status int
	Code   string
	Text   string
	Times  int
}

// Server plays both services.
type Server struct {
	URL string

	t         testing.TB
	mu        sync.Mutex
	answers   []Answer
	faults    []Fault
	requests  []Request
	queries   map[string]*query // by id
	byToken   map[string]string
	WorkGroup map[string]any            // Configuration of every workgroup
	State     string                    // of every workgroup; "" is ENABLED
	Tables    map[string]map[string]any // of Glue, by database.table
	// Partitions are those of a table, by database.table.
	Partitions map[string][]map[string]any
	// OnCall is called for each request before it is answered, without the lock. What it leaves undone goes on.
	OnCall func(Request)
}

type query struct {
	id, sql string
	answer  Answer
	looks   int
	over    bool
	state   string
}

// New starts a server that ends with the test.
func New(t testing.TB, answers ...Answer) *Server {
	s := &Server{t: t, answers: answers, queries: map[string]*query{}, byToken: map[string]string{}, Tables: map[string]map[string]any{},
		Partitions: map[string][]map[string]any{},
		WorkGroup:  map[string]any{"ResultConfiguration": map[string]any{"OutputLocation": "s3://results/"}, "EnforceWorkGroupConfiguration": true}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Fail has calls of an operation fail.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// Requests lists the calls of an operation that came so far; "" is all.
func (s *Server) Requests(op string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.requests {
		if op == "" || r.Op == op {
			out = append(out, r)
		}
	}
	return out
}

// Running lists the statements that were started and are not over.
func (s *Server) Running() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, q := range s.queries {
		if !q.over {
			out = append(out, q.sql)
		}
	}
	return out
}

// awsError is an answer that is an error.
type awsError struct {
	status     int
	code, text string
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, _ := io.ReadAll(r.Body)
	req := Request{Op: op, Body: map[string]any{}}
	if err := json.Unmarshal(body, &req.Body); err != nil {
		s.t.Errorf("request %s: %v", op, err)
	}
	s.mu.Lock()
	s.requests = append(s.requests, req)
	hook := s.OnCall
	s.mu.Unlock()
	if hook != nil {
		hook(req)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	out, bad := s.answer(req)
	if bad != nil {
		w.Header().Set("X-Amzn-ErrorType", bad.code)
		w.WriteHeader(bad.status)
		out = map[string]any{"__type": "com.amazonaws.athena#" + bad.code, "Message": bad.text}
	}
	json.NewEncoder(w).Encode(out)
}

func (s *Server) answer(r Request) (any, *awsError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		if f := &s.faults[i]; f.Op == r.Op && f.Times > 0 {
			f.Times--
			return nil, &awsError{f.Status, f.Code, f.Text}
		}
	}
	text := func(key string) string { v, _ := r.Body[key].(string); return v }
	switch r.Op {
	case "StartQueryExecution":
		return s.start(r, text("QueryString"), text("ClientRequestToken"))
	case "GetQueryExecution":
		return s.look(text("QueryExecutionId"))
	case "GetQueryResults":
		max, _ := r.Body["MaxResults"].(float64)
		return s.results(text("QueryExecutionId"), text("NextToken"), int(max))
	case "StopQueryExecution":
		q := s.queries[text("QueryExecutionId")]
		if q == nil {
			return nil, &awsError{400, "InvalidRequestException", "QueryExecution was not found"}
		}
		if !q.over {
			q.over, q.state = true, "CANCELLED"
		}
		return map[string]any{}, nil
	case "GetWorkGroup":
		state := s.State
		if state == "" {
			state = "ENABLED"
		}
		return map[string]any{"WorkGroup": map[string]any{"Name": text("WorkGroup"), "State": state, "Configuration": s.WorkGroup}}, nil
	case "GetTable":
		if t, ok := s.Tables[text("DatabaseName")+"."+text("Name")]; ok {
			return map[string]any{"Table": t}, nil
		}
		return nil, &awsError{400, "EntityNotFoundException", "Table " + text("Name") + " not found."}
	case "GetPartitions":
		return map[string]any{"Partitions": s.Partitions[text("DatabaseName")+"."+text("TableName")]}, nil
	}
	return nil, &awsError{400, "UnknownOperationException", r.Op}
}

func (s *Server) start(r Request, sql, token string) (any, *awsError) {
	if len(token) < 32 || len(token) > 128 {
		return nil, &awsError{400, "InvalidRequestException", "ClientRequestToken must have 32 to 128 characters"}
	}
	if id, ok := s.byToken[token]; ok {
		return map[string]any{"QueryExecutionId": id}, nil
	}
	for i := range s.answers {
		a := &s.answers[i]
		if !strings.Contains(sql, a.Match) || a.Times < 0 {
			continue
		}
		if a.Times > 0 {
			if a.Times--; a.Times == 0 {
				a.Times = -1
			}
		}
		id := fmt.Sprintf("00000000-0000-0000-0000-%012d", len(s.queries)+1)
		s.queries[id] = &query{id: id, sql: sql, answer: *a, state: "QUEUED"}
		s.byToken[token] = id
		return map[string]any{"QueryExecutionId": id}, nil
	}
	s.t.Errorf("athenatest: no answer is for %s", sql)
	return nil, &awsError{400, "InvalidRequestException", "no answer"}
}

func (s *Server) look(id string) (any, *awsError) {
	q := s.queries[id]
	if q == nil {
		return nil, &awsError{400, "InvalidRequestException", "QueryExecution " + id + " was not found"}
	}
	if !q.over {
		states := q.answer.States
		if len(states) == 0 {
			states = []string{"QUEUED", "RUNNING", "SUCCEEDED"}
		}
		q.state = states[min(q.looks, len(states)-1)]
		q.looks++
		q.over = slices.Contains([]string{"SUCCEEDED", "FAILED", "CANCELLED"}, q.state)
	}
	status := map[string]any{"State": q.state, "SubmissionDateTime": 1795420800.5}
	if q.over {
		status["CompletionDateTime"] = 1795420801.5
		if q.answer.Reason != "" {
			status["StateChangeReason"] = q.answer.Reason
		}
		if q.answer.Error != nil {
			status["AthenaError"] = q.answer.Error
		}
	}
	statement := q.answer.Statement
	if statement == "" {
		statement = "DML"
	}
	return map[string]any{"QueryExecution": map[string]any{"QueryExecutionId": id, "Query": q.sql, "StatementType": statement, "Status": status,
		"Statistics": map[string]any{"DataScannedInBytes": q.answer.Scanned, "TotalExecutionTimeInMillis": 1000,
			"ResultReuseInformation": map[string]any{"ReusedPreviousResult": q.answer.Reused}}}}, nil
}

func (s *Server) results(id, token string, max int) (any, *awsError) {
	q := s.queries[id]
	if q == nil || q.state != "SUCCEEDED" {
		return nil, &awsError{400, "InvalidRequestException", "Query did not finish successfully. Final query state: FAILED"}
	}
	a := q.answer
	var all []any
	row := func(values []any) {
		data := []any{}
		for _, v := range values {
			cell := map[string]any{}
			if v != nil {
				cell["VarCharValue"] = v
			}
			data = append(data, cell)
		}
		all = append(all, map[string]any{"Data": data})
	}
	var info []any
	var names []any
	for _, c := range a.Columns {
		names = append(names, c[0])
		info = append(info, map[string]any{"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": c[0], "Label": c[0], "Type": c[1],
			"Precision": 0, "Scale": 0, "Nullable": "UNKNOWN", "CaseSensitive": false})
	}
	if a.Header {
		row(names)
	}
	for _, r := range a.Rows {
		row(r)
	}
	page := a.Page
	if page == 0 {
		page = 1000
	}
	if max > 0 {
		page = min(page, max)
	}
	from, _ := strconv.Atoi(token)
	to := min(from+page, len(all))
	out := map[string]any{"ResultSet": map[string]any{"Rows": all[from:to], "ResultSetMetadata": map[string]any{"ColumnInfo": info}}, "UpdateCount": 0}
	if to < len(all) {
		out["NextToken"] = strconv.Itoa(to)
	}
	return out, nil
}
