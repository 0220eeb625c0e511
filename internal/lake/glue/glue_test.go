package glue

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"weir/internal/lake"
	"weir/internal/lake/gluetest"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/google/go-cmp/cmp"
)

func client(endpoint string) *sdk.Client {
	return sdk.New(sdk.Options{BaseEndpoint: &endpoint, Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.RateLimiter = 4, ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
		})})
}

func metadata(t *testing.T, fields ...iceberg.NestedField) table.Metadata {
	t.Helper()
	fields = append([]iceberg.NestedField{{ID: 1, Name: "bytes", Type: iceberg.PrimitiveTypes.Int64, Doc: "How many\nbytes."}}, fields...)
	m, err := table.NewMetadata(iceberg.NewSchema(0, fields...), iceberg.UnpartitionedSpec, table.UnsortedSortOrder, "s3://b/lake/flows", nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestContract runs what package lake relies on. Beside the stand-in of this repository, where WEIR_AWS_ENDPOINT says so,
// on another one, such as moto: its makers know Glue from elsewhere.
func TestContract(t *testing.T) {
	t.Run("gluetest", func(t *testing.T) { contract(t, gluetest.New(t).Endpoint) })
	t.Run("other", func(t *testing.T) {
		endpoint := os.Getenv("WEIR_AWS_ENDPOINT")
		if endpoint == "" {
			t.Skip("NOT TESTED: no other stand-in for AWS: set WEIR_AWS_ENDPOINT=http://127.0.0.1:PORT, of moto_server for example")
		}
		contract(t, endpoint)
	})
}

func contract(t *testing.T, endpoint string) {
	ctx := t.Context()
	c := New(client(endpoint), "weir_"+strings.ToLower(rand.Text()))
	meta := metadata(t)
	if _, err := c.Pointer(ctx, "flows"); !errors.Is(err, lake.ErrNoTable) {
		t.Errorf("pointer without a database: %v, want ErrNoTable", err)
	}
	if err := c.Create(ctx, "flows", "s3://b/lake/0.json", meta); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pointer(ctx, "other"); !errors.Is(err, lake.ErrNoTable) {
		t.Errorf("pointer without a table: %v, want ErrNoTable", err)
	}
	if err := c.Create(ctx, "flows", "s3://b/lake/00.json", meta); !errors.Is(err, table.ErrCommitFailed) {
		t.Errorf("create again: %v, want ErrCommitFailed", err)
	}
	at := func(want string) {
		t.Helper()
		if got, err := c.Pointer(ctx, "flows"); got != want || err != nil {
			t.Errorf("pointer is at %s, %v; want %s", got, err, want)
		}
	}
	at("s3://b/lake/0.json")
	if err := c.Move(ctx, "flows", "s3://b/lake/0.json", "s3://b/lake/1.json", meta); err != nil {
		t.Fatal(err)
	}
	at("s3://b/lake/1.json")
	if err := c.Move(ctx, "flows", "s3://b/lake/0.json", "s3://b/lake/2.json", meta); !errors.Is(err, table.ErrCommitFailed) {
		t.Errorf("move from where it is not: %v, want ErrCommitFailed", err)
	}
	if err := c.Move(ctx, "other", "s3://b/lake/0.json", "s3://b/lake/2.json", meta); !errors.Is(err, lake.ErrNoTable) {
		t.Errorf("move of no table: %v, want ErrNoTable", err)
	}
	at("s3://b/lake/1.json")

	// What another put there stays.
	before, err := c.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: &c.database, Name: aws.String("flows")})
	if err != nil {
		t.Fatal(err)
	}
	in := kept(before.Table)
	in.Parameters["comment"], in.Description = "theirs", aws.String("a table")
	in.StorageDescriptor.Parameters = map[string]string{"more": "theirs"}
	if _, err := c.client.UpdateTable(ctx, &sdk.UpdateTableInput{DatabaseName: &c.database, TableInput: in, VersionId: before.Table.VersionId, SkipArchive: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	wider := metadata(t, iceberg.NestedField{ID: 2, Name: "packets", Type: iceberg.PrimitiveTypes.Int32})
	if err := c.Move(ctx, "flows", "s3://b/lake/1.json", "s3://b/lake/2.json", wider); err != nil {
		t.Fatal(err)
	}
	got, err := c.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: &c.database, Name: aws.String("flows")})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"comment": "theirs", "table_type": "ICEBERG", "metadata_location": "s3://b/lake/2.json", "previous_metadata_location": "s3://b/lake/1.json"}
	if d := cmp.Diff(want, got.Table.Parameters); d != "" {
		t.Errorf("parameters (-want +got):\n%s", d)
	}
	storage := got.Table.StorageDescriptor
	var names []string
	for _, col := range storage.Columns {
		names = append(names, aws.ToString(col.Name)+" "+aws.ToString(col.Type)+" "+aws.ToString(col.Comment))
	}
	if d := cmp.Diff([]string{"bytes bigint How many bytes.", "packets int "}, names); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
	if aws.ToString(got.Table.Description) != "a table" || aws.ToString(got.Table.TableType) != "EXTERNAL_TABLE" ||
		storage.Parameters["more"] != "theirs" || aws.ToString(storage.Location) != "s3://b/lake/flows" {
		t.Errorf("entry: %s, %s, %v, %s", aws.ToString(got.Table.Description), aws.ToString(got.Table.TableType), storage.Parameters, aws.ToString(storage.Location))
	}
}

