package doctor

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Equivalent is a call of weir's Terraform module that logs what the flow logs of a module log into buckets, and the
// resources that it stands for. text is "" where there is no such flow log.
func Equivalent(m *Module) (text string, replaces []string) {
	s := newSetup(m)
	sources := map[string][]string{} // lines by the module's variable
	var settings [2][]string         // of the calls for VPCs and for transit gateways: they have formats of their own
	names := map[string]bool{}
	for _, f := range s.flowLogs {
		if f.kind != "s3" {
			continue
		}
		for _, arg := range sourceArguments {
			if !f.has(arg.path) {
				continue
			}
			key := uniqueName(plainName(f.Name), names)
			value, known := f.expression(m, arg.path)
			line := fmt.Sprintf("    %s = %s", key, value)
			if !known {
				line += " # that of " + oneLine(f.Address)
			}
			sources[arg.variable] = append(sources[arg.variable], line)
			i := 0
			if strings.HasPrefix(arg.variable, "transit_") {
				i = 1
			}
			if t, ok := f.text("traffic_type"); ok && t != "ALL" {
				settings[i] = append(settings[i], "  # traffic_type is ALL: "+oneLine(f.Address)+" logged "+plainName(t)+" alone")
			}
			if f.hive {
				settings[i] = append(settings[i], "  hive_compatible = true")
			}
			if f.hourly {
				settings[i] = append(settings[i], "  per_hour = true")
			}
			break
		}
		replaces = append(replaces, f.Address)
	}
	if len(replaces) == 0 || len(sources) == 0 {
		return "", nil
	}
	var b strings.Builder
	for i, group := range [][]string{{"vpcs", "subnets", "interfaces"}, {"transit_gateways", "transit_gateway_attachments"}} {
		var lines []string
		for _, v := range group {
			if len(sources[v]) > 0 {
				lines = append(lines, "  "+v+" = {\n"+strings.Join(aligned(sources[v]), "\n")+"\n  }")
			}
		}
		if len(lines) == 0 {
			continue
		}
		if i == 1 {
			settings[i] = append(settings[i], "  name = \"transit-flow-logs\"")
		}
		slices.Sort(settings[i])
		name := []string{"flow_logs", "transit_flow_logs"}[i]
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "module \"%s\" {\n  source = \"./terraform/modules/flow-logs\"\n\n", name)
		b.WriteString(strings.Join(append(lines, aligned(slices.Compact(settings[i]))...), "\n"))
		b.WriteString("\n}\n")
	}
	return b.String(), append(replaces, s.replaced()...)
}

// sourceArguments are what a flow log may log, and the variables of weir's module for it.
var sourceArguments = []struct{ path, variable string }{
	{"vpc_id", "vpcs"}, {"subnet_id", "subnets"}, {"eni_id", "interfaces"},
	{"transit_gateway_id", "transit_gateways"}, {"transit_gateway_attachment_id", "transit_gateway_attachments"},
}

var (
	resourceID = regexp.MustCompile(`^[a-z-]+-[0-9a-z]+$`)
	reference  = regexp.MustCompile(`^(aws_\w+|var|local|module|data)(\.\w+)+$`)
	unplain    = regexp.MustCompile(`[^A-Za-z0-9_]+`)
)

// aligned puts the = of arguments below each other, as terraform fmt does.
func aligned(lines []string) []string {
	width := 0
	for _, l := range lines {
		if name, _, ok := strings.Cut(l, " = "); ok && !strings.HasPrefix(strings.TrimSpace(l), "#") {
			width = max(width, len(name))
		}
	}
	for i, l := range lines {
		if name, value, ok := strings.Cut(l, " = "); ok && !strings.HasPrefix(strings.TrimSpace(l), "#") {
			lines[i] = fmt.Sprintf("%-*s = %s", width, name, value)
		}
	}
	return lines
}

// oneLine keeps an address from ending a comment: in a plan it may be any text.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return '?'
		}
		return r
	}, s)
}

func plainName(s string) string { return unplain.ReplaceAllString(s, "_") }

func uniqueName(name string, taken map[string]bool) string {
	unique := name
	for n := 2; taken[unique]; n++ {
		unique = fmt.Sprintf("%s_%d", name, n)
	}
	taken[unique] = true
	return unique
}

// expression is what an argument of the root module may be made from elsewhere: an ID, or a simple reference.
func (r *Resource) expression(m *Module, path string) (text string, known bool) {
	if id, ok := r.text(path); ok && resourceID.MatchString(id) {
		return `"` + id + `"`, true
	}
	lines, at := m.Lines[r.File], r.At[path]
	if !strings.HasPrefix(r.Address, "module.") && at.Line > 0 && at.Line == at.End && at.Line <= len(lines) {
		if _, text, ok := strings.Cut(lines[at.Line-1], "="); ok && reference.MatchString(strings.TrimSpace(text)) {
			return strings.TrimSpace(text), true
		}
	}
	return `"…"`, false
}

// replaced are the resources, flow logs excepted, that the module makes itself: the bucket with what belongs to it, and
// the tables, queries, workgroups and databases over it.
func (s *setup) replaced() (out []string) {
	for _, b := range s.buckets {
		if !b.logs {
			continue
		}
		out = append(out, b.Address)
		for _, r := range s.m.Resources {
			if strings.HasPrefix(r.Type, "aws_s3_bucket_") && s.bucketOf(r, "bucket") == b {
				out = append(out, r.Address)
			}
		}
	}
	for _, t := range s.tables {
		out = append(out, t.Address)
		for _, q := range s.queries {
			if q.selects() && q.from(t) {
				out = append(out, q.Address)
			}
		}
	}
	if len(s.tables) > 0 {
		for _, typ := range []string{"aws_athena_workgroup", "aws_athena_database"} {
			for _, r := range s.of(typ) {
				out = append(out, r.Address)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
