package doctor

import (
	"fmt"
	"regexp"
	"strings"

	"weir/flowlog"
)

const (
	srcTable      = `Amazon Athena User Guide, "Create a table for Amazon VPC flow logs and query it", read 2026-11`
	srcProjection = `Amazon Athena User Guide, "Set up partition projection", read 2026-11`
	srcParquet    = `Amazon Athena User Guide, "Create tables for flow logs in Apache Parquet format", read 2026-11`
)

// eachTable makes a check of what is wrong with one table, given the flow log that fills it.
func eachTable(f func(*table, *flowLog, report)) func(*setup, report) {
	return func(s *setup, r report) {
		for _, t := range s.tables {
			f(t, t.log, r)
		}
	}
}

// eachTextTable is for tables whose columns are read by position, where both sides are known.
func eachTextTable(f func(*table, *flowLog, report)) func(*setup, report) {
	return eachTable(func(t *table, l *flowLog, r report) {
		if l != nil && l.format != nil && t.known && !t.parquet && !l.parquet && l.options {
			f(t, l, r)
		}
	})
}

var tableChecks = []*Check{
	{"table-column-missing", Critical, "A text table lacks columns that the log format has",
		"Text is read by position: every column behind the first missing one holds another field's values, without an error.",
		"Give the table exactly the format's fields, in its order; a column that is a partition's name, too, gets another name.", srcTable,
		eachTextTable(func(t *table, l *flowLog, r report) {
			var missing []string
			for i, f := range l.format.Fields {
				found := false
				for _, c := range t.columns {
					found = found || f != nil && fieldOf(l.format, c.name) == f || c.name == strings.ReplaceAll(l.format.Names[i], "-", "_")
				}
				if !found {
					missing = append(missing, l.format.Names[i])
				}
			}
			if len(missing) > 0 {
				r(t.Resource, t.path, fmt.Sprintf("the table has %d columns, the format of %s %d fields: it lacks %s", len(t.columns), l.Address, len(l.format.Names), strings.Join(missing, ", ")), nil)
			}
		})},
	{"table-column-extra", High, "A text table has columns that the log format lacks",
		"Text is read by position: columns behind it hold another field's values, and the last ones are empty.",
		"Remove the column, or add the field to the format.", srcTable,
		eachTextTable(func(t *table, l *flowLog, r report) {
			var extra []string
			for _, c := range t.columns {
				f := fieldOf(l.format, c.name)
				if f == nil && !l.format.Has(strings.ReplaceAll(c.name, "_", "-")) || f != nil && !l.format.Has(f.Name) {
					extra = append(extra, c.name)
				}
			}
			if len(extra) > 0 {
				r(t.Resource, t.path, fmt.Sprintf("the format of %s has no field for %s", l.Address, strings.Join(extra, ", ")), nil)
			}
		})},
	{"table-column-order", Critical, "A text table's columns stand in another order than the format's fields",
		"Text is read by position: the columns hold each other's values, without an error.", "Put the columns in the format's order.", srcTable,
		eachTextTable(func(t *table, l *flowLog, r report) {
			last, before := -1, ""
			for _, c := range t.columns {
				f := fieldOf(l.format, c.name)
				if f == nil {
					continue
				}
				for i, n := range l.format.Names {
					if n == f.Name && i < last {
						r(t.Resource, t.path, fmt.Sprintf("column %s stands behind %s; in the format of %s it is the other way round", c.name, before, l.Address), nil)
						return
					} else if n == f.Name {
						last, before = i, c.name
					}
				}
			}
		})},
	{"table-column-twice", High, "A table has a column twice", "AWS refuses the table, or a query that names the column.", "Remove one of them, or name it otherwise.", srcTable,
		eachTable(func(t *table, _ *flowLog, r report) {
			seen := map[string]bool{}
			for _, list := range [][]column{t.columns, t.partitions} {
				for _, c := range list {
					if seen[c.name] && c.name != "" {
						r(t.Resource, t.path, "column "+c.name+" stands twice, a partition's counted", nil)
					}
					seen[c.name] = true
				}
			}
		})},
	{"table-column-type", High, "A column has a type that its field does not fit into",
		"A number as text is compared letter by letter (9 > 10); text as a number is NULL, without an error.", "Use AWS's types: int, bigint for counts and times, string for the rest.", srcTable,
		eachTable(func(t *table, _ *flowLog, r report) {
			for _, c := range t.columns {
				f := fieldOf(&flowlog.Format{Table: flowlog.VPC}, c.name)
				if f == nil || c.typ == "" || typeFits(f.Kind, c.typ) {
					continue
				}
				r(t.Resource, t.path, fmt.Sprintf("column %s is %s, which does not hold the field %s", c.name, c.typ, f.Name), nil)
			}
		})},
	{"table-parquet-protocol", Medium, "A Parquet table declares protocol as bigint",
		"The files hold 32 bits. Athena reads it all the same, and its own guide writes bigint; other readers fail.", "Declare protocol as int.", srcRecords,
		eachTable(func(t *table, _ *flowLog, r report) {
			for _, c := range t.columns {
				if t.parquet && c.name == "protocol" && c.typ == "bigint" {
					r(t.Resource, t.path, "protocol is bigint, the files have int", nil)
				}
			}
		})},
	{"table-file-format", Critical, "A table reads another file format than is delivered", "Every query fails, or finds no line that it can read.",
		"Make the table's input format that of the flow log's file_format.", srcParquet,
		eachTable(func(t *table, l *flowLog, r report) {
			if l != nil && l.options && t.parquet != l.parquet {
				form := map[bool]string{true: "Parquet", false: "text"}
				r(t.Resource, t.path, fmt.Sprintf("the table reads %s, %s delivers %s", form[t.parquet], l.Address, form[l.parquet]), nil)
			}
		})},
	{"table-header", Medium, "A text table reads the header as a record", "Each file has a first line of names: a record of text and NULLs for every file.",
		`Set the property skip.header.line.count to 1.`, srcTable,
		eachTable(func(t *table, _ *flowLog, r report) {
			if n := t.properties["skip.header.line.count"]; !t.parquet && n == "" && t.properties["?"] == "" {
				r(t.Resource, t.path, "skip.header.line.count is not set", nil)
			}
		})},
	{"table-reserved-word", High, "A CREATE TABLE names a column that is a reserved word", "The statement fails.", "Put the name between backticks.", `Amazon Athena User Guide, "Escape reserved keywords in queries", read 2026-11`,
		eachTable(func(t *table, _ *flowLog, r report) {
			for _, list := range [][]column{t.columns, t.partitions} {
				for _, c := range list {
					if t.ddl && c.bare && (c.name == "end" || c.name == "date") {
						r(t.Resource, t.path, c.name+" is a reserved word and stands without backticks", nil)
					}
				}
			}
		})},
	{"table-elsewhere", Critical, "A table looks into another bucket than the flow logs go to", "Every query answers with no rows, and no error.", "Make the location from the bucket's own name.", srcTable,
		func(s *setup, r report) {
			for _, t := range s.tables {
				name, _ := splitLocation(t.located)
				all := len(s.flowLogs) > 0
				for _, f := range s.flowLogs {
					d, known := f.text("log_destination")
					to, _ := splitLocation(d)
					all = all && f.kind == "s3" && known && to != name
				}
				// Into a bucket in use, other accounts may deliver.
				if all && t.located != "" && (!s.m.isLive() || t.is("live.empty", true)) {
					r(t.Resource, t.locAt, "no flow log here delivers to the bucket "+name, nil)
				}
			}
		}},
	{"table-location-hard-coded", Low, "A table's location has the account or Region written into it", "In another account or Region it finds nothing, and says nothing.",
		"Make the location from the bucket, data.aws_caller_identity and data.aws_region.", srcTable,
		eachTable(func(t *table, _ *flowLog, r report) {
			if t.Literal[t.key(t.locAt)] && accountOrRegion.MatchString(t.located) {
				r(t.Resource, t.locAt, "the location is plain text with an account or Region in it", nil)
			}
		})},
}

