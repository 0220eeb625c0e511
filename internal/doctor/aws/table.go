package aws

import (
	"context"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"weir/internal/doctor"
)

// table is an aws_glue_catalog_table over flow logs as AWS delivers them.
type table struct {
	*doctor.Resource
	database, name string
	bucket, folder string
}

// tables looks through all databases of the Region for tables over flow logs.
func (l *looker) tables(ctx context.Context, flowLogs []*flowLog) (out []*table) {
	ours := map[string]bool{}
	for _, f := range flowLogs {
		ours[f.bucket] = true
	}
	delete(ours, "")
	var databases []string
	for pages := glue.NewGetDatabasesPaginator(l.glue, &glue.GetDatabasesInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if l.ask(ctx, "databases", err) != looked {
			break
		}
		for _, d := range page.DatabaseList {
			if d.TargetDatabase == nil { // else a link to another account's
				databases = append(databases, aws.ToString(d.Name))
			}
		}
	}
	each(databases, func(database string) {
		for pages := glue.NewGetTablesPaginator(l.glue, &glue.GetTablesInput{DatabaseName: &database}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if l.ask(ctx, "database "+database, err) != looked {
				return
			}
			for _, g := range page.TableList {
				if t := l.table(database, g, ours); t != nil {
					l.partitions(ctx, t, g)
					l.mu.Lock()
					out = append(out, t)
					l.mu.Unlock()
				}
			}
		}
	})
	return out
}

// table returns nil for what is no table over flow logs as they are delivered: views, tables of other things, tables in other
// formats, such as those that a query made.
func (l *looker) table(database string, g types.Table, ours map[string]bool) *table {
	d := g.StorageDescriptor
	if d == nil || strings.EqualFold(g.Parameters["table_type"], "ICEBERG") || aws.ToString(g.TableType) == "VIRTUAL_VIEW" {
		return nil
	}
	var names []string
	for _, c := range d.Columns {
		names = append(names, aws.ToString(c.Name))
	}
	t := &table{database: database, name: aws.ToString(g.Name)}
	t.bucket, t.folder = place(aws.ToString(d.Location))
	delivered := ours[t.bucket] || strings.Contains(aws.ToString(d.Location)+g.Parameters["storage.location.template"], "AWSLogs/")
	form := aws.ToString(d.InputFormat)
	if !doctor.AboutFlows(names) || !delivered || !strings.Contains(form, "TextInputFormat") && !strings.Contains(strings.ToLower(form), "parquet") {
		return nil
	}
	serde := values{}
	if s := d.SerdeInfo; s != nil {
		serde["serialization_library"] = aws.ToString(s.SerializationLibrary)
	}
	parameters := values{}
	for k, v := range g.Parameters {
		parameters[k] = v
	}
	t.Resource = resource("aws_glue_catalog_table", t.name, l.arn("glue", "table/"+database+"/"+t.name), values{
		"name": t.name, "database_name": database, "table_type": text(g.TableType), "parameters": parameters,
		"storage_descriptor": block(values{
			"location": aws.ToString(d.Location), "input_format": form, "ser_de_info": block(serde), "columns": columnsOf(d.Columns),
		}),
		"partition_keys": columnsOf(g.PartitionKeys),
	})
	return t
}

func columnsOf(list []types.Column) []any {
	out := []any{}
	for _, c := range list {
		out = append(out, values{"name": aws.ToString(c.Name), "type": aws.ToString(c.Type)})
	}
	return out
}

// partitionPages is how many pages of partitions are read at most, of a thousand each: hourly ones of two years.
const partitionPages = 20

// dayIn finds a day in a place or a value of a partition: 2026/11/30, 2026-11-30, year=2026/month=11/day=30.
var dayIn = regexp.MustCompile(`(?:^|[/=])(\d{4})[/-](?:month=)?(\d\d)[/-](?:day=)?(\d\d)(?:[/T ]|$)`)

