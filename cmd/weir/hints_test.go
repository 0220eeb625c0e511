package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5/pgconn"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/athena"
	"weir/internal/lake"
	"weir/internal/source"
)

func TestHints(t *testing.T) {
	s3 := func(operation, code string) error {
		return &smithy.OperationError{ServiceID: "S3", OperationName: operation, Err: &smithy.GenericAPIError{Code: code, Message: "no"}}
	}
	for _, c := range []struct {
		err  error
		want string // what the hint must name; "" is no hint
	}{
		{errors.New("something else"), ""},
		{s3("ListObjectsV2", "AccessDenied"), "s3:ListBucket"},
		{s3("GetObject", "AccessDenied"), "kms:Decrypt"},
		{s3("AssumeRole", "AccessDenied"), "sts:AssumeRole"},
		{s3("SomethingNew", "AccessDenied"), "lacks a permission"},
		{s3("ListObjectsV2", "NoSuchBucket"), "s3://bucket/prefix"},
		{s3("ListObjectsV2", "ExpiredToken"), "sign in again"},
		{s3("ListObjectsV2", "PermanentRedirect"), "--s3-region"},
		{s3("ListObjectsV2", "NeverHeardOf"), ""},
		{&smithy.OperationError{ServiceID: "S3", OperationName: "ListObjectsV2", Err: fmt.Errorf("get credentials: %w",
			&smithy.OperationError{ServiceID: "ec2imds", OperationName: "GetMetadata", Err: errors.New("disabled")})}, "--s3-profile"},
		{s3("StartQueryExecution", "AccessDeniedException"), "athena:StartQueryExecution"},
		{s3("GetTable", "AccessDeniedException"), "glue:GetTable"},
		{s3("GetTable", "EntityNotFoundException"), "--s3-region"},
		{&athena.QueryError{Type: 1501}, "Lake Formation"},
		{&athena.NoOutputError{}, "athena.output"},
		{&engine.CostError{}, "--max-bytes"},
		{&engine.CostError{Daily: true}, "--daily-bytes"},
		{&engine.UnknownCostError{}, "BytesScannedCutoffPerQuery"},
		{&source.ObjectError{URI: "s3://b/k", Err: s3("GetObject", "InvalidObjectState")}, "Glacier"},
		{&lake.LockedError{Dir: "/x"}, "one weir writes"},
		{&lake.LockedError{Dir: "s3://b/x", Left: 1}, "Reading goes on"},
		{&lake.LeaseError{}, "goes on"},
		{&pgconn.PgError{Code: "28P01"}, "PGPASSWORD"},
		{&pgconn.PgError{Code: "XX000"}, ""},
		{fmt.Errorf("lake s3://b/x: %w", errNoCatalog), "--catalog"},
		{fmt.Errorf("%w at /x", lake.ErrNoLake), "weir ingest"},
		{fmt.Errorf("%w in postgres://h/d: %w", lake.ErrNoLake, &pgconn.PgError{Code: "42P01"}), "weir ingest"},
		{&lake.OtherLakeError{Dir: "/x"}, "--catalog ''"},
		{&lake.OtherLakeError{Dir: "s3://b/x"}, "search_path"},
		{flowlog.ErrNoHeader, "--log-format"},
		{&fs.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}, "disk is full"},
		{&fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}, "may not"},
		{&fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}, ""},
	} {
		// Hints must be found however deep the error lies.
		got := hint(fmt.Errorf("ingest s3://b: %w", fmt.Errorf("list: %w", c.err)))
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%v: hint %q, want one with %q", c.err, got, c.want)
		}
		if strings.Contains(got, "\n") || strings.HasSuffix(got, ".") {
			t.Errorf("%v: hint %q is not one line without a full stop", c.err, got)
		}
	}
}
