package main

import (
	"slices"
	"strings"

	"weir/flowlog"
	"weir/internal/network"
)

// tfFilter is a metric filter of CloudWatch Logs: which records it counts. The module writes its pattern, with a column for
// each field of the format at that field's place; conditions belong to fields, so that they cannot stand at another's.
type tfFilter struct {
	Name    string     `json:"name"`
	Metric  string     `json:"metric"`
	Value   string     `json:"value"` // 1, or $ and the column whose values are added up
	Unit    string     `json:"unit"`
	About   string     `json:"about"`
	Traffic string     `json:"traffic"` // ACCEPT or REJECT, if it counts no others: a log of the other kind never has any
	Where   []tfClause `json:"where"`   // all of them hold
}

// tfClause is a condition on one field: the first of Any that the format has. Where it has none of them, an optional clause
// is left out, and any other makes the filter impossible.
type tfClause struct {
	Any      []tfTest `json:"any"`
	Optional bool     `json:"optional"`
}

// tfTest holds if one of Is does. There is no "and" and there are no parentheses: AWS's manual shows neither beside "or"
// in this kind of pattern. Empty Is says that the field must be there, and no more.
type tfTest struct {
	Field  string   `json:"field"`
	Column string   `json:"column"` // letters, digits and _, as names in patterns must be
	Is     []string `json:"is"`
}

// portsMark stands for the ports that the module is asked to watch, as a regular expression.
const portsMark = "{ports}"

// sensitivePorts are the sets of the rules about exposed services: exposed-admin, exposed-control-plane, exposed-datastore
// and exposed-windows.
var sensitivePorts = []string{"ADMIN", "CTRL", "DB", "WIN"}

// tfPorts are the ports of sensitivePorts, sorted.
func tfPorts() []int {
	var out []int
	for _, set := range sensitivePorts {
		for _, r := range network.DefaultPorts().Ranges(set) {
			for p := r.First; p <= r.Last; p++ {
				out = append(out, p)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// outsideAddress matches addresses of the internet: not those of RFC 1918, RFC 6598 (100.64/10), loopback, link-local,
// multicast and unique local addresses. It says what an address is, not what it is not, since AWS's manual shows regular
// expressions behind "=" only. They have no parentheses there, and each alternative may begin with ^. Amazon CloudWatch Logs
// User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail", read 2026-11.
var outsideAddress = strings.Join([]string{
	`^[3-9]`, `^2[01]?[0-9]?\.`, `^22[0-3]`, `^2[0-9a-f]+:`, // 2 to 9, 20 to 99, 200 to 223, and IPv6
	`^1[1-9]?\.`, `^1[13458][0-9]`, `^10[1-9]`, `^12[0-689]`, `^16[0-8]`, `^1[79][013-9]`, // not 10 and 127, nor what follows
	`^100\.[1-5]?[0-9]\.`, `^100\.6[0-3]`, `^100\.12[89]`, `^100\.1[3-9][0-9]`, `^100\.2[0-9][0-9]`, // not 100.64 to 100.127
	`^169\.[013-9]`, `^169\.2[0-46-9]`, `^169\.25?\.`, `^169\.25[0-35]`, // not 169.254
	`^172\.[04-9]`, `^172\.[1-3]\.`, `^172\.1[0-5]`, `^172\.3[2-9]`, `^172\.[12][0-9][0-9]`, // not 172.16 to 172.31
	`^192\.[02-9]`, `^192\.1[0-57-9]`, `^192\.16?\.`, `^192\.16[0-79]`, // not 192.168
}, "|")

// tfFilters are the filters that records of a table can have.
func tfFilters(t *flowlog.Table) []tfFilter {
	test := func(field string, is ...string) tfTest {
		f := t.Field(field)
		if f == nil {
			return tfTest{}
		}
		return tfTest{field, f.Column, append([]string{}, is...)}
	}
	must := func(any ...tfTest) tfClause { return tfClause{any, false} }
	may := func(any ...tfTest) tfClause { return tfClause{any, true} }
	outside := "= %" + outsideAddress + "%"
	all := []tfFilter{
		{"records", "Records", "1", "Count", "all records, whatever they say", "", []tfClause{}},
		{"nodata", "NoData", "1", "Count", "records of interfaces without traffic", "", []tfClause{must(test("log-status", "= NODATA"))}},
		{"skipdata", "SkipData", "1", "Count", "records that stand for others that AWS lost", "", []tfClause{must(test("log-status", "= SKIPDATA"))}},
	}
	if t == flowlog.VPC {
		all = append(all,
			tfFilter{"rejects", "Rejects", "1", "Count", "records of rejected traffic", "REJECT", []tfClause{must(test("action", "= REJECT"))}},
			tfFilter{"rejected-ssh-rdp", "RejectedSSHRDP", "1", "Count", "records of rejected traffic to SSH and RDP", "REJECT", []tfClause{
				must(test("action", "= REJECT")), must(test("protocol", "= 6")), must(test("dstport", "= 22", "= 3389"))}},
			// An answer to a connection of ours goes to a port that our side chose, a NAT gateway's from 1024 on: it must not count.
			// SYN without ACK tells who opens; without flags, answers come from ports of servers.
			tfFilter{"exposed-port", "ExposedPort", "1", "Count", "connections over TCP that the internet opens to a sensitive port, and that are let in", "ACCEPT", []tfClause{
				must(test("action", "= ACCEPT")), must(test("protocol", "= 6")), must(test("dstport", "= %"+portsMark+"%")),
				must(test("pkt-srcaddr", outside), test("srcaddr", outside)),
				must(test("tcp-flags", "= 2", "= 3", "= 6", "= 7"), test("srcport", ">= 1024")),
				may(test("flow-direction", "= ingress"))}},
			tfFilter{"bytes-out", "BytesOut", "$bytes", "Bytes", "bytes that go to the internet", "ACCEPT", []tfClause{
				must(test("bytes")), must(test("action", "= ACCEPT")), must(test("pkt-dstaddr", outside), test("dstaddr", outside)),
				may(test("flow-direction", "= egress")), may(test("interface-type", "!= nat_gateway"))}}, // its hosts' count already
		)
	}
	return all
}
