package network

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const fileText = `# what is ours
networks:
  - name: prod
    cidrs: [10.20.0.0/16, "2600:1f18:1::/48"]
    zone: prod
    own: true
  - name: partner
    cidrs: [93.184.216.34]
    trusted: true
    expires: 2027-02-01
    note: until the migration
ports:
  WEB: [80, 443]
  DB: {add: [15432-15433], remove: [7000]}
  GAMES: [27015, 27016]
services:
  tcp: {15432: pgbouncer}
threats: [lists/drop.txt]
aws_ranges: ip-ranges.json
mmdb: {country: c.mmdb, asn: a.mmdb}
`

func TestParseFile(t *testing.T) {
	f, err := ParseFile("n.yaml", []byte(fileText))
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Networks: []Network{
			{Name: "prod", Prefixes: blocks("10.20.0.0/16", "2600:1f18:1::/48"), Zone: "prod", Own: true},
			{Name: "partner", Prefixes: blocks("93.184.216.34/32"), Trusted: true, Expires: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC), Note: "until the migration"},
		},
		Threats: []string{"lists/drop.txt"}, AWSRanges: "ip-ranges.json", Country: "c.mmdb", ASN: "a.mmdb",
	}
	if diff := cmp.Diff(want, f, cmpopts.EquateComparable(netip.Prefix{}), cmpopts.IgnoreFields(File{}, "Ports")); diff != "" {
		t.Error(diff)
	}
	p := f.Ports
	if p.Has("WEB", 8080) || !p.Has("WEB", 443) || p.Has("DB", 7000) || !p.Has("DB", 7001) || !p.Has("DB", 15433) || !p.Has("GAMES", 27016) {
		t.Error("sets are not changed as the file says")
	}
	if p.Service(6, 15432) != "pgbouncer" || p.Service(6, 22) != "ssh" {
		t.Error("services are not changed as the file says")
	}
	if d := DefaultPorts(); !d.Has("WEB", 8080) || !d.Has("DB", 7000) || d.Service(6, 15432) != "" || d.Version() == p.Version() {
		t.Error("a file changed the defaults")
	}
	for _, empty := range []string{"", "# only a comment\n", "---\n", "networks:\n"} {
		if f, err := ParseFile("n.yaml", []byte(empty)); err != nil || len(f.Networks) > 0 || f.Ports.Version() != DefaultPorts().Version() {
			t.Errorf("%q: %v, %v", empty, f, err)
		}
	}
}

func TestParseFileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"network: []": `n.yaml:1: unknown key "network"; there are aws_ranges, mmdb, networks, ports, services, threats`,
		"networks:\n- name: a\n  cidr: [10.0.0.0/8]":                                               `n.yaml:3: unknown key "cidr"; there are cidrs, expires, name, note, own, trusted, zone`,
		"networks:\n- cidrs: [10.0.0.0/8]":                                                         "n.yaml:2: the network has no name",
		"networks:\n- name: a":                                                                     `n.yaml:2: network "a" has no cidrs`,
		"networks:\n- {name: a, cidrs: [10.0.0.0/8]}\n- {name: a, cidrs: [11.0.0.0/8]}":            `n.yaml:3: network "a" is given twice, first in line 2`,
		"networks:\n- {name: a, cidrs: [10.0.0.0/8]}\n- {name: b, cidrs: ['::ffff:10.0.0.0/104']}": `n.yaml:3: "::ffff:10.0.0.0/104": is declared twice, first in line 2`,
		"networks:\n- {name: a, cidrs: [10.0.0.0]}\n- {name: b, cidrs: [10.1.0.0/8]}":              `n.yaml:3: "10.1.0.0/8": has bits beyond its length: is it 10.0.0.0/8?`,
		"networks:\n- {name: a, cidrs: [0.0.0.0/0], trusted: true}":                                `n.yaml:2: "0.0.0.0/0": ` + errWideNetwork.Error(),
		"networks:\n- {name: a, cidrs: [office]}":                                                  `n.yaml:2: "office": not an address or block`,
		"networks:\n- {name: a, cidrs: [10.0.0.0/8], trusted: maybe}":                              "n.yaml:2: must be true or false",
		"networks:\n- {name: a, cidrs: [10.0.0.0/8], trusted: true, expires: soon}":                `n.yaml:2: "soon": must be a day such as 2027-01-31, or a time`,
		"networks:\n- {name: a, cidrs: [10.0.0.0/8], expires: 2027-01-01}":                         `n.yaml:2: network "a": expires is when trust ends, and it is not trusted`,
		"networks: {}":                "n.yaml:1: must be a list",
		"threats: a.txt":              "n.yaml:1: must be a list",
		"threats: [[a]]":              "n.yaml:1: must be a text",
		"ports: {db: [1]}":            `n.yaml:1: "db": a set of ports has a name of capital letters`,
		"ports: {NEW: {add: [1]}}":    "n.yaml:1: there is no set NEW to change: give it as a list",
		"ports:\n  DB:\n  - 70000":    `n.yaml:3: "70000": must be a port or a range such as 6379-6383`,
		"ports: {DB: [9-7]}":          `n.yaml:1: "9-7": must be a port or a range such as 6379-6383`,
		"ports: {DB: [0]}":            `n.yaml:1: "0": must be a port or a range such as 6379-6383`,
		"ports: {DB: [0x16]}":         `n.yaml:1: "0x16": must be a port or a range such as 6379-6383`,
		"services: {sctp: {1: a}}":    `n.yaml:1: unknown key "sctp"; there are tcp, udp`,
		"services: {tcp: {1: 'a b'}}": `n.yaml:1: "a b": the name of a service is up to 32 letters, digits, '.', '_', '+' and '-'`,
		"mmdb: {city: x}":             `n.yaml:1: unknown key "city"; there are asn, country`,
		"threats: []\nthreats: []":    `n.yaml:2: "threats" is given twice, first in line 1`,
		"a: &a [1]\nports: {DB: *a}":  `n.yaml:1: unknown key "a"; there are aws_ranges, mmdb, networks, ports, services, threats`,
		"ports: {A: &a [1], DB: *a}":  "n.yaml:1: must be a list",
		"- 1":                         "n.yaml:1: must be keys with values",
		"threats: []\n---\nx: 1":      "n.yaml: more than one document",
		"threats: [":                  "n.yaml: line 1: did not find expected node content",
	} {
		_, err := ParseFile("n.yaml", []byte(text))
		if err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte(fileText))
	f.Add([]byte("networks: [{name: a, cidrs: [0.0.0.0/8, '::ffff:1.2.3.4', '::/0']}]\nports: {A: [1-65535], WEB: {remove: [80]}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := ParseFile("n.yaml", text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "n.yaml:") {
				t.Errorf("an error without a place: %v", err)
			}
			return
		}
		// What the file's reader accepts makes a Book, which says what a search says.
		c := Config{Networks: file.Networks}
		b := newBook(t, c)
		for _, n := range file.Networks {
			for _, p := range n.Prefixes {
				for _, a := range []netip.Addr{p.Addr(), p.Addr().Prev(), last(p), last(p).Next()} {
					if !a.IsValid() {
						continue
					}
					if got, want := b.Lookup(a), slowLookup(c, a); got != want {
						t.Errorf("%s is %+v, want %+v", a, got, want)
					}
				}
			}
		}
		for _, set := range file.Ports.Sets() {
			ranges := file.Ports.Ranges(set)
			if !slices.IsSortedFunc(ranges, func(x, y Range) int { return x.First - y.Last }) {
				t.Errorf("set %s: %v", set, ranges)
			}
			if sql, err := file.Ports.Condition(set, "p"); err != nil || !strings.HasPrefix(sql, "(") {
				t.Errorf("set %s: %q, %v", set, sql, err)
			}
		}
	})
}
