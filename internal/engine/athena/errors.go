package athena

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"

	"weir/internal/engine"
)

// QueryError is a query that Athena began and did not finish.
type QueryError struct {
	ID        string
	Cancelled bool
	Reason    string // Athena's own words
	Category  int    // 1 system, 2 user, 3 other; 0 where Athena does not say
	Type      int    // of Athena's table of errors
	Retryable bool
	Attempts  int // how often it was tried, where that is more than once
	Err       *engine.SQLError

	scanned int64
}

// BytesScanned is what is paid for: failed queries cost nothing, those that were cancelled what they had scanned.
func (e *QueryError) BytesScanned() int64 {
	if !e.Cancelled {
		return 0
	}
	return e.scanned
}

func (e *QueryError) Error() string {
	if e.Err != nil {
		return e.Err.Error() + "\n  query id: " + e.ID
	}
	verb := "failed"
	if e.Cancelled {
		verb = "was cancelled"
	}
	s := fmt.Sprintf("query %s %s in athena", e.ID, verb)
	if e.Attempts > 1 {
		s += fmt.Sprintf(", %d times", e.Attempts)
	}
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if e.Category != 0 {
		s += fmt.Sprintf(" (%s error %d", categories[e.Category], e.Type)
		if meaning := errorTypes[e.Type]; meaning != "" {
			s += ": " + meaning
		}
		s += ")"
	}
	return s
}

// Unwrap gives the error in the text of the query if that is what it is, else the failure as any engine's.
func (e *QueryError) Unwrap() error {
	if e.Err == nil {
		return &engine.ServerError{Engine: "athena", QueryID: e.ID, Code: errorTypes[e.Type], Msg: e.Reason}
	}
	return e.Err
}

var categories = map[int]string{1: "system", 2: "user", 3: "other"}

// errorTypes are what people meet of Athena's table of errors. Athena User Guide, "Athena error reference", read 2026-11.
var errorTypes = map[int]string{
	0: "out of resources", 1: "out of resources", 2: "out of resources", 3: "out of resources", 4: "out of resources",
	5: "out of resources", 6: "out of resources", 7: "out of resources", 8: "out of resources",
	206: "timed out", 210: "timed out",
	401: "results could not be written", 402: "results could not be written",
	1003: "DDL failed", 1004: "schema", 1006: "syntax", 1011: "cancelled by a user", 1014: "cancelled by a user",
	1109: "S3 path not found", 1110: "table or view not found", 1301: "not found", 1302: "not found", 1306: "bucket not found",
	1400: "throttled", 1401: "throttled by Glue", 1402: "throttled", 1403: "throttled by S3",
	1404: "throttled by Athena", 1405: "throttled by Athena", 1406: "throttled by Athena",
	1500: "no permission", 1501: "no permission on S3", 1602: "beyond the reserved capacity", 9999: "internal",
}

// Denied tells that Athena lacked a permission, and not the caller.
func (e *QueryError) Denied() bool { return e.Type == 1500 || e.Type == 1501 }

// queryError is the error of a query that is over and has no result.
func queryError(id string, q *types.QueryExecution) *QueryError {
	e := &QueryError{ID: id, Cancelled: q.Status.State == types.QueryExecutionStateCancelled, Reason: aws.ToString(q.Status.StateChangeReason)}
	if a := q.Status.AthenaError; a != nil {
		e.Category, e.Type = int(aws.ToInt32(a.ErrorCategory)), int(aws.ToInt32(a.ErrorType))
		e.Retryable = a.Retryable || e.Type >= 1400 && e.Type <= 1406
		if e.Reason == "" {
			e.Reason = aws.ToString(a.ErrorMessage)
		}
	}
	if st := q.Statistics; st != nil {
		e.scanned = aws.ToInt64(st.DataScannedInBytes)
	}
	if e.Cancelled {
		e.Retryable = false // somebody meant it, or the workgroup's limit did
	}
	return e
}

// callError says what AWS said to a request, without the SDK's frame around it, which has no news for people. Types and
// codes stay to be found.
func callError(what string, err error) error { return &apiError{what, err} }

type apiError struct {
	what string
	err  error
}

func (e *apiError) Error() string {
	var api smithy.APIError
	if errors.As(e.err, &api) && api.ErrorMessage() != "" {
		return fmt.Sprintf("%s: %s: %s", e.what, api.ErrorCode(), api.ErrorMessage())
	}
	return fmt.Sprintf("%s: %v", e.what, e.err)
}

func (e *apiError) Unwrap() error { return e.err }

// placeOf is where Trino's parser and analyser say that an error is: "line 1:8: Column 'x' cannot be resolved".
var placeOf = regexp.MustCompile(`line (\d+):(\d+): `)

// sqlError turns an error about the text that Athena got into one about the text of the query. back makes it, of the
// place in what was sent.
func (e *Engine) sqlError(err error, back func(line, column int, msg string) *engine.SQLError) error {
	var failed *QueryError
	var api smithy.APIError
	reason := ""
	switch {
	case errors.As(err, &failed):
		reason = failed.Reason
	case errors.As(err, &api) && api.ErrorCode() == "InvalidRequestException":
		// Some texts are refused before they are queued: "line 1:1: mismatched input 'SELEC'".
		reason = api.ErrorMessage()
	default:
		return err
	}
	at := placeOf.FindStringSubmatchIndex(reason)
	if at == nil {
		return err
	}
	line, _ := strconv.Atoi(reason[at[2]:at[3]])
	column, _ := strconv.Atoi(reason[at[4]:at[5]])
	bad := back(line, column, strings.TrimSpace(reason[at[1]:]))
	e.addHint(bad)
	if failed != nil {
		failed.Err = bad
		return failed
	}
	return bad
}

var (
	noColumn = regexp.MustCompile(`Column '([^']+)' cannot be resolved`)
	noTable  = regexp.MustCompile(`Table '([^']+)' does not exist`)
)

// addHint says which name was probably meant.
func (e *Engine) addHint(bad *engine.SQLError) {
	var names []string
	name := ""
	if m := noColumn.FindStringSubmatch(bad.Msg); m != nil {
		name = m[1]
		for _, v := range e.views {
			for _, c := range v.Columns {
				names = append(names, c.Name)
			}
		}
	} else if m := noTable.FindStringSubmatch(bad.Msg); m != nil {
		name = m[1]
		for _, v := range e.views {
			names = append(names, v.Name)
		}
	} else {
		return
	}
	if n := engine.Nearest(name[strings.LastIndexByte(name, '.')+1:], names); n != "" {
		bad.Hint = "did you mean " + n + "?"
	}
}
