package doctor

import (
	"slices"
	"strings"

	"weir/flowlog"
	"weir/internal/engine"
)

// table is a table over flow logs: an aws_glue_catalog_table, or a CREATE TABLE in a saved query.
type table struct {
	*Resource
	name       string
	path       string // the argument that has the columns
	columns    []column
	known      bool // all columns are
	partitions []column
	properties map[string]string
	located    string // "" where unknown
	locAt      string // the argument that has the location
	parquet    bool
	log        *flowLog // that it is about; nil where that cannot be told
	ddl        bool
}

type column struct {
	name, typ string
	bare      bool // written without quotes in DDL
}

// query is a saved query with its text.
type query struct {
	*Resource
	sql    string
	tokens []engine.Token
}

func (s *setup) readQueries() (out []*query) {
	for _, r := range s.of("aws_athena_named_query") {
		if sql, ok := r.text("query"); ok && len(sql) <= 256<<10 {
			out = append(out, &query{r, sql, engine.Tokens(sql)})
		}
	}
	return out
}

func (q *query) creates() bool {
	return len(q.tokens) > 3 && q.tokens[0].Is("create") && (q.tokens[1].Is("table") || q.tokens[2].Is("table"))
}

func (q *query) selects() bool {
	return len(q.tokens) > 0 && (q.tokens[0].Is("select") || q.tokens[0].Is("with"))
}

func (s *setup) readTables() (out []*table) {
	for _, r := range s.of("aws_glue_catalog_table") {
		out = append(out, glueTable(r))
	}
	for _, q := range s.queries {
		if q.creates() {
			// Where a live account has the table, it counts, not the statement that may have made it.
			made := func(t *table) bool {
				return s.m.isLive() && slices.ContainsFunc(out, func(o *table) bool { return strings.EqualFold(o.name, t.name) })
			}
			if t := ddlTable(q); t != nil && !made(t) {
				out = append(out, t)
			}
		}
	}
	out = slices.DeleteFunc(out, func(t *table) bool { return !t.aboutFlows() })
	for _, t := range out {
		t.log = s.logOf(t)
	}
	return out
}

func glueTable(r *Resource) *table {
	t := &table{Resource: r, path: "storage_descriptor.columns", locAt: "storage_descriptor.location", properties: map[string]string{}}
	t.name, _ = r.text("name")
	maps, known := r.blocks("storage_descriptor.columns")
	t.known = known
	read := func(maps []map[string]any) (out []column) {
		for _, m := range maps {
			name, a := m["name"].(string)
			typ, b := m["type"].(string)
			if !a || !b && m["type"] != nil {
				t.known = false
			}
			out = append(out, column{name: name, typ: strings.ToLower(typ)})
		}
		return out
	}
	t.columns = read(maps)
	parts, partsKnown := r.blocks("partition_keys")
	t.partitions = read(parts)
	if !partsKnown {
		t.partitions = nil
	}
	if v, ok := r.get("parameters"); ok {
		t.known = t.known && properties(v, t.properties)
	}
	t.located, _ = r.text("storage_descriptor.location")
	in, _ := r.text("storage_descriptor.input_format")
	serde, _ := r.text("storage_descriptor.ser_de_info.serialization_library")
	t.parquet = strings.Contains(strings.ToLower(in+serde), "parquet")
	return t
}

// properties copies what is known, and tells whether all is. What is there but unknown is "?".
func properties(v any, to map[string]string) bool {
	m, ok := v.(map[string]any)
	for k, x := range m {
		s, known := x.(string)
		if b, isBool := x.(bool); isBool {
			s, known = map[bool]string{true: "true", false: "false"}[b], true
		}
		if !known {
			s = "?"
		}
		to[strings.ToLower(k)] = s
	}
	if !ok {
		to["?"] = "?"
	}
	return ok
}

// ddlTable reads CREATE [EXTERNAL] TABLE as AWS's pages write it: names with or without quotes, simple types.
func ddlTable(q *query) *table {
	t := &table{Resource: q.Resource, path: "query", locAt: "query", properties: map[string]string{}, ddl: true, known: true}
	toks := q.tokens
	i := 0
	for i < len(toks) && !toks[i].Is("(") {
		if toks[i].Kind == engine.Word || toks[i].Kind == engine.Quoted {
			t.name = toks[i].Value()
		}
		i++
	}
	t.columns, i = ddlColumns(toks, i)
	for ; i < len(toks); i++ {
		switch {
		case toks[i].Is("partitioned") && i+2 < len(toks):
			t.partitions, i = ddlColumns(toks, i+2)
			i--
		case toks[i].Is("location") && i+1 < len(toks):
			t.located = toks[i+1].Value()
		case toks[i].Kind == engine.String && strings.Contains(strings.ToLower(toks[i].Text), "parquet"), toks[i].Is("parquet"):
			t.parquet = true
		case toks[i].Is("tblproperties"):
			for j := i + 1; j+2 < len(toks); j++ {
				if toks[j+1].Is("=") {
					t.properties[strings.ToLower(strings.Trim(toks[j].Value(), `"'`))] = toks[j+2].Value()
				}
			}
		}
	}
	if len(t.columns) == 0 {
		return nil
	}
	return t
}

