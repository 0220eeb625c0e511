package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/flowlog"
	"weir/internal/network"
	"weir/queries"
	"weir/rules"
)

// What the pattern's expression calls outside must be what IANA's registries call the internet: at the first and last
// address of every /16, and of IPv6.
func TestTerraformOutsideAddress(t *testing.T) {
	outside := regexp.MustCompile(outsideAddress)
	private := func(a netip.Addr) bool {
		return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.As4()[0] == 0 || a.As4()[0] >= 240 ||
			netip.MustParsePrefix("100.64.0.0/10").Contains(a)
	}
	for i := range 1 << 16 {
		for _, last := range []byte{0, 255} {
			a := netip.AddrFrom4([4]byte{byte(i >> 8), byte(i), last, last})
			if got := outside.MatchString(a.String()); got == private(a) {
				t.Fatalf("%s: outside is %v", a, got)
			}
		}
	}
	for text, want := range map[string]bool{
		"2600:1f18::1": true, "2a05:d018:0:1::1": true, "2001:db8::1": true, "3fff::1": true, "64:ff9b::c000:201": true,
		"fd00::1": false, "fc00::1": false, "fe80::1": false, "ff02::1": false, "::1": false, "-": false,
	} {
		if got := outside.MatchString(text); got != want {
			t.Errorf("%s: outside is %v", text, got)
		}
	}
}

// The ports are those of the rules about exposed services, of all of them and of no others.
func TestTerraformSensitivePorts(t *testing.T) {
	sets := map[string]bool{}
	for _, r := range rules.All() {
		if !strings.HasPrefix(r.ID, "exposed-") {
			continue
		}
		for _, m := range regexp.MustCompile(`:ports\((\w+),`).FindAllStringSubmatch(r.SQL, -1) {
			sets[m[1]] = true
		}
	}
	for _, s := range sensitivePorts {
		if !sets[s] {
			t.Errorf("no rule exposed-* looks at ports %s", s)
		}
		delete(sets, s)
	}
	if len(sets) > 0 {
		t.Errorf("rules exposed-* look at %v, too", sets)
	}
	for _, p := range tfPorts() {
		if !slices.ContainsFunc(sensitivePorts, func(s string) bool { return network.DefaultPorts().Has(s, p) }) {
			t.Errorf("port %d is in none of the sets", p)
		}
	}
}

// pattern writes a filter's pattern as filters.tf does, each column as a condition on a value; nil if the format lacks a field.
func pattern(f tfFilter, fields []string, ports []int) func(line string) bool {
	conditions := map[string][]string{}
	for _, c := range f.Where {
		i := slices.IndexFunc(c.Any, func(a tfTest) bool { return slices.Contains(fields, a.Field) })
		if i < 0 && !c.Optional {
			return nil
		}
		if i >= 0 {
			conditions[c.Any[i].Field] = c.Any[i].Is
		}
	}
	var texts []string
	for _, p := range ports {
		texts = append(texts, "^"+strconv.Itoa(p)+"$")
	}
	holds := func(is, value string) bool {
		op, want, _ := strings.Cut(strings.ReplaceAll(is, portsMark, strings.Join(texts, "|")), " ")
		switch {
		case op == "=" && strings.HasPrefix(want, "%"):
			return regexp.MustCompile(strings.Trim(want, "%")).MatchString(value)
		case op == "=":
			return value == want
		case op == "!=":
			return value != want
		case op == ">=":
			n, err := strconv.Atoi(value)
			m, _ := strconv.Atoi(want)
			return err == nil && n >= m
		}
		panic("BUG: no operator " + op)
	}
	return func(line string) bool {
		values := strings.Fields(line)
		if len(values) != len(fields) {
			return false
		}
		for i, name := range fields {
			if is := conditions[name]; len(is) > 0 && !slices.ContainsFunc(is, func(s string) bool { return holds(s, values[i]) }) {
				return false
			}
		}
		return true
	}
}