var accountOrRegion = regexp.MustCompile(`/(\d{12}|[a-z]{2}(-[a-z]+)+-\d)(/|$)`)

// typeFits tells whether values of a kind keep their meaning in a column of that type.
func typeFits(k flowlog.Kind, typ string) bool {
	number := typ == "int" || typ == "integer" || typ == "bigint"
	switch k {
	case flowlog.Text, flowlog.Enum, flowlog.Address:
		return typ == "string" || strings.HasPrefix(typ, "varchar") || strings.HasPrefix(typ, "char")
	case flowlog.Count, flowlog.Epoch:
		return typ == "bigint"
	case flowlog.Port, flowlog.Code, flowlog.Flags:
		return number
	}
	panic("BUG: unknown kind " + k.String())
}

// projected tells whether partitions are computed. unknown is true where that cannot be told.
func (t *table) projected() (on, unknown bool) {
	v := t.properties["projection.enabled"]
	return strings.EqualFold(v, "true"), v == "?" || t.properties["?"] != ""
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

var projectionChecks = []*Check{
	{"table-partition-never-loaded", Critical, "A table has partitions that nothing loads", "Every query answers with no rows, and no error, until somebody adds each day by hand.",
		"Use partition projection: no partition has to be loaded, ever.", srcProjection,
		func(s *setup, r report) {
			for _, t := range s.tables {
				on, unknown := t.projected()
				if len(t.partitions) == 0 || on || unknown || s.loads(t) {
					continue
				}
				r(t.Resource, t.path, fmt.Sprintf("partitioned by %s, without projection, and nothing here adds a partition", t.partitions[0].name), nil)
			}
		}},
	{"table-projection-incomplete", Critical, "Partition projection lacks a column", "Athena refuses every query, or computes places where nothing is.",
		"Give every partition column its projection.COLUMN.type and a place in storage.location.template.", srcProjection,
		eachTable(func(t *table, _ *flowLog, r report) {
			if on, unknown := t.projected(); !on || unknown {
				return
			}
			template := t.properties["storage.location.template"]
			for _, c := range t.partitions {
				switch {
				case c.name != "" && t.properties["projection."+c.name+".type"] == "":
					r(t.Resource, t.path, "projection."+c.name+".type is not set", nil)
				case c.name != "" && template != "" && template != "?" && !strings.Contains(template, "${"+c.name+"}"):
					r(t.Resource, t.path, "storage.location.template has no place for "+c.name, nil)
				}
			}
			for _, m := range placeholder.FindAllStringSubmatch(template, -1) {
				if found := t.properties["projection."+m[1]+".type"]; found == "" && template != "?" {
					r(t.Resource, t.path, "storage.location.template names "+m[1]+", which is no projected column", nil)
				}
			}
		})},
	{"table-projection-elsewhere", Critical, "A projection computes places where AWS puts nothing", "Every query answers with no rows, and no error.",
		"Follow AWS's layout: AWSLogs/ACCOUNT/vpcflowlogs/REGION/YYYY/MM/DD[/HH], or with Hive's key=value names.", srcS3,
		eachTable(func(t *table, l *flowLog, r report) {
			template := t.properties["storage.location.template"]
			if on, unknown := t.projected(); !on || unknown || template == "" || template == "?" || l == nil || !l.options || !l.placed {
				return
			}
			_, key := splitLocation(t.expand(template))
			if want := l.layout(); !want.MatchString(key) {
				r(t.Resource, t.path, fmt.Sprintf("the template gives %s, where %s delivers nothing", key, l.Address), nil)
			}
		})},
	{"table-projection-range", Medium, "A projection ends at a fixed date", "From that day on new logs are not found, without an error.", "End the range in NOW.", srcProjection,
		eachTable(func(t *table, _ *flowLog, r report) {
			if on, _ := t.projected(); !on {
				return
			}
			for _, c := range t.partitions {
				v := t.properties["projection."+c.name+".range"]
				if t.properties["projection."+c.name+".type"] == "date" && v != "" && v != "?" && !strings.Contains(v, "NOW") {
					r(t.Resource, t.path, "projection."+c.name+".range does not end in NOW", nil)
				}
			}
		})},
}

// loads tells whether anything here may add a partition to a table.
func (s *setup) loads(t *table) bool {
	if s.m.isLive() && !t.ddl {
		return !t.is("live.partitions", false) // they are there, or not
	}
	if len(s.of("aws_glue_partition"))+len(s.of("aws_glue_crawler"))+len(s.of("aws_lambda_function"))+len(s.of("aws_glue_partition_index")) > 0 {
		return true
	}
	for _, q := range s.queries {
		// A statement that is saved runs when somebody runs it. It is enough for a table, though not for tomorrow.
		if low := strings.ToLower(q.sql); strings.Contains(low, strings.ToLower(t.name)) && (strings.Contains(low, "msck repair") || strings.Contains(low, "add partition") || strings.Contains(low, "add if not exists partition")) {
			return true
		}
	}
	return false
}

// expand fills a template with one value of each column.
func (t *table) expand(template string) string {
	return placeholder.ReplaceAllStringFunc(template, func(m string) string {
		p := "projection." + m[2:len(m)-1]
		switch t.properties[p+".type"] {
		case "date":
			format := t.properties[p+".format"]
			return strings.NewReplacer("yyyy", "2026", "MM", "01", "dd", "02", "HH", "03", "'", "").Replace(format)
		case "integer":
			lower, _, _ := strings.Cut(t.properties[p+".range"], ",")
			if digits := t.properties[p+".digits"]; len(digits) == 1 && digits[0] > '0' {
				for len(lower) < int(digits[0]-'0') {
					lower = "0" + lower
				}
			}
			return lower
		case "enum":
			first, _, _ := strings.Cut(t.properties[p+".values"], ",")
			return strings.TrimSpace(first)
		}
		return "*"
	})
}

// layout is what the keys of a flow log's folders look like. A star is a value that the query gives.
func (f *flowLog) layout() *regexp.Regexp {
	day := `(\d{4}|\*)/(\d\d|\*)/(\d\d|\*)`
	if f.hourly {
		day += `/(\d\d?|\*)`
	}
	layout := `AWSLogs/(\d{12}|\*)/vpcflowlogs/([a-z0-9-]+|\*)/(` + day + `|\*)`
	if f.hive {
		layout = `AWSLogs/aws-account-id=(\d{12}|\*)/(aws-)?service=vpcflowlogs/aws-region=([a-z0-9-]+|\*)/year=(\d{4}|\*)/month=(\d\d|\*)/day=(\d\d|\*)`
		if f.hourly {
			layout += `/hour=(\d\d|\*)`
		}
	}
	return regexp.MustCompile("^" + regexp.QuoteMeta(f.folderPrefix()) + layout + "$")
}
