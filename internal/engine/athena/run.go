package athena

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/google/uuid"
)

// request is a statement to run.
type request struct {
	sql      string
	params   []string
	reuse    bool   // an older result will do, where the settings allow it
	database string // whose tables need no qualified name; "" is that of the settings
}

// execution is a statement that Athena has run.
type execution struct {
	id        string
	statement types.StatementType
	scanned   int64 // bytes that are paid for
	reused    bool  // the rows are those of an earlier run
}

const (
	// firstLook and lastLook are the waits between looks at a query: soon at first, since small ones take less than a
	// second, and then seldom, since an account may ask only so often.
	firstLook = 100 * time.Millisecond
	lastLook  = 2 * time.Second
	// attempts is how often a query is started that fails for a reason of Athena's own. Failed queries are not charged.
	attempts = 4
	// firstRetry is the wait before the second attempt; it doubles.
	firstRetry = time.Second
	// stopTime is how long the end of a query may be asked for, after its context has ended.
	stopTime = 15 * time.Second
	// maxText is the longest query that Athena takes, in bytes. Athena API Reference, StartQueryExecution, read 2026-11.
	maxText = 262144
)

// run runs a statement to its end.
func (e *Engine) run(ctx context.Context, r request) (*execution, error) {
	if len(r.sql) > maxText {
		return nil, fmt.Errorf("start query in athena: with its views and values it has %d bytes, and Athena takes %d", len(r.sql), maxText)
	}
	group, err := e.workGroup(ctx)
	if err != nil {
		return nil, err
	}
	wait := firstRetry
	for n := 1; ; n++ {
		run, err := e.attempt(ctx, group, r)
		var failed *QueryError
		if err == nil || !errors.As(err, &failed) {
			return run, err
		}
		failed.Attempts = n
		if n == attempts || !failed.Retryable {
			return nil, err
		}
		if e.cfg.Sleep(ctx, wait) != nil {
			return nil, err
		}
		wait *= 2
	}
}

func (e *Engine) attempt(ctx context.Context, group *workGroup, r request) (*execution, error) {
	database := &e.cfg.Database
	if r.database != "" {
		database = &r.database
	}
	in := &athena.StartQueryExecutionInput{
		QueryString:           &r.sql,
		ClientRequestToken:    aws.String(uuid.NewString()),
		WorkGroup:             &e.cfg.WorkGroup,
		QueryExecutionContext: &types.QueryExecutionContext{Catalog: &e.cfg.Catalog, Database: database},
		ExecutionParameters:   r.params,
	}
	if e.cfg.OutputLocation != "" && !group.decides() {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &e.cfg.OutputLocation}
	}
	if r.reuse && e.cfg.Reuse > 0 && !group.managed {
		minutes := int32((e.cfg.Reuse + time.Minute - 1) / time.Minute)
		in.ResultReuseConfiguration = &types.ResultReuseConfiguration{
			ResultReuseByAgeConfiguration: &types.ResultReuseByAgeConfiguration{Enabled: true, MaxAgeInMinutes: &minutes},
		}
	}
	out, err := e.api.StartQueryExecution(ctx, in)
	if err != nil {
		if ctx.Err() != nil {
			return nil, e.abandon(ctx, in)
		}
		return nil, callError("start query in athena", err)
	}
	id := aws.ToString(out.QueryExecutionId)
	run, err := e.wait(ctx, id)
	if err != nil && (run == nil || !run.over) {
		// Nobody waits for it any more.
		if stop := e.stop(ctx, id); stop != nil {
			err = errors.Join(err, stop)
		}
	}
	if err != nil {
		return nil, err
	}
	return &run.execution, nil
}

// status is how a query stands.
type status struct {
	execution
	over bool
}

// wait looks at a query until it is over.
func (e *Engine) wait(ctx context.Context, id string) (*status, error) {
	pause := firstLook
	for {
		out, err := e.api.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		if err != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("wait for query %s in athena: %w", id, ctx.Err())
			}
			return nil, callError("wait for query "+id+" in athena", err)
		}
		q := out.QueryExecution
		if q == nil || q.Status == nil {
			return nil, fmt.Errorf("wait for query %s in athena: the answer has no status", id)
		}
		switch q.Status.State {
		case types.QueryExecutionStateSucceeded:
			s := &status{execution{id: id, statement: q.StatementType}, true}
			if st := q.Statistics; st != nil {
				s.scanned = aws.ToInt64(st.DataScannedInBytes)
				s.reused = st.ResultReuseInformation != nil && st.ResultReuseInformation.ReusedPreviousResult
			}
			return s, nil
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			return &status{over: true}, queryError(id, q)
		}
		// QUEUED or RUNNING, in any order: after some faults a query is queued again.
		if err := e.cfg.Sleep(ctx, pause); err != nil {
			return nil, fmt.Errorf("wait for query %s in athena: %w", id, err)
		}
		pause = min(pause*3/2, lastLook)
	}
}

// stop ends a query. It has a time of its own: ctx has ended.
func (e *Engine) stop(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if _, err := e.api.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
		return callError("stop query "+id+" in athena, which may still run", err)
	}
	return nil
}

// abandon is for a start that was cut off: Athena may have it, and we have no id. The same token gives the id of the
// query if it runs. If it does not, it starts now, and ends at once.
func (e *Engine) abandon(ctx context.Context, in *athena.StartQueryExecutionInput) error {
	ended := fmt.Errorf("start query in athena: %w", ctx.Err())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	out, err := e.api.StartQueryExecution(ctx, in)
	if err != nil {
		return errors.Join(ended, callError("find out whether the query was started", err))
	}
	if err := e.stop(ctx, aws.ToString(out.QueryExecutionId)); err != nil {
		return errors.Join(ended, err)
	}
	return ended
}