func TestTerraformFilters(t *testing.T) {
	v2 := strings.Fields(flowlog.DefaultFormat)
	own := []string{"action", "tcp-flags", "flow-direction", "dstport", "srcport", "pkt-srcaddr", "pkt-dstaddr", "srcaddr", "protocol", "bytes", "log-status"}
	for _, c := range []struct {
		name   string
		fields []string
		line   string
		want   string // the filters that count it, besides records
	}{
		{"ssh from the internet", v2, "2 1 eni-1 203.0.113.9 10.0.0.5 41000 22 6 3 180 1 2 ACCEPT OK", "exposed-port"},
		{"ssh from inside", v2, "2 1 eni-1 172.31.0.9 10.0.0.5 41000 22 6 3 180 1 2 ACCEPT OK", ""},
		{"ssh to the internet", v2, "2 1 eni-1 10.0.0.5 203.0.113.9 41000 22 6 3 180 1 2 ACCEPT OK", "bytes-out"},
		{"an answer to a NAT gateway's port", v2, "2 1 eni-1 203.0.113.9 10.0.0.5 443 3306 6 3 180 1 2 ACCEPT OK", ""},
		{"https", v2, "2 1 eni-1 203.0.113.9 10.0.0.5 41000 443 6 3 180 1 2 ACCEPT OK", ""},
		{"a port that begins like one", v2, "2 1 eni-1 203.0.113.9 10.0.0.5 41000 2200 6 3 180 1 2 ACCEPT OK", ""},
		{"ssh refused", v2, "2 1 eni-1 203.0.113.9 10.0.0.5 41000 22 6 3 180 1 2 REJECT OK", "rejects rejected-ssh-rdp"},
		{"redis refused", v2, "2 1 eni-1 203.0.113.9 10.0.0.5 41000 6379 6 3 180 1 2 REJECT OK", "rejects"},
		{"no data", v2, "2 1 eni-1 - - - - - - - 1 2 - NODATA", "nodata"},
		{"data lost", v2, "2 1 eni-1 - - - - - - - 1 2 - SKIPDATA", "skipdata"},
		{"SYN to Redis", own, "ACCEPT 2 ingress 6379 50 203.0.113.9 10.0.0.5 10.0.0.9 6 180 OK", "exposed-port"},
		{"SYN-ACK from the internet", own, "ACCEPT 18 ingress 6379 443 203.0.113.9 10.0.0.5 203.0.113.9 6 180 OK", ""},
		{"SYN to the internet", own, "ACCEPT 2 egress 6379 50000 10.0.0.5 203.0.113.9 10.0.0.5 6 180 OK", "bytes-out"},
		{"SYN through a middlebox that leaves the VPC", own, "ACCEPT 2 egress 6379 50000 203.0.113.9 10.0.0.5 203.0.113.9 6 180 OK", ""},
	} {
		var got []string
		for _, f := range tfFilters(flowlog.VPC) {
			match := pattern(f, c.fields, tfPorts())
			if match == nil {
				t.Fatalf("%s: %s cannot be made", c.name, f.Name)
			}
			if match(c.line) {
				got = append(got, f.Name)
			}
		}
		want := append([]string{"records"}, strings.Fields(c.want)...)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: counted by %v, want %v", c.name, got, want)
		}
	}
	for _, table := range flowlog.Tables {
		for _, f := range tfFilters(table) {
			for _, c := range f.Where {
				for _, a := range c.Any {
					if a.Field == "" {
						t.Errorf("filter %s: a field that %s does not have", f.Name, table.Name)
					}
					if regexp.MustCompile(`[^a-z0-9_]`).MatchString(a.Column) {
						t.Errorf("filter %s: %q is no name for a pattern", f.Name, a.Column)
					}
				}
			}
		}
	}
}

// The alarms' texts send people to saved queries, which must be there.
func TestTerraformAlarmQueries(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(terraformModule, "alarms.tf"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`query\s+= "([a-z-]+)"`).FindAllStringSubmatch(string(text), -1)
	if len(found) < 6 {
		t.Errorf("found %d queries in alarms.tf", len(found))
	}
	for _, m := range found {
		if _, ok := queries.Get(m[1]); !ok {
			t.Errorf("alarms.tf: there is no query %s", m[1])
		}
	}
}
