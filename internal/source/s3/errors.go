package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"weir/internal/source"
)

// answer is an error that the server gave, in fewer words than the SDK's. It unwraps to both the SDK's error and, if
// it is one of those that package source names, that.
type answer struct {
	kind error // or nil
	err  error
}

func (a *answer) Error() string {
	text := a.err.Error()
	if api, ok := errors.AsType[smithy.APIError](a.err); ok {
		text = api.ErrorCode()
		if m := api.ErrorMessage(); m != "" && m != text {
			text += ": " + m
		}
	}
	if resp, ok := errors.AsType[*awshttp.ResponseError](a.err); ok && resp.RequestID != "" {
		text += ", request " + resp.RequestID
	}
	if a.kind == nil {
		return text
	}
	return fmt.Sprintf("%v (%s)", a.kind, text)
}

func (a *answer) Unwrap() []error {
	if a.kind == nil {
		return []error{a.err}
	}
	return []error{a.kind, a.err}
}

// explain shortens an error of the SDK, and reports whether it concerns the one object that was asked for.
func explain(ctx context.Context, err error) (_ error, ofObject bool) {
	if cerr := ctx.Err(); cerr != nil {
		return cerr, false
	}
	var code string
	var status int
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	if resp, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = resp.HTTPStatusCode()
	}
	switch {
	case code == "NoSuchBucket":
		return &answer{err: err}, false
	case code == "NoSuchKey" || status == http.StatusNotFound:
		return &answer{source.ErrVanished, err}, true
	case code == "InvalidObjectState":
		return &answer{source.ErrArchived, err}, true
	case code == "PreconditionFailed" || status == http.StatusPreconditionFailed || status == http.StatusRequestedRangeNotSatisfiable:
		return &answer{source.ErrChanged, err}, true
	case code == "AccessDenied" || code == "Forbidden" || code == "AllAccessDisabled" || code == "KMS.AccessDeniedException":
		return &answer{source.ErrDenied, err}, true
	case status >= 500:
		return &answer{err: err}, true
	case code != "":
		return &answer{err: err}, false // credentials, the signature, the clock: no object will do better
	}
	return err, false
}

// objectError names the object, and makes the error an *source.ObjectError if it concerns only this one.
func (s *Source) objectError(ctx context.Context, uri string, err error) error {
	err, ofObject := explain(ctx, err)
	switch {
	case ofObject:
		return &source.ObjectError{URI: uri, Err: err}
	case ctx.Err() != nil:
		return err
	}
	return fmt.Errorf("read %s: %w", uri, err)
}
