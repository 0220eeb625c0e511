package athena

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"weir/flowlog"
	"weir/internal/engine"
)

// Catalog is what is needed of Glue: a client of the SDK, or what stands in for one.
type Catalog interface {
	GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error)
	GetPartitions(context.Context, *glue.GetPartitionsInput, ...func(*glue.Options)) (*glue.GetPartitionsOutput, error)
}

// RawTable is a table of flow logs that weir did not make: by AWS's DDL, by a Terraform module, by hand; over text or
// Parquet; partitioned in one of many ways. Remote makes it look like weir's own.
type RawTable struct {
	From       string            // its qualified name, as SQL
	Columns    []engine.Column   // with Hive's types: string, int, bigint, date, …
	Partitions []engine.Column   // by which it is partitioned, likewise
	Text       bool              // its files are text, not Parquet
	Location   string            // s3://bucket/prefix/
	Parameters map[string]string // TBLPROPERTIES: those of partition projection are used
	// Sample are the values of some partition, where the catalog has one: they show how days are written.
	Sample []string
}

// LoadRaw reads what Glue knows of a table.
func LoadRaw(ctx context.Context, c Catalog, database, name string) (*RawTable, error) {
	out, err := c.GetTable(ctx, &glue.GetTableInput{DatabaseName: &database, Name: &name})
	if err != nil {
		return nil, callError(fmt.Sprintf("look up table %s.%s in Glue", database, name), err)
	}
	t := out.Table
	if t == nil || t.StorageDescriptor == nil {
		return nil, fmt.Errorf("look up table %s.%s in Glue: it is no table of files", database, name)
	}
	if strings.EqualFold(t.Parameters["table_type"], "ICEBERG") || aws.ToString(t.TableType) == "VIRTUAL_VIEW" {
		return nil, fmt.Errorf("table %s.%s is an Iceberg table or a view; athena.table is for tables of delivered flow logs", database, name)
	}
	d := t.StorageDescriptor
	format := strings.ToLower(aws.ToString(d.InputFormat))
	if d.SerdeInfo != nil {
		format += strings.ToLower(aws.ToString(d.SerdeInfo.SerializationLibrary))
	}
	r := &RawTable{
		From:    engine.QuoteName(database) + "." + engine.QuoteName(name),
		Columns: glueColumns(d.Columns), Partitions: glueColumns(t.PartitionKeys),
		Text: !strings.Contains(format, "parquet") && !strings.Contains(format, "orc"), Location: aws.ToString(d.Location), Parameters: t.Parameters,
	}
	if len(r.Partitions) > 0 && !r.projected() {
		p, err := c.GetPartitions(ctx, &glue.GetPartitionsInput{DatabaseName: &database, TableName: &name, MaxResults: aws.Int32(1), ExcludeColumnSchema: aws.Bool(true)})
		if err != nil {
			return nil, callError(fmt.Sprintf("look up partitions of %s.%s in Glue", database, name), err)
		}
		if len(p.Partitions) > 0 {
			r.Sample = p.Partitions[0].Values
		}
	}
	for _, c := range r.Partitions {
		if r.projection(c.Name, "type") == "injected" {
			return nil, fmt.Errorf("table %s.%s: its partition column %s is injected, so that each query must name its values; that is not supported", database, name, c.Name)
		}
	}
	if known, _ := r.sources(); len(known) == 0 {
		return nil, fmt.Errorf("table %s.%s has none of the columns of flow logs", database, name)
	}
	return r, nil
}

func glueColumns(in []types.Column) []engine.Column {
	var out []engine.Column
	for _, c := range in {
		out = append(out, engine.Column{Name: aws.ToString(c.Name), Type: strings.ToLower(aws.ToString(c.Type))})
	}
	return out
}

// Table is the kind of flow log that it holds, by its columns.
func (r *RawTable) Table() *flowlog.Table {
	for _, c := range r.Columns {
		name := columnName(c.Name)
		if flowlog.TransitGateway.Column(name) != nil && flowlog.VPC.Column(name) == nil {
			return flowlog.TransitGateway
		}
	}
	return flowlog.VPC
}

// columnName is the name of a column as weir has it: '-' as '_', and region_field, which AWS's examples of partition
// projection suggest where region is a partition column, as region.
func columnName(name string) string {
	return strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(name), "-", "_"), "_field")
}

// old are the names of AWS's first tutorial, each with the stored column. Tables made after it are still about.
var old = func() map[string]string {
	m := map[string]string{}
	for _, v := range engine.ViewsOf(flowlog.VPC.Name, engine.Columns(flowlog.VPC)) {
		for _, c := range v.Columns {
			if v.Name == "vpc_appsec_flow_logs" && c.Made == engine.Stored && c.Name != "accid" {
				m[c.Name] = c.Of
			}
		}
	}
	return m
}()

// partitionFields are partition columns that say the same as a field of each record, where the records lack it.
var partitionFields = map[string]string{
	"region": "region", "aws_region": "region",
	"accid": "account_id", "account": "account_id", "account_id": "account_id", "aws_account_id": "account_id",
}

