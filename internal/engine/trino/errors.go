package trino

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/trinodb/trino-go-client/trino"

	"weir/internal/engine"
)

// fail words an error of the client: about the text of the query, or of the server.
func (r *rows) fail(err error) error {
	if ctx := r.ctx.Err(); ctx != nil {
		return ctx
	}
	var limit *engine.LimitError
	if errors.As(err, &limit) {
		return err
	}
	out := &engine.ServerError{Engine: "trino", QueryID: r.seen.queryID()}
	var te *trino.ErrTrino
	var failed *trino.ErrQueryFailed
	switch {
	case errors.As(err, &te):
		out.Code, out.Msg = te.ErrorName, firstLine(te.Message)
		if te.ErrorType == "USER_ERROR" && !notTheText[te.ErrorName] {
			if bad := r.sqlError(te); bad != nil {
				return bad
			}
		}
	case errors.Is(err, trino.ErrQueryCancelled):
		out.Code, out.Msg = "USER_CANCELED", "somebody ended the query on the server"
	case errors.As(err, &failed) && failed.StatusCode > 0:
		out.Code = fmt.Sprintf("HTTP %d", failed.StatusCode)
		out.Msg = http.StatusText(failed.StatusCode)
		if failed.StatusCode != http.StatusUnauthorized && failed.Reason != nil {
			out.Msg = firstLine(failed.Reason.Error())
		}
	case errors.As(err, &failed) && failed.Reason != nil:
		out.Msg, out.Err = "ask the server: "+failed.Reason.Error(), failed.Reason
	default:
		out.Msg, out.Err = err.Error(), err
	}
	return out
}

// notTheText are the errors that Trino calls the user's, and that no other text would mend.
var notTheText = map[string]bool{
	"USER_CANCELED": true, "ADMINISTRATIVELY_KILLED": true, "ADMINISTRATIVELY_PREEMPTED": true, "ABANDONED_QUERY": true,
	"PERMISSION_DENIED": true, "QUERY_REJECTED": true, "INVALID_SESSION_PROPERTY": true,
}

// inFront is the place as Trino writes it into the message, too.
var inFront = regexp.MustCompile(`^line \d+:\d+: `)

var (
	missingColumn = regexp.MustCompile(`^Column '(.*)' cannot be resolved$`)
	missingTable  = regexp.MustCompile(`^Table '(?:.*\.)?([^.]*)' does not exist$`)
	missingFunc   = regexp.MustCompile(`^Function '(.*)' not registered$`)
)

// sqlError is an error about the text, or nil where its place is in the views: then the lake is not there, or not as
// weir writes it.
func (r *rows) sqlError(te *trino.ErrTrino) *engine.SQLError {
	msg := inFront.ReplaceAllString(firstLine(te.Message), "")
	e := r.query.Error(te.ErrorLocation.LineNumber, te.ErrorLocation.ColumnNumber, msg)
	if te.ErrorLocation.LineNumber > 0 && e.Line == 0 {
		return nil
	}
	if m := missingColumn.FindStringSubmatch(msg); m != nil {
		e.Msg = fmt.Sprintf("there is no column %q", m[1])
		var names []string
		for _, v := range r.engine.views {
			for _, c := range v.Columns {
				names = append(names, c.Name)
			}
		}
		_, column, qualified := strings.Cut(m[1], ".")
		if !qualified {
			column = m[1]
		}
		if n := engine.Nearest(column, names); n != "" {
			e.Hint = "did you mean " + n + "?"
		}
	} else if m := missingTable.FindStringSubmatch(msg); m != nil {
		e.Msg = fmt.Sprintf("there is no table %q", m[1])
		var names []string
		for _, v := range r.engine.views {
			names = append(names, v.Name)
		}
		if n := engine.Nearest(m[1], names); n != "" {
			e.Hint = "did you mean " + n + "?"
		} else {
			e.Hint = "the tables are " + strings.Join(names, ", ")
		}
	} else if m := missingFunc.FindStringSubmatch(msg); m != nil {
		e.Msg = fmt.Sprintf("there is no function %s", m[1])
		e.Hint = "docs/sql.md lists the functions that run on every engine"
	}
	return e
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

// isStarting tells a server that will be there soon.
func isStarting(err error) bool {
	var s *engine.ServerError
	return errors.As(err, &s) && (s.Code == "SERVER_STARTING_UP" || s.Code == "NO_NODES_AVAILABLE")
}

// isFinished tells the errors with which a query has ended on the server, too.
func isFinished(err error) bool {
	var server *engine.ServerError
	var text *engine.SQLError
	return errors.As(err, &text) || errors.As(err, &server) && server.Code != "" && !strings.HasPrefix(server.Code, "HTTP")
}
