package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
)

// baseline is what was once reached, by rule: precision and recall, nil where there was nothing to measure.
type baseline map[string][2]*float64

// tolerance is for the three digits of the file.
const tolerance = 0.0005

var columns = []string{"rule", "precision", "recall"}

func readBaseline(file string) (baseline, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return nil, fmt.Errorf("read baseline: %s: the columns are not %v", file, columns)
	}
	b := baseline{}
	for _, row := range rows[1:] {
		var v [2]*float64
		for i := range v {
			if row[i+1] == "-" {
				continue
			}
			x, err := strconv.ParseFloat(row[i+1], 64)
			if err != nil {
				return nil, fmt.Errorf("read baseline: %s: %w", row[0], err)
			}
			v[i] = &x
		}
		b[row[0]] = v
	}
	return b, nil
}

// compare says what is worse than it was. Rules come and go with a look at the file, not by themselves.
func (b baseline) compare(rep *report) (worse []string) {
	seen := map[string]bool{}
	for _, t := range rep.Rules {
		seen[t.Rule] = true
		was, ok := b[t.Rule]
		if !ok {
			worse = append(worse, t.Rule+": not in the baseline; make truth-update puts it there")
			continue
		}
		for i, now := range []*float64{t.Precision(), t.Recall()} {
			switch name := columns[i+1]; {
			case was[i] == nil && now != nil && *now < 1:
				worse = append(worse, fmt.Sprintf("%s: %s is %.3f, and was not measured", t.Rule, name, *now))
			case was[i] == nil || now == nil && i == 0: // nothing found is not imprecise; recall says it
			case now == nil:
				worse = append(worse, fmt.Sprintf("%s: %s is not measured any more, was %.3f", t.Rule, name, *was[i]))
			case *now < *was[i]-tolerance:
				worse = append(worse, fmt.Sprintf("%s: %s is %.3f, was %.3f", t.Rule, name, *now, *was[i]))
			}
		}
	}
	for id := range b {
		if !seen[id] {
			worse = append(worse, id+": in the baseline, and there is no such rule")
		}
	}
	slices.Sort(worse)
	return worse
}

func writeBaseline(file string, rep *report) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{columns}
	for _, t := range rep.Rules {
		rows = append(rows, []string{t.Rule, number(t.Precision(), 3), number(t.Recall(), 3)})
	}
	slices.SortFunc(rows[1:], slices.Compare)
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o666)
}