// ddlColumns reads (name type, …) from the bracket at i, and returns the place behind it.
func ddlColumns(toks []engine.Token, i int) (out []column, next int) {
	if i >= len(toks) || !toks[i].Is("(") {
		return nil, i
	}
	depth, begin := 1, true
	for i++; i < len(toks) && depth > 0; i++ {
		switch t := toks[i]; {
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		case t.Is(",") && depth == 1:
			begin = true
		case begin && t.Is("`"):
			if i+2 < len(toks) {
				// `aws-region` is several tokens.
				var name strings.Builder
				for i++; i < len(toks) && !toks[i].Is("`"); i++ {
					name.WriteString(toks[i].Text)
				}
				out, begin = append(out, column{name: strings.ToLower(name.String())}), false
			}
		case begin:
			out, begin = append(out, column{name: strings.ToLower(t.Value()), bare: t.Kind == engine.Word}), false
		case t.Is("comment"):
		case len(out) > 0 && out[len(out)-1].typ == "" && depth == 1 && t.Kind == engine.Word:
			out[len(out)-1].typ = strings.ToLower(t.Text)
		}
	}
	return out, i
}

// aboutFlows tells tables over flow logs from others that lie in the same files.
func (t *table) aboutFlows() bool {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return AboutFlows(names)
}

// AboutFlows tells by its columns whether a table may be one over flow logs.
func AboutFlows(columns []string) bool {
	n := 0
	for _, name := range columns {
		switch name {
		case "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "interface_id", "log_status", "sourceaddress", "destinationaddress":
			n++
		}
	}
	return n >= 3
}

// logOf finds the flow log that fills a table: the one that delivers to its bucket, else the only one there is. In a live account
// the bucket is known, and others may deliver there.
func (s *setup) logOf(t *table) *flowLog {
	var in []*flowLog
	name, _ := splitLocation(t.located)
	for _, f := range s.flowLogs {
		if f.kind != "s3" {
			continue
		}
		dest, _ := f.text("log_destination")
		to, _ := splitLocation(dest)
		if f.bucket != nil && (t.refers(t.locAt, f.bucket.Address) || f.bucket.name != "" && f.bucket.name == name) || to != "" && to == name {
			in = append(in, f)
		}
	}
	if len(in) == 0 && !s.m.isLive() {
		for _, f := range s.flowLogs {
			if f.kind == "s3" {
				in = append(in, f)
			}
		}
	}
	mixed := func() bool {
		return slices.ContainsFunc(in, func(f *flowLog) bool { return f.spelt != in[0].spelt || f.parquet != in[0].parquet })
	}
	if len(in) > 0 && mixed() { // the folder decides
		in = slices.DeleteFunc(in, func(f *flowLog) bool { return !f.placed || !f.under(t) })
	}
	if len(in) == 0 || mixed() {
		return nil
	}
	return in[0]
}

// under tells whether a table looks at the folder that a flow log delivers to, or above.
func (f *flowLog) under(t *table) bool {
	_, key := splitLocation(t.located)
	return strings.HasPrefix(key+"/", f.folderPrefix()+"AWSLogs/") || strings.HasPrefix(f.folderPrefix(), strings.TrimPrefix(key+"/", "/"))
}

// fieldOf finds the field that a column stands for, also under the names of AWS's first tutorials.
func fieldOf(f *flowlog.Format, name string) *flowlog.Field {
	name = strings.TrimSuffix(name, "_field")
	if other, ok := map[string]string{"sourceaddress": "srcaddr", "destinationaddress": "dstaddr", "sourceport": "srcport", "destinationport": "dstport",
		"numpackets": "packets", "numbytes": "bytes", "starttime": "start", "endtime": "end", "logstatus": "log_status", "account": "account_id", "interfaceid": "interface_id"}[name]; ok {
		name = other
	}
	return f.Table.Field(strings.ReplaceAll(name, "_", "-"))
}