// partitions looks at the partitions that somebody has to load, for the newest day.
func (l *looker) partitions(ctx context.Context, t *table, g types.Table) {
	if len(g.PartitionKeys) == 0 || strings.EqualFold(g.Parameters["projection.enabled"], "true") {
		return
	}
	newest, any, n := "", false, 0
	pages := glue.NewGetPartitionsPaginator(l.glue, &glue.GetPartitionsInput{DatabaseName: &t.database, TableName: &t.name, ExcludeColumnSchema: aws.Bool(true)})
	for ; pages.HasMorePages(); n++ {
		if n == partitionPages {
			l.note("table %s.%s has more than %d pages of partitions: whether the newest day is loaded is not known", t.database, t.name, partitionPages)
			l.live(t.Resource, "partitions", true)
			return
		}
		page, err := pages.NextPage(ctx)
		if l.ask(ctx, "table "+t.database+"."+t.name, err) != looked {
			l.live(t.Resource, "partitions", doctor.Unknown{})
			return
		}
		for _, p := range page.Partitions {
			any = true
			where := "/" + strings.Join(p.Values, "/")
			if p.StorageDescriptor != nil {
				where += " /" + aws.ToString(p.StorageDescriptor.Location)
			}
			for _, m := range dayIn.FindAllStringSubmatch(where, -1) {
				newest = max(newest, m[1]+"-"+m[2]+"-"+m[3])
			}
		}
	}
	l.live(t.Resource, "partitions", any)
	if newest != "" {
		l.live(t.Resource, "newest_partition", newest)
	}
}

// saved looks for saved queries about the tables, or that make such tables, and at the workgroups that they are in. It
// returns the buckets that these write their answers to.
func (l *looker) saved(ctx context.Context, tables []*table) (results []string) {
	var groups []string
	for pages := athena.NewListWorkGroupsPaginator(l.athena, &athena.ListWorkGroupsInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if l.ask(ctx, "workgroups", err) != looked {
			return nil
		}
		for _, w := range page.WorkGroups {
			groups = append(groups, aws.ToString(w.Name))
		}
	}
	each(groups, func(group string) {
		var found atomic.Bool
		for pages := athena.NewListNamedQueriesPaginator(l.athena, &athena.ListNamedQueriesInput{WorkGroup: &group}); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if l.ask(ctx, "workgroup "+group, err) != looked {
				return
			}
			each(page.NamedQueryIds, func(id string) {
				out, err := l.athena.GetNamedQuery(ctx, &athena.GetNamedQueryInput{NamedQueryId: &id})
				if l.ask(ctx, "workgroup "+group, err) != looked || out.NamedQuery == nil || !about(out.NamedQuery, tables) {
					return
				}
				q := out.NamedQuery
				l.add(resource("aws_athena_named_query", aws.ToString(q.Name), "named query "+aws.ToString(q.Name)+" in workgroup "+group, values{
					"name": text(q.Name), "workgroup": group, "database": text(q.Database), "query": text(q.QueryString),
				}))
				found.Store(true)
			})
		}
		if found.Load() {
			if bucket := l.workgroup(ctx, group); bucket != "" {
				l.mu.Lock()
				results = append(results, bucket)
				l.mu.Unlock()
			}
		}
	})
	return results
}

// about tells whether a saved query has to do with flow logs.
func about(q *athenatypes.NamedQuery, tables []*table) bool {
	sql := strings.ToLower(aws.ToString(q.QueryString))
	if strings.Contains(sql, "vpcflowlogs") || strings.Contains(sql, "awslogs/") {
		return true
	}
	for _, t := range tables {
		if (t.database == aws.ToString(q.Database) || strings.Contains(sql, t.database)) && strings.Contains(sql, t.name) {
			return true
		}
	}
	return false
}

// workgroup looks at a workgroup, and returns the bucket that it writes answers to.
func (l *looker) workgroup(ctx context.Context, name string) (bucket string) {
	out, err := l.athena.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &name})
	if l.ask(ctx, "workgroup "+name, err) != looked || out.WorkGroup == nil {
		return ""
	}
	r := workgroupOf(out.WorkGroup)
	r.Address = l.arn("athena", "workgroup/"+name)
	l.add(r)
	if c := out.WorkGroup.Configuration; c != nil && c.ResultConfiguration != nil {
		bucket, _ = place(aws.ToString(c.ResultConfiguration.OutputLocation))
	}
	return bucket
}

func workgroupOf(w *athenatypes.WorkGroup) *doctor.Resource {
	v := values{"name": text(w.Name), "state": string(w.State)}
	if c := w.Configuration; c != nil {
		x := values{"enforce_workgroup_configuration": aws.ToBool(c.EnforceWorkGroupConfiguration)}
		if c.BytesScannedCutoffPerQuery != nil {
			x["bytes_scanned_cutoff_per_query"] = number(c.BytesScannedCutoffPerQuery)
		}
		if rc := c.ResultConfiguration; rc != nil && aws.ToString(rc.OutputLocation) != "" {
			to := values{"output_location": *rc.OutputLocation}
			if e := rc.EncryptionConfiguration; e != nil {
				to["encryption_configuration"] = block(values{"encryption_option": string(e.EncryptionOption)})
			}
			x["result_configuration"] = block(to)
		}
		v["configuration"] = block(x)
	}
	return resource("aws_athena_workgroup", aws.ToString(w.Name), "", v)
}
