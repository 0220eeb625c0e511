package athena

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"
)

// workGroup is what a workgroup's settings mean for a query.
type workGroup struct {
	known    bool   // false where we may not look
	enforced bool   // its own settings win over those of a request
	output   string // s3:// place of results, "" if it has none
	managed  bool   // Athena keeps results itself
	cutoff   int64  // bytes after which it ends a query; 0 is never
}

// decides tells that the place of results is not for a request to say.
func (g *workGroup) decides() bool { return g.managed || g.enforced && g.output != "" }

// workGroup asks for the settings of the workgroup, once, and says what in them would make every query fail.
func (e *Engine) workGroup(ctx context.Context) (*workGroup, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.group != nil {
		return e.group, nil
	}
	name := e.cfg.WorkGroup
	out, err := e.api.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &name})
	if err != nil {
		var api smithy.APIError
		if errors.As(err, &api) && api.ErrorCode() == "AccessDeniedException" {
			// Who may run queries need not be allowed to look. Then Athena says itself what is wrong.
			e.group = &workGroup{}
			return e.group, nil
		}
		return nil, callError("look at athena workgroup "+name, err)
	}
	g := &workGroup{known: true}
	if w := out.WorkGroup; w != nil {
		if w.State == types.WorkGroupStateDisabled {
			return nil, fmt.Errorf("athena workgroup %s is disabled", name)
		}
		if c := w.Configuration; c != nil {
			g.enforced = aws.ToBool(c.EnforceWorkGroupConfiguration)
			g.cutoff = aws.ToInt64(c.BytesScannedCutoffPerQuery)
			g.managed = c.ManagedQueryResultsConfiguration != nil && c.ManagedQueryResultsConfiguration.Enabled
			if c.ResultConfiguration != nil {
				g.output = aws.ToString(c.ResultConfiguration.OutputLocation)
			}
		}
	}
	if !g.managed && g.output == "" && e.cfg.OutputLocation == "" {
		return nil, &NoOutputError{WorkGroup: name}
	}
	e.group = g
	return g, nil
}

// NoOutputError says that there is no place for the results of queries.
type NoOutputError struct{ WorkGroup string }

func (e *NoOutputError) Error() string {
	return fmt.Sprintf("athena workgroup %s has no place for results, and athena.output is not set", e.WorkGroup)
}

// Cutoff is the number of bytes after which the workgroup ends a query; 0 where it never does, or may not be looked at.
func (e *Engine) Cutoff(ctx context.Context) (int64, error) {
	g, err := e.workGroup(ctx)
	if err != nil {
		return 0, err
	}
	return g.cutoff, nil
}