// sources finds the column that each stored column comes from. unknown are columns that are none of a flow log's.
func (r *RawTable) sources() (from map[string]engine.Column, unknown []string) {
	from = map[string]engine.Column{}
	table := r.Table()
	for _, c := range r.Columns {
		name := columnName(c.Name)
		if table.Column(name) == nil && old[name] != "" {
			name = old[name]
		}
		if _, twice := from[name]; twice || table.Column(name) == nil {
			unknown = append(unknown, c.Name)
			continue
		}
		from[name] = c
	}
	for _, c := range r.Partitions {
		field := partitionFields[columnName(c.Name)]
		if _, have := from[field]; field != "" && !have && table.Column(field) != nil {
			from[field] = c
		}
	}
	return from, unknown
}

// Unknown lists the table's columns that are none of a flow log's, and so cannot be asked.
func (r *RawTable) Unknown() []string {
	_, unknown := r.sources()
	return unknown
}

// Prunes tells whether the bounds of a query leave out partitions.
func (r *RawTable) Prunes() bool {
	_, ok := r.days()
	return ok
}

// Remote is the table as weir's own: the columns of engine.Columns with their types, '-' as NULL, what the table lacks as
// NULL. Where since or until bound the records, only partitions are read that can hold such. now is the present time;
// no partition is later.
func (r *RawTable) Remote(since, until, now time.Time) (engine.RemoteTable, error) {
	table := r.Table()
	if !since.IsZero() && !until.IsZero() && !since.Before(until) {
		return engine.RemoteTable{}, errors.New("no time is left between since and until")
	}
	from, _ := r.sources()
	columns := engine.Columns(table)
	items, err := r.Items()
	if err != nil {
		return engine.RemoteTable{}, err
	}
	sql := "(SELECT " + strings.Join(items, ", ") + " FROM " + r.From
	var where []string
	if w, ok := r.window(since, until, now); ok {
		where = append(where, w.condition()...)
	}
	if c := r.headerCondition(from); c != "" {
		where = append(where, c)
	}
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	return engine.RemoteTable{Name: table.Name, From: sql + ")", Columns: columns, Since: since, Until: until}, nil
}

// Items are the stored columns in terms of the table's, as items of SELECT, in the order of engine.Columns.
func (r *RawTable) Items() ([]string, error) {
	from, _ := r.sources()
	var items []string
	for _, c := range engine.Columns(r.Table()) {
		expr, err := r.expression(c, from)
		if err != nil {
			return nil, fmt.Errorf("read table %s: %w", r.From, err)
		}
		items = append(items, expr+" AS "+engine.QuoteName(c.Name))
	}
	return items, nil
}

// expression is a stored column in terms of the table's.
func (r *RawTable) expression(c engine.Column, from map[string]engine.Column) (string, error) {
	switch c.Name {
	case "source_object":
		return `"$path"`, nil // a column that every table of files has
	case "start_time":
		start, ok := from["start"]
		if !ok {
			break
		}
		s, err := cast(start, engine.Column{Name: "start", Type: "bigint"})
		return "CAST(from_unixtime(" + s + ") AS " + c.Type + ")", err
	}
	if source, ok := from[c.Name]; ok {
		return cast(source, c)
	}
	return "CAST(NULL AS " + c.Type + ")", nil
}

// cast gives a column the type of a stored one. Text files have '-' for no value, and Parquet files may have it in
// columns of text.
func cast(source, c engine.Column) (string, error) {
	name := engine.QuoteName(source.Name)
	kind, _, _ := strings.Cut(source.Type, "(")
	text := slices.Contains([]string{"string", "varchar", "char"}, kind)
	number := slices.Contains([]string{"tinyint", "smallint", "int", "integer", "bigint", "double", "float", "decimal"}, kind)
	switch {
	case c.Type == "varchar" && text:
		return "nullif(" + name + ", '-')", nil
	case c.Type == "varchar" && number && c.Name == "account_id":
		return "lpad(CAST(" + name + " AS varchar), 12, '0')", nil // as a number it has lost its leading zeros
	case c.Type == "varchar" && number:
		return "CAST(" + name + " AS varchar)", nil
	case text: // into a number; '-' fails, and so is NULL
		return "TRY_CAST(" + name + " AS " + c.Type + ")", nil
	case number && (kind == c.Type || kind == "int" && c.Type == "integer"):
		return name, nil
	case number:
		return "CAST(" + name + " AS " + c.Type + ")", nil
	case kind == "timestamp" && (c.Name == "start" || c.Name == "end"):
		return "CAST(to_unixtime(" + name + ") AS bigint)", nil
	}
	return "", fmt.Errorf("column %s has the type %s, which does not fit %s", source.Name, source.Type, c.Type)
}

// headerCondition leaves out the first line of text files where the table does not say that it is none of the records.
func (r *RawTable) headerCondition(from map[string]engine.Column) string {
	if !r.Text || r.Parameters["skip.header.line.count"] != "" {
		return ""
	}
	for _, name := range []string{"log_status", "interface_id", "action", "srcaddr", "account_id"} {
		source, ok := from[name]
		if ok && source.Type == "string" && slices.Contains(r.Columns, source) {
			q := engine.QuoteName(source.Name)
			return fmt.Sprintf("(%s IS NULL OR %s <> '%s')", q, q, strings.ReplaceAll(name, "_", "-"))
		}
	}
	return ""
}

func (r *RawTable) projected() bool {
	return strings.EqualFold(r.Parameters["projection.enabled"], "true")
}

// projection is a setting of partition projection.
func (r *RawTable) projection(column, key string) string {
	if !r.projected() {
		return ""
	}
	return r.Parameters["projection."+column+"."+key]
}
