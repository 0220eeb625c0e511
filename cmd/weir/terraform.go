package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/athena"
	"weir/queries"
)

// terraformFile is the part of the Terraform module that is made from the code: what a field is, its column, the presets,
// the layouts of keys, the saved queries and the metric filters. The module then cannot disagree with weir, nor a log format with its table.
const terraformFile = "fields.tf.json"

// tfKind is one kind of flow log in the module: VPC or transit gateway.
type tfKind struct {
	Fields    []tfField           `json:"fields"`
	Presets   map[string][]string `json:"presets"`
	Select    []tfItem            `json:"select"`
	View      []tfColumn          `json:"view"`
	Queries   []tfQuery           `json:"queries"`
	Suggested []string            `json:"suggested_queries"` // what the module makes if nobody says which
	Filters   []tfFilter          `json:"filters"`
}

// tfField is a field. Tag fields name a tag of the user's in a block that provider 5 does not have.
type tfField struct {
	Name   string `json:"name"`
	Column string `json:"column"`
	Type   string `json:"type"` // Hive's
	Doc    string `json:"doc"`
	Tag    bool   `json:"tag"`
}

// tfItem is a stored column as an item of SELECT: with the column that it comes from in the table, and without.
type tfItem struct {
	Of      string `json:"of"`
	Present string `json:"present"`
	Absent  string `json:"absent"`
}

// tfQuery is a saved query with its defaults written in. rowsMark stands for the rows that it reads.
type tfQuery struct {
	Name  string   `json:"name"`
	About string   `json:"about"`
	Needs []string `json:"needs"`
	SQL   string   `json:"sql"`
}

// tfLayout is a layout of keys below the prefix, as a table with partition projection sees it.
type tfLayout struct {
	Partitions []string          `json:"partitions"` // all of type string
	Template   string            `json:"template"`   // of the location, below the prefix
	Projection map[string]string `json:"projection"` // without those that the module fills in: accounts, regions, first day
	Days       string            `json:"days"`       // the condition for the last daysMark days of delivery
	Keys       []string          `json:"keys"`       // the partition columns as tfViewKeys
}

const (
	rowsMark = "{rows}"
	daysMark = "{days}"
	yearMark = "{years}" // first and last year
	dateMark = "{dates}" // first and last day
)

// tfLayouts are the layouts of keys that AWS delivers to, by whether they are Hive's and hourly. Amazon VPC User Guide,
// "Flow log files", read 2026-11. Partition columns never have the name of a field, so that a log may hold all fields.
func tfLayouts() map[string]tfLayout {
	out := map[string]tfLayout{}
	for _, hourly := range []bool{false, true} {
		plain := tfLayout{
			Partitions: []string{"aws_account_id", "aws_region", "day"},
			Template:   "AWSLogs/${aws_account_id}/vpcflowlogs/${aws_region}/${day}/",
			Projection: map[string]string{
				"projection.day.type": "date", "projection.day.format": "yyyy/MM/dd", "projection.day.range": dateMark,
				"projection.day.interval": "1", "projection.day.interval.unit": "DAYS",
			},
			Days: `"day" >= date_format(current_date - INTERVAL '` + daysMark + `' DAY, '%Y/%m/%d')`,
		}
		// Projected dates are whole values of one column, so year=2026/month=11/day=24 takes three columns of integers.
		hive := tfLayout{
			Partitions: []string{"aws_account_id", "aws_region", "year", "month", "day"},
			Template:   "AWSLogs/aws-account-id=${aws_account_id}/aws-service=vpcflowlogs/aws-region=${aws_region}/year=${year}/month=${month}/day=${day}/",
			Projection: map[string]string{
				"projection.year.type": "integer", "projection.year.range": yearMark,
				"projection.month.type": "integer", "projection.month.range": "01,12", "projection.month.digits": "2",
				"projection.day.type": "integer", "projection.day.range": "01,31", "projection.day.digits": "2",
			},
			Days: `"year" >= date_format(current_date - INTERVAL '` + daysMark + `' DAY, '%Y') AND ` +
				`"year" || "month" || "day" >= date_format(current_date - INTERVAL '` + daysMark + `' DAY, '%Y%m%d')`,
		}
		for name, l := range map[string]tfLayout{"plain": plain, "hive": hive} {
			l.Projection["projection.enabled"] = "true"
			l.Projection["projection.aws_account_id.type"] = "enum"
			l.Projection["projection.aws_region.type"] = "enum"
			if hourly {
				l.Partitions = append(l.Partitions, "hour")
				l.Template += map[string]string{"plain": "${hour}/", "hive": "hour=${hour}/"}[name]
				l.Projection["projection.hour.type"] = "integer"
				l.Projection["projection.hour.range"] = "00,23"
				l.Projection["projection.hour.digits"] = "2"
				name += "-hourly"
			}
			l.Keys = tfKeys(strings.HasPrefix(name, "hive"), hourly)
			out[name] = l
		}
	}
	return out
}

// hiveType is a Kind's type in Glue. Parquet objects hold 32 bits for what AWS's DDL calls bigint in the case of protocol,
// and readers other than Athena insist.
func hiveType(k flowlog.Kind) string {
	switch k {
	case flowlog.Text, flowlog.Enum, flowlog.Address:
		return "string"
	case flowlog.Port, flowlog.Code, flowlog.Flags:
		return "int"
	case flowlog.Count, flowlog.Epoch:
		return "bigint"
	}
	panic("BUG: no Hive type for kind " + k.String())
}

