package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"weir/internal/finding"
)

func newFindingsShow(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ID…",
		Short: "Show all that is known of a finding: evidence, what to do, history",
		Long: `Shows a finding: what was seen and what it means, the query that shows the evidence again, what to do today, what became
of it so far, and who was told.`,
		Example: "  weir findings show exposed-datastore-fd9b\n  weir findings show exposed-datastore-fd9b -o json",
		Args:    needIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			out, err := a.outputFormat("table", "table", "json", "jsonl")
			if err != nil {
				return err
			}
			return a.withFindings(ctx, readFindings, func(s finding.Store) error {
				ids, err := findingIDs(ctx, s, args)
				if err != nil {
					return err
				}
				var all []*shownFinding
				for _, id := range ids {
					x := &shownFinding{}
					if x.Finding, err = s.Get(ctx, id); err != nil {
						return err
					}
					if x.History, err = s.History(ctx, id); err != nil {
						return err
					}
					if x.Deliveries, err = s.Deliveries(ctx, id); err != nil {
						return err
					}
					all = append(all, x)
				}
				if out != "table" {
					return writeJSONValues(a.stdout, out, all)
				}
				for i, x := range all {
					if i > 0 {
						fmt.Fprintln(a.stdout)
					}
					if _, err := fmt.Fprint(a.stdout, x.text(a, time.Now())); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addSettingFlags(cmd, findingSettings...)
	return cmd
}

// shownFinding is a finding with all that happened to it.
type shownFinding struct {
	*finding.Finding
	History    []finding.Event
	Deliveries []finding.Delivery
}

// MarshalJSON adds to the keys of the finding.
func (x *shownFinding) MarshalJSON() ([]byte, error) {
	head, err := json.Marshal(x.Finding)
	if err != nil {
		return nil, err
	}
	tail, err := json.Marshal(struct {
		History    []finding.Event    `json:"history"`
		Deliveries []finding.Delivery `json:"deliveries"`
	}{append([]finding.Event{}, x.History...), append([]finding.Delivery{}, x.Deliveries...)})
	if err != nil {
		return nil, err
	}
	return slices.Concat(head[:len(head)-1], []byte(","), tail[1:]), nil
}

func (x *shownFinding) text(a *app, now time.Time) string {
	var b strings.Builder
	f := x.Finding
	fmt.Fprintf(&b, "%s  %s  %s\n", printable(f.ID), strings.ToUpper(f.Severity), f.State)
	fmt.Fprintf(&b, "\n%s\n\n", printable(f.Summary))
	line := func(head, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", head, printable(value))
		}
	}
	line("rule", fmt.Sprintf("%s (%s, version %d)", f.Title, f.Rule, f.RuleVersion))
	line("techniques", strings.Join(f.Techniques, ", "))
	line("first seen", f.FirstSeen.Format(time.RFC3339))
	line("last seen", f.LastSeen.Format(time.RFC3339)+ago(now.Sub(f.LastSeen)))
	line("count", count(f.Count))
	line("confidence", f.Confidence)
	line("account", f.AccountID)
	line("region", f.Region)
	line("vpc", f.VPCID)
	line("interface", f.InterfaceID)
	line("client", f.Client)
	line("server", f.Server)
	if f.Port != nil {
		line("port", strconv.Itoa(*f.Port))
	}
	if f.Protocol != nil {
		line("protocol", strconv.Itoa(*f.Protocol))
	}
	if f.Reason != "" {
		line("because", f.Reason)
	}
	if f.Suppression != "" {
		line("hidden by", f.Suppression)
	}
	keys := make([]string, 0, len(f.Details))
	for k, v := range f.Details {
		if v != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for i, k := range keys {
		if i == 0 {
			b.WriteString("\nDetails\n")
		}
		fmt.Fprintf(&b, "  %-20s %s\n", printable(k), printable(detailText(f.Details[k])))
	}
	paragraph := func(head, text string) {
		if text = strings.TrimSpace(text); text != "" {
			fmt.Fprintf(&b, "\n%s\n  %s\n", head, strings.ReplaceAll(printableLines(text), "\n", "\n  "))
		}
	}
	explain, fix := findingsRule(a, f.Rule)
	paragraph("What it means", wrapText(explain, 110))
	paragraph("What to do", wrapText(fix, 110))
	if f.Evidence.SQL != "" {
		paragraph("The evidence", evidenceCommand(a, f.Evidence))
	}
	b.WriteString("\nHistory\n")
	for _, e := range x.History {
		text := fmt.Sprintf("%s by %s", e.Kind, e.Who)
		if e.Who == "weir" {
			text = e.Kind
		}
		if e.Why != "" {
			text += ": " + e.Why
		}
		fmt.Fprintf(&b, "  %s  %-8s  %s\n", e.At.Format(time.RFC3339), e.Severity, printable(text))
	}
	for i, d := range x.Deliveries {
		if i == 0 {
			b.WriteString("\nWho was told\n")
		}
		text := fmt.Sprintf("%s of %q: %s", d.Channel, d.Kind, d.Status)
		if d.Error != "" {
			text += ": " + d.Error
		}
		fmt.Fprintf(&b, "  %s  %s\n", d.At.Format(time.RFC3339), printable(text))
	}
	return b.String()
}

// wrapText breaks long lines between words.
func wrapText(s string, width int) string {
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(s), "\n") {
		short := ""
		for _, word := range strings.Fields(line) {
			if short != "" && utf8.RuneCountInString(short)+1+utf8.RuneCountInString(word) > width {
				lines, short = append(lines, short), ""
			}
			short = strings.TrimPrefix(short+" "+word, " ")
		}
		lines = append(lines, short)
	}
	return strings.Join(lines, "\n")
}

// ago says how long ago something was, to the hour; nothing of what is to come.
func ago(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < time.Hour:
		return " (within the last hour)"
	case d < 48*time.Hour:
		return " (" + counted(int(d.Hours()), "hour") + " ago)"
	}
	return " (" + counted(int(d.Hours()/24), "day") + " ago)"
}

func detailText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return floatText(v)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// evidenceCommand is what a person types to see the evidence: the query with its arguments in their places.
func evidenceCommand(a *app, e finding.Evidence) string {
	sql, ok := withLiterals(e.SQL, e.Args)
	lake := ""
	if strings.HasPrefix(a.settings.from["lake"], "flag") {
		lake = "--lake " + shellQuote(a.settings.Lake) + " "
	}
	text := "weir query " + lake + shellQuote(sql)
	if !ok {
		text += "\narguments: " + detailText(e.Args)
	}
	return text
}

// withLiterals puts arguments into the places of a query. It is for people to read and to run by hand; weir itself never
// makes a query so. It fails if there are not as many arguments as places.
func withLiterals(sql string, args []any) (string, bool) {
	var b strings.Builder
	rest := args
	for i := 0; i < len(sql); {
		end := i + 1
		switch {
		case sql[i] == '\'' || sql[i] == '"': // doubled quotes are two texts beside each other
			if n := strings.IndexByte(sql[i+1:], sql[i]); n >= 0 {
				end = i + n + 2
			} else {
				end = len(sql)
			}
		case strings.HasPrefix(sql[i:], "--"):
			if n := strings.IndexByte(sql[i:], '\n'); n >= 0 {
				end = i + n
			} else {
				end = len(sql)
			}
		case strings.HasPrefix(sql[i:], "/*"):
			if n := strings.Index(sql[i:], "*/"); n >= 0 {
				end = i + n + 2
			} else {
				end = len(sql)
			}
		case sql[i] == '?':
			if len(rest) == 0 {
				return sql, false
			}
			b.WriteString(literal(rest[0]))
			rest = rest[1:]
			i = end
			continue
		}
		b.WriteString(sql[i:end])
		i = end
	}
	if len(rest) > 0 {
		return sql, false
	}
	return b.String(), true
}

func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return "TIMESTAMP '" + v.UTC().Format("2006-01-02 15:04:05.999999") + " UTC'"
	case float64:
		return strconv.FormatFloat(v, 'e', -1, 64)
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	}
	return fmt.Sprint(v)
}

func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