// TestConcurrentUpdate has somebody write the entry between our look at it and our update.
func TestConcurrentUpdate(t *testing.T) {
	s := gluetest.New(t)
	c := New(client(s.Endpoint), "weir")
	if err := c.Create(t.Context(), "flows", "s3://b/0", metadata(t)); err != nil {
		t.Fatal(err)
	}
	s.Before(func(action string) *gluetest.Failure {
		if action == "UpdateTable" {
			s.Edit("weir", "flows", func(in map[string]any) { in["Description"] = "theirs" })
		}
		return nil
	})
	if err := c.Move(t.Context(), "flows", "s3://b/0", "s3://b/1", metadata(t)); !errors.Is(err, table.ErrCommitFailed) {
		t.Errorf("move: %v, want ErrCommitFailed", err)
	}
	if loc, err := c.Pointer(t.Context(), "flows"); loc != "s3://b/0" || err != nil {
		t.Errorf("pointer is at %s, %v", loc, err)
	}
}

// TestFailures has requests throttled, cut and denied.
func TestFailures(t *testing.T) {
	s := gluetest.New(t)
	c := New(client(s.Endpoint), "weir")
	if err := c.Create(t.Context(), "flows", "s3://b/0", metadata(t)); err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	first := func(f *gluetest.Failure) func(string) *gluetest.Failure {
		clear(times)
		return func(action string) *gluetest.Failure {
			if times[action]++; times[action] == 1 {
				return f
			}
			return nil
		}
	}
	s.Before(first(&gluetest.Failure{Status: 400, Code: "ThrottlingException"}))
	if err := c.Move(t.Context(), "flows", "s3://b/0", "s3://b/1", metadata(t)); err != nil {
		t.Errorf("throttled once: %v", err)
	}
	s.Before(first(&gluetest.Failure{}))
	if err := c.Move(t.Context(), "flows", "s3://b/1", "s3://b/2", metadata(t)); err != nil {
		t.Errorf("cut once: %v", err)
	}
	// The update is done, its answer lost: the client sends it again, and runs into itself. Package lake finds out.
	s.Before(nil)
	s.After(func(action string) *gluetest.Failure {
		if action == "UpdateTable" {
			return &gluetest.Failure{}
		}
		return nil
	})
	err := c.Move(t.Context(), "flows", "s3://b/2", "s3://b/3", metadata(t))
	if loc, e := c.Pointer(t.Context(), "flows"); !errors.Is(err, table.ErrCommitFailed) || loc != "s3://b/3" || e != nil {
		t.Errorf("answer lost: %v, pointer is at %s, %v", err, loc, e)
	}
	s.Before(func(string) *gluetest.Failure { return &gluetest.Failure{Status: 400, Code: "AccessDeniedException"} })
	if _, err := c.Pointer(t.Context(), "flows"); err == nil || errors.Is(err, lake.ErrNoTable) {
		t.Errorf("denied: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Pointer(ctx, "flows"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNotIceberg(t *testing.T) {
	s := gluetest.New(t)
	c := New(client(s.Endpoint), "weir")
	if err := c.Create(t.Context(), "flows", "s3://b/0", metadata(t)); err != nil {
		t.Fatal(err)
	}
	s.Edit("weir", "flows", func(in map[string]any) { in["Parameters"] = map[string]any{"table_type": "iceberg"} })
	if _, err := c.Pointer(t.Context(), "flows"); err == nil || !strings.Contains(err.Error(), "has no metadata_location") {
		t.Errorf("entry without a location: %v", err)
	}
	s.Edit("weir", "flows", func(in map[string]any) { in["Parameters"] = map[string]any{"classification": "parquet"} })
	if _, err := c.Pointer(t.Context(), "flows"); err == nil || !strings.Contains(err.Error(), "weir.flows in Glue is not an Iceberg table") {
		t.Errorf("raw table: %v", err)
	}
}

func TestComment(t *testing.T) {
	for _, doc := range []string{strings.Repeat("x", 300), strings.Repeat("é", 200), strings.Repeat("日", 85) + "x"} {
		got := comment(doc)
		if len(got) > maxComment || len(got) < maxComment-6 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("comment of %d bytes became %q", len(doc), got)
		}
	}
	if got := comment(strings.Repeat("日", 85)); got != strings.Repeat("日", 85) {
		t.Errorf("comment of 255 bytes became %q", got)
	}
}

func TestColumns(t *testing.T) {
	p := iceberg.PrimitiveTypes
	types := []iceberg.Type{p.Bool, p.Int32, p.Int64, p.Float32, p.Float64, p.Date, p.Timestamp, p.TimestampTz, p.String, p.UUID, p.Binary,
		iceberg.DecimalTypeOf(9, 2),
		&iceberg.MapType{KeyID: 101, KeyType: p.String, ValueID: 102, ValueType: p.Int32},
		&iceberg.ListType{ElementID: 103, Element: p.Date},
		&iceberg.StructType{FieldList: []iceberg.NestedField{{ID: 104, Name: "a", Type: p.Int32}, {ID: 105, Name: "b", Type: p.String}}}}
	want := []string{"boolean", "int", "bigint", "float", "double", "date", "timestamp", "timestamp", "string", "string", "binary",
		"decimal(9,2)", "map<string,int>", "array<date>", "struct<a:int,b:string>"}
	for i, typ := range types {
		if got := typeName(typ); got != want[i] {
			t.Errorf("%s is %s, want %s", typ, got, want[i])
		}
	}
	// A column that was dropped is shown, and said to be.
	meta := metadata(t, iceberg.NestedField{ID: 2, Name: "gone", Type: p.Int32, Required: true})
	b, err := table.MetadataBuilderFromBase(meta, "s3://b/0")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(b.AddSchema(iceberg.NewSchema(1, iceberg.NestedField{ID: 1, Name: "bytes", Type: p.Int64})), b.SetCurrentSchemaID(1)); err != nil {
		t.Fatal(err)
	}
	if meta, err = b.Build(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range columns(meta) {
		got = append(got, aws.ToString(c.Name)+" "+c.Parameters["iceberg.field.id"]+" "+c.Parameters["iceberg.field.optional"]+" "+c.Parameters["iceberg.field.current"])
	}
	if d := cmp.Diff([]string{"bytes 1 true true", "gone 2 false false"}, got); d != "" {
		t.Errorf("columns (-want +got):\n%s", d)
	}
}