// needsTag tells the fields that hold a tag whose key the flow log has to name.
func needsTag(f *flowlog.Field) bool {
	return strings.HasSuffix(f.Name, "-tag") || strings.HasSuffix(f.Name, "-tag-2")
}

// suggested are the queries that answer what most people keep flow logs for: AWS's console makes the like of some.
var suggested = map[*flowlog.Table][]string{
	flowlog.VPC: {"answered", "exposed-port", "exposed-services", "ssh-rdp", "admin-ports", "rejected", "rejected-sources", "rejected-ports",
		"top-talkers", "top-pairs", "internet-egress", "port-scan", "skipdata"},
	flowlog.TransitGateway: {"tgw-drops", "tgw-pairs", "tgw-vpcs"},
}

func tfKindOf(t *flowlog.Table) (tfKind, error) {
	k := tfKind{Suggested: suggested[t], Filters: tfFilters(t)}
	var all, standard, security []string
	whole := athena.RawTable{From: rowsMark, Partitions: []engine.Column{{Name: "aws_account_id", Type: "string"}, {Name: "aws_region", Type: "string"}}}
	for i := range t.Fields {
		f := &t.Fields[i]
		k.Fields = append(k.Fields, tfField{f.Name, f.Column, hiveType(f.Kind), f.Doc, needsTag(f)})
		whole.Columns = append(whole.Columns, engine.Column{Name: f.Column, Type: hiveType(f.Kind)})
		if needsTag(f) {
			continue
		}
		all = append(all, f.Name)
		if f.Since <= 5 || t == flowlog.TransitGateway {
			standard = append(standard, f.Name)
		}
	}
	k.Presets = map[string][]string{"all": all, "standard": standard}
	if t == flowlog.VPC {
		k.Presets["v2"] = strings.Fields(flowlog.DefaultFormat)
		security = slices.Clone(k.Presets["v2"]) // first, so that what knows no other order can read it
	}
	for _, name := range all {
		if fieldCosts[t][name].weight >= recommended && !slices.Contains(security, name) {
			security = append(security, name)
		}
	}
	k.Presets["security"] = security

	// One column marks the kind; where it is asked for it is there.
	bare := athena.RawTable{From: rowsMark, Partitions: whole.Partitions}
	if t == flowlog.TransitGateway {
		bare.Columns = []engine.Column{{Name: "tgw_id", Type: "string"}}
	}
	present, err := whole.Items()
	if err != nil {
		return k, err
	}
	absent, err := bare.Items()
	if err != nil {
		return k, err
	}
	for i, c := range engine.Columns(t) {
		of := c.Name
		switch of {
		case "start_time":
			of = "start"
		case "tgw_id":
			absent[i] = "CAST(NULL AS varchar) AS " + engine.QuoteName(of)
		}
		k.Select = append(k.Select, tfItem{of, present[i], absent[i]})
	}

	if k.View, err = tfView(t); err != nil {
		return k, err
	}

	views := engine.RemoteViews(engine.Athena, []engine.RemoteTable{{Name: t.Name, From: rowsMark, Columns: engine.Columns(t)}})
	for _, q := range queries.List() {
		// A time as default is an age, such as 24h: a text that is kept cannot have it.
		aged := slices.ContainsFunc(q.Args, func(a queries.Arg) bool { return a.Type == queries.Timestamp && !a.Common })
		if q.Table != t.Name || aged {
			continue
		}
		sql, args, err := q.Bind(nil, queries.BindOptions{})
		if err != nil {
			return k, err
		}
		whole, err := engine.WithViews(sql, views)
		if err != nil {
			return k, err
		}
		if whole, err = whole.Inline(engine.Athena, args); err != nil {
			return k, err
		}
		k.Queries = append(k.Queries, tfQuery{q.Name, q.Title, needsOf(t, q), whole.SQL})
	}
	for _, name := range k.Suggested {
		if !slices.ContainsFunc(k.Queries, func(q tfQuery) bool { return q.Name == name }) {
			return k, fmt.Errorf("there is no query %s about %s", name, t.Name)
		}
	}
	return k, nil
}

// needsOf are the fields without which a query's answer is empty or wrong. Every query counts records that are OK, and
// most look at their time.
func needsOf(t *flowlog.Table, q *queries.Query) []string {
	var out []string
	add := func(column string) {
		if f := t.Column(column); f != nil && !slices.Contains(out, f.Name) {
			out = append(out, f.Name)
		}
	}
	for _, c := range q.Needs {
		add(strings.TrimSuffix(c, "_time")) // start_time is made of start
	}
	for _, tok := range engine.Tokens(q.SQL) {
		switch {
		case tok.Is("log_status"):
			add("log_status")
		case tok.Is("start_time"):
			add("start")
		}
	}
	return out
}

// terraformFields is the text of terraformFile: locals in Terraform's JSON.
func terraformFields() ([]byte, error) {
	kinds := map[string]tfKind{}
	for _, t := range flowlog.Tables {
		k, err := tfKindOf(t)
		if err != nil {
			return nil, fmt.Errorf("write %s for %s: %w", terraformFile, t.Name, err)
		}
		kinds[t.Name] = k
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(map[string]any{
		"//":     "Generated from the code by `go generate ./...`. Do not edit.",
		"locals": map[string]any{"kinds": kinds, "layouts": tfLayouts(), "sensitive_ports": tfPorts()},
	})
	// Terraform reads strings of JSON as templates.
	text := strings.NewReplacer("${", "$${", "%{", "%%{").Replace(b.String())
	return []byte(text), err
}
