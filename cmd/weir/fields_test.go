package main

import (
	"strings"
	"testing"

	"weir/flowlog"
)

func TestEachFieldHasItsCost(t *testing.T) {
	for _, table := range flowlog.Tables {
		costs := fieldCosts[table]
		for _, f := range table.Fields {
			c, ok := costs[f.Name]
			if !ok || c.costs == "" {
				t.Errorf("%s: what a log without %s cannot tell is not said in fieldcost.go", table.Name, f.Name)
			}
			if strings.HasSuffix(c.costs, ".") {
				t.Errorf("%s %s: %q is not part of a sentence", table.Name, f.Name, c.costs)
			}
		}
		for name := range costs {
			if table.Field(name) == nil {
				t.Errorf("%s has no field %s", table.Name, name)
			}
		}
	}
}

// The advice must be good by its own measure, whatever one starts from.
func TestCorrectedFormatIsGood(t *testing.T) {
	for _, in := range []string{"default", "srcaddr", "start start bogus-field action", "tgw-id", "${next-hop-vpc-id} ${asg-tag-2}"} {
		c, err := checkFormat(in)
		if err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		fix := c.corrected()
		if _, err := flowlog.ParseFormat(fix); err != nil {
			t.Errorf("%q: corrected to %q, which does not parse: %v", in, fix, err)
		}
		again, err := checkFormat(fix)
		if err != nil || !again.good() || again.corrected() != fix || again.table != c.table {
			t.Errorf("%q: corrected to %q, which is not good: %+v, %v", in, fix, again, err)
		}
		for _, f := range again.missing {
			if again.cost(f).weight > optional {
				t.Errorf("%q: corrected to %q, which lacks %s", in, fix, f.Name)
			}
		}
	}
}

func FuzzCheckFormat(f *testing.F) {
	f.Add("${version} ${srcaddr}")
	f.Add("$ {} ${ ,,\x00")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := checkFormat(s); err == nil {
			if _, err := flowlog.ParseFormat(c.corrected()); err != nil {
				t.Errorf("%q is corrected to %q: %v", s, c.corrected(), err)
			}
		}
	})
}
