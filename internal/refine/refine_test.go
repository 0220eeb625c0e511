package refine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/engine"
	"weir/internal/engine/duckdb"
	"weir/internal/engine/enginetest"
	"weir/internal/network"

	"github.com/google/go-cmp/cmp"
)

// opener opens DuckDB.
func opener(t testing.TB) Opener {
	temp := t.TempDir()
	return func(_ context.Context, tables []engine.Table, outputs []string) (engine.Storer, error) {
		return duckdb.Open(duckdb.Config{Outputs: outputs, TempDir: temp, Memory: 3 << 30, Threads: 2}, tables)
	}
}

// book knows IANA's registries.
var book = func() *network.Book {
	b, err := network.New(network.Config{})
	if err != nil {
		panic(err)
	}
	return b
}()

// local makes the tables of records in AWS's text, and returns an engine to ask them.
func local(t testing.TB, text string) engine.Engine {
	t.Helper()
	flows := enginetest.Write(t, flowlog.VPC, enginetest.Records(t, text)...)
	tables, err := Local(t.Context(), opener(t), book, network.DefaultPorts(), flows.Files, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := duckdb.Open(duckdb.Config{Threads: 1}, tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// ask returns the rows of a query, values split by blanks, sorted.
func ask(t testing.TB, e engine.Engine, sql string) []string {
	t.Helper()
	a, err := enginetest.Ask(t, e, enginetest.Case{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, row := range a.Rows {
		var parts []string
		for _, v := range row {
			switch v := v.(type) {
			case nil:
				parts = append(parts, "-")
			case time.Time:
				parts = append(parts, v.Format("15:04:05"))
			default:
				parts = append(parts, fmt.Sprint(v))
			}
		}
		out = append(out, strings.Join(parts, " "))
	}
	slices.Sort(out)
	return out
}

func check(t *testing.T, e engine.Engine, sql string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if d := cmp.Diff(want, ask(t, e, sql)); d != "" {
		t.Errorf("%s (-want +got):\n%s", sql, d)
	}
}

const (
	v2 = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
	v5 = "version account-id interface-id instance-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol packets bytes start end action tcp-flags flow-direction log-status\n"
	// who is what the tests of roles look at.
	who = "SELECT interface_id, client, client_port, server, server_port, own, side_evidence, role_evidence, state, state_evidence FROM conversations"
)

// line is a record of v5: the rest is always the same. 1767225600 is the begin of an hour, of 2026.
func line(eni, instance, src, dst, psrc, pdst, ports string, proto, packets, bytes, at int, action, flags, direction string) string {
	return fmt.Sprintln(5, "123456789012", eni, instance, src, dst, psrc, pdst, ports, proto, packets, bytes, 1767225600+at, 1767225600+at+59, action, flags, direction, "OK")
}

func in(src, dst, ports string, flags string) string {
	return line("eni-1", "i-1", src, dst, src, dst, ports, 6, 3, 180, 0, "ACCEPT", flags, "ingress")
}

func out(src, dst, ports string, flags string) string {
	return line("eni-1", "i-1", src, dst, src, dst, ports, 6, 2, 120, 0, "ACCEPT", flags, "egress")
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"flags", in("8.8.4.4", "10.0.0.5", "40000 6379", "2") + out("10.0.0.5", "8.8.4.4", "6379 40000", "18"),
			[]string{"eni-1 8.8.4.4 40000 10.0.0.5 6379 server direction syn ANSWERED flags"}},
		{"short connection: 3 and 19", in("8.8.4.4", "10.0.0.5", "40000 5001", "3") + out("10.0.0.5", "8.8.4.4", "5001 40000", "19"),
			[]string{"eni-1 8.8.4.4 40000 10.0.0.5 5001 server direction syn ANSWERED flags"}},
		{"more flags than AWS names first", in("8.8.4.4", "10.0.0.5", "40000 5001", "10") + out("10.0.0.5", "8.8.4.4", "5001 40000", "31"),
			[]string{"eni-1 8.8.4.4 40000 10.0.0.5 5001 server direction syn ANSWERED flags"}},
		{"SYN to a high port, from the port of a service", in("8.8.4.4", "10.0.0.5", "443 51000", "2") + out("10.0.0.5", "8.8.4.4", "51000 443", "18"),
			[]string{"eni-1 8.8.4.4 443 10.0.0.5 51000 server direction syn ANSWERED flags"}},
		{"a mask and no number: opened and closed by one end alone", in("8.8.4.4", "10.0.0.5", "443 51000", "3"),
			[]string{"eni-1 8.8.4.4 443 10.0.0.5 51000 server direction syn REACHABLE flags"}},
		{"half open", in("8.8.4.4", "10.0.0.5", "40000 6379", "2"),
			[]string{"eni-1 8.8.4.4 40000 10.0.0.5 6379 server direction syn REACHABLE flags"}},
		{"reset", in("8.8.4.4", "10.0.0.5", "40000 6379", "2") + line("eni-1", "i-1", "10.0.0.5", "8.8.4.4", "10.0.0.5", "8.8.4.4", "6379 40000", 6, 1, 40, 0, "ACCEPT", "4", "egress"),
			[]string{"eni-1 8.8.4.4 40000 10.0.0.5 6379 server direction syn REFUSED flags"}},
		{"refused by rules", line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.5", "40000 22", 6, 1, 40, 0, "REJECT", "2", "ingress"),
			[]string{"eni-1 8.8.4.4 40000 10.0.0.5 22 server direction syn TRIED flags"}},
		{"the ACL lets the answer not out", in("8.8.4.4", "10.0.0.5", "40000 22", "2") + line("eni-1", "i-1", "10.0.0.5", "8.8.4.4", "10.0.0.5", "8.8.4.4", "22 40000", 6, 1, 40, 0, "REJECT", "18", "egress"),
			[]string{"eni-1 8.8.4.4 40000 10.0.0.5 22 server direction syn REACHABLE flags"}},
		{"a stray packet after the close", out("10.0.0.5", "8.8.4.4", "51000 443", "3") + in("8.8.4.4", "10.0.0.5", "443 51000", "19") +
			line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.5", "443 51000", 6, 1, 40, 90, "REJECT", "4", "ingress"),
			[]string{"eni-1 10.0.0.5 51000 8.8.4.4 443 client direction syn ANSWERED flags"}},
		{"a stray reply alone", line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.5", "443 51000", 6, 1, 40, 0, "REJECT", "16", "ingress"),
			[]string{"eni-1 10.0.0.5 51000 8.8.4.4 443 client direction port TRIED flags"}},
		{"a stray reply of no known service", line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.5", "7791 51000", 6, 1, 40, 0, "REJECT", "0", "ingress"),
			[]string{"eni-1 10.0.0.5 51000 8.8.4.4 7791 client direction guess TRIED flags"}},
		{"begun in the hour before", in("8.8.4.4", "10.0.0.5", "443 51000", "0") + out("10.0.0.5", "8.8.4.4", "51000 443", "0"),
			[]string{"eni-1 10.0.0.5 51000 8.8.4.4 443 client direction port ANSWERED bytes"}},
		{"UDP", line("eni-1", "i-1", "10.0.0.5", "10.0.0.2", "10.0.0.5", "10.0.0.2", "51000 53", 17, 1, 60, 0, "ACCEPT", "0", "egress") +
			line("eni-1", "i-1", "10.0.0.2", "10.0.0.5", "10.0.0.2", "10.0.0.5", "53 51000", 17, 1, 90, 0, "ACCEPT", "0", "ingress"),
			[]string{"eni-1 10.0.0.5 51000 10.0.0.2 53 client direction port ANSWERED bytes"}},
		{"IPv6", in("2a00:1450::1", "2600:1f18::5", "40000 22", "2") + out("2600:1f18::5", "2a00:1450::1", "22 40000", "18"),
			[]string{"eni-1 2a00:1450::1 40000 2600:1f18::5 22 server direction syn ANSWERED flags"}},
		{"ping: who was first", line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.5", "0 0", 1, 4, 336, 0, "ACCEPT", "0", "ingress") +
			line("eni-1", "i-1", "10.0.0.5", "8.8.4.4", "10.0.0.5", "8.8.4.4", "0 0", 1, 4, 336, 60, "REJECT", "0", "egress"),
			[]string{"eni-1 8.8.4.4 0 10.0.0.5 0 server direction guess REACHABLE none"}},
		{"ping: else the interface", line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.5", "0 0", 1, 4, 336, 0, "ACCEPT", "0", "ingress") +
			line("eni-1", "i-1", "10.0.0.5", "8.8.4.4", "10.0.0.5", "8.8.4.4", "0 0", 1, 4, 336, 0, "ACCEPT", "0", "egress"),
			[]string{"eni-1 10.0.0.5 0 8.8.4.4 0 client direction guess ANSWERED bytes"}},
		{"NODATA is no conversation", "5 123456789012 eni-1 - - - - - - - - - - 1767225600 1767225660 - - - NODATA\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, local(t, v5+c.text), who, c.want...) })
	}
}

// TestVersion2 is what can be known without flags and directions.
func TestVersion2(t *testing.T) {
	rec := func(eni, src, dst, ports string, packets, bytes int, action string) string {
		return fmt.Sprintln(2, "123456789012", eni, src, dst, ports, 6, packets, bytes, 1767225600, 1767225660, action, "OK")
	}
	e := local(t, v2+
		// Many peers: the address that all have in common is the interface's.
		rec("eni-1", "8.8.4.4", "10.0.0.5", "40000 6379", 3, 180, "ACCEPT")+rec("eni-1", "10.0.0.5", "8.8.4.4", "6379 40000", 2, 120, "ACCEPT")+
		rec("eni-1", "1.1.1.1", "10.0.0.5", "40001 6379", 9, 700, "ACCEPT")+rec("eni-1", "10.0.0.5", "1.1.1.1", "6379 40001", 8, 9000, "ACCEPT")+
		rec("eni-1", "1.0.0.1", "10.0.0.5", "40001 22", 1, 40, "REJECT")+
		// One peer: both have all in common.
		rec("eni-2", "10.0.0.9", "10.0.0.8", "50000 443", 3, 180, "ACCEPT"))
	check(t, e, who,
		"eni-1 8.8.4.4 40000 10.0.0.5 6379 server common port REACHABLE none",
		"eni-1 1.1.1.1 40001 10.0.0.5 6379 server common port SERVED bytes",
		"eni-1 1.0.0.1 40001 10.0.0.5 22 server common port TRIED none",
		"eni-2 10.0.0.9 50000 10.0.0.8 443 unknown none port REACHABLE none")
	check(t, e, "SELECT port, state, clients, clients_answered, client FROM exposures", "22 TRIED 1 0 1.0.0.1", "6379 SERVED 2 1 1.1.1.1")
	check(t, e, "SELECT interface_id, own_address, fields, interval_seconds, versions FROM coverage",
		"eni-1 10.0.0.5 account_id 60 2", "eni-2 - account_id 60 2")
}

// TestGateway is AWS's example of a zonal NAT gateway, with both ways of one transfer: it counts once, at the instance.
func TestGateway(t *testing.T) {
	rec := func(eni, instance, src, dst, psrc, pdst, ports, direction string) string {
		return line(eni, instance, src, dst, psrc, pdst, ports, 6, 10, 5000, 0, "ACCEPT", "2", direction)
	}
	back := func(s string) string { return strings.Replace(s, " 2 ", " 18 ", 1) }
	e := local(t, v5+
		rec("eni-nat", "-", "10.0.1.5", "10.0.0.220", "10.0.1.5", "8.8.4.4", "40000 443", "ingress")+
		rec("eni-nat", "-", "10.0.0.220", "8.8.4.4", "10.0.0.220", "8.8.4.4", "1111 443", "egress")+
		back(rec("eni-nat", "-", "8.8.4.4", "10.0.0.220", "8.8.4.4", "10.0.0.220", "443 1111", "ingress"))+
		back(rec("eni-nat", "-", "10.0.0.220", "10.0.1.5", "8.8.4.4", "10.0.1.5", "443 40000", "egress"))+
		rec("eni-a", "i-1", "10.0.1.5", "8.8.4.4", "10.0.1.5", "8.8.4.4", "40000 443", "egress")+
		back(rec("eni-a", "i-1", "8.8.4.4", "10.0.1.5", "8.8.4.4", "10.0.1.5", "443 40000", "ingress")))
	check(t, e, "SELECT interface_id, client, client_port, server, own, gateway, counted, client_bytes, server_bytes FROM conversations",
		"eni-a 10.0.1.5 40000 8.8.4.4 client false true 5000 5000",
		"eni-nat 10.0.1.5 40000 8.8.4.4 transit true false 5000 5000",
		"eni-nat 10.0.0.220 1111 8.8.4.4 transit true false 5000 5000")
	check(t, e, "SELECT interface_id, client, server, counted FROM edges", "eni-a 10.0.1.5 8.8.4.4 true")
	check(t, e, "SELECT interface_id FROM exposures")
}

// TestRegionalGateway is AWS's example of a regional NAT gateway, which has no interface.
func TestRegionalGateway(t *testing.T) {
	const header = "resource-id instance-id interface-id account-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol packets bytes start end action flow-direction log-status\n"
	rec := func(resource, instance, eni, account, src, dst, ports, action, direction string) string {
		return fmt.Sprintln(resource, instance, eni, account, src, dst, src, dst, ports, 6, 10, 5000, 1767225600, 1767225660, action, direction, "OK")
	}
	e := local(t, header+
		rec("nat-1", "-", "-", "unknown", "10.0.1.5", "8.8.4.4", "40000 443", "ACCEPT", "ingress")+
		rec("nat-1", "-", "-", "unknown", "107.22.182.139", "8.8.4.4", "1111 443", "ACCEPT", "egress")+
		rec("nat-1", "-", "-", "unknown", "8.8.4.4", "107.22.182.139", "443 1111", "ACCEPT", "ingress")+
		rec("nat-1", "-", "-", "unknown", "8.8.4.4", "10.0.1.5", "443 40000", "ACCEPT", "egress")+
		rec("nat-1", "-", "-", "123456789012", "10.0.1.5", "9.9.9.9", "40001 443", "REJECT", "ingress")+
		rec("-", "i-1", "eni-a", "123456789012", "10.0.1.5", "8.8.4.4", "40000 443", "ACCEPT", "egress")+
		rec("-", "i-1", "eni-a", "123456789012", "8.8.4.4", "10.0.1.5", "443 40000", "ACCEPT", "ingress"))
	check(t, e, "SELECT account_id, interface_id, client, server, own, counted, client_scope, server_scope FROM conversations",
		"123456789012 eni-a 10.0.1.5 8.8.4.4 client true private internet",
		"123456789012 nat-1 10.0.1.5 8.8.4.4 transit false private internet",
		"123456789012 nat-1 10.0.1.5 9.9.9.9 transit true private internet",
		"123456789012 nat-1 107.22.182.139 8.8.4.4 transit false own internet")
}

// TestTransit is AWS's example of a transit gateway: one connection, four records, no directions.
func TestTransit(t *testing.T) {
	const header = "version interface-id account-id instance-id srcaddr dstaddr srcport dstport protocol tcp-flags pkt-srcaddr pkt-dstaddr action log-status bytes packets start end\n"
	const tail = " ACCEPT OK 900 9 1767225600 1767225660\n"
	e := local(t, header+
		"3 eni-3 123456789010 i-1 10.20.33.164 10.40.2.236 39812 80 6 3 10.20.33.164 10.40.2.236"+tail+
		"3 eni-3 123456789010 i-1 10.40.2.236 10.20.33.164 80 39812 6 19 10.40.2.236 10.20.33.164"+tail+
		"3 eni-3 123456789010 i-1 10.40.2.236 10.20.33.165 80 39812 6 19 10.40.2.236 10.20.33.165"+tail+
		"3 eni-1 123456789010 - 10.40.1.175 10.40.2.236 39812 80 6 3 10.20.33.164 10.40.2.236"+tail+
		"3 eni-2 123456789010 - 10.40.2.236 10.40.2.31 80 39812 6 19 10.40.2.236 10.20.33.164"+tail)
	check(t, e, "SELECT interface_id, client, server, own, side_evidence, counted FROM conversations",
		"eni-3 10.20.33.164 10.40.2.236 server common true",
		"eni-3 10.20.33.165 10.40.2.236 server common true",
		"eni-1 10.20.33.164 10.40.2.236 transit common false",
		"eni-2 10.20.33.164 10.40.2.236 transit common false")
}

// TestSecondaryAddress: the log shows the primary address for it. It is the interface's own all the same.
func TestSecondaryAddress(t *testing.T) {
	e := local(t, v5+
		line("eni-1", "i-1", "8.8.4.4", "10.0.0.5", "8.8.4.4", "10.0.0.77", "40000 22", 6, 3, 180, 0, "ACCEPT", "2", "ingress")+
		line("eni-1", "i-1", "10.0.0.5", "8.8.4.4", "10.0.0.77", "8.8.4.4", "22 40000", 6, 3, 180, 0, "ACCEPT", "18", "egress"))
	check(t, e, who, "eni-1 8.8.4.4 40000 10.0.0.77 22 server direction syn ANSWERED flags")
	check(t, e, "SELECT server, port, state FROM exposures", "10.0.0.77 22 ANSWERED")
	check(t, e, "SELECT own_address FROM coverage", "10.0.0.5")
}

// TestBothEndsInside: each interface has its row, and bytes are summed at the client's.
func TestBothEndsInside(t *testing.T) {
	e := local(t, v5+
		line("eni-1", "i-1", "10.0.0.5", "10.0.0.9", "10.0.0.5", "10.0.0.9", "40000 443", 6, 3, 180, 0, "ACCEPT", "2", "egress")+
		line("eni-2", "i-2", "10.0.0.5", "10.0.0.9", "10.0.0.5", "10.0.0.9", "40000 443", 6, 3, 180, 0, "ACCEPT", "2", "ingress")+
		line("eni-2", "i-2", "10.0.0.9", "10.0.0.5", "10.0.0.9", "10.0.0.5", "443 40000", 6, 3, 180, 0, "ACCEPT", "18", "egress")+
		line("eni-1", "i-1", "10.0.0.9", "10.0.0.5", "10.0.0.9", "10.0.0.5", "443 40000", 6, 3, 180, 0, "ACCEPT", "18", "ingress"))
	check(t, e, "SELECT interface_id, own, counted FROM conversations", "eni-1 client true", "eni-2 server false")
	check(t, e, "SELECT interface_id, own, conversations, answered, counted FROM edges", "eni-1 client 1 1 true", "eni-2 server 1 1 false")
}

// TestHours: a record belongs to the hour that it starts in, and an hour knows nothing of the one before.
func TestHours(t *testing.T) {
	at := func(second int, flags, direction, src, dst, ports string) string {
		return line("eni-1", "i-1", src, dst, src, dst, ports, 6, 9, 5000, second, "ACCEPT", flags, direction)
	}
	text := at(3599, "2", "ingress", "8.8.4.4", "10.0.0.5", "40000 22") + at(3600, "0", "ingress", "8.8.4.4", "10.0.0.5", "40000 22") +
		at(3599, "18", "egress", "10.0.0.5", "8.8.4.4", "22 40000") + at(7199, "0", "egress", "10.0.0.5", "8.8.4.4", "22 40000")
	e := local(t, v5+text)
	sql := "SELECT hour, first_seen, last_seen, seconds, role_evidence, client_bytes, server_bytes, state, state_evidence FROM conversations"
	want := []string{"00:00:00 00:59:59 01:00:58 59 syn 5000 5000 SERVED flags", "01:00:00 01:00:00 02:00:58 3658 port 5000 5000 SERVED bytes"}
	check(t, e, sql, want...)
	lines := strings.SplitAfter(text, "\n")
	slices.Reverse(lines)
	check(t, local(t, v5+strings.Join(lines, "")), sql, want...)
}

func TestCoverage(t *testing.T) {
	const header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status flow-direction odd-field source_object\n"
	name := "AWSLogs/123456789012/vpcflowlogs/us-east-1/2026/01/01/123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20260101T0030Z_fe123456.log.gz"
	header2 := strings.Replace(header, " odd-field", "", 1)
	e := local(t, header2+
		"3 123456789012 eni-1 8.8.4.4 10.0.0.5 1 22 6 10 1000 1767225600 1767226200 ACCEPT OK ingress "+name+"\n"+
		"2 unknown eni-1 10.0.0.5 8.8.4.4 22 1 6 20 2000 1767225600 1767226200 ACCEPT OK egress "+name+"\n"+
		"2 123456789012 eni-1 10.0.0.5 10.0.0.6 22 1 6 30 4000 1767225600 1767226200 ACCEPT OK egress "+name+"\n"+
		"2 123456789012 eni-1 8.8.4.4 10.0.0.5 1 23 6 1 40 1767225600 1767226200 REJECT OK ingress "+name+"\n"+
		"2 123456789012 eni-1 - - - - - - - 1767225600 1767226200 - NODATA - x\n"+
		"2 123456789012 eni-1 - - - - - - - 1767225600 1767226200 - SKIPDATA - x\n")
	check(t, e, `SELECT account_id, own_address, records, nodata, skipdata, accepts, rejects, bytes_in, bytes_out, packets_in, packets_out,
		internet_bytes_in, internet_bytes_out, rejects_in, rejects_out, fields, interval_seconds, delay_seconds, extra_fields, versions FROM coverage`,
		"123456789012 10.0.0.5 6 1 1 3 1 1000 6000 10 50 1000 2000 1 0 account_id,flow_direction 600 1200  2,3")
}

// BenchmarkLocal an example of a rule costs, which has some ten records.
func BenchmarkLocal(b *testing.B) {
	flows := enginetest.Write(b, flowlog.VPC, enginetest.Records(b, v5+in("8.8.4.4", "10.0.0.5", "40000 6379", "2"))...)
	open := opener(b)
	for b.Loop() {
		dir := b.TempDir()
		if _, err := Local(b.Context(), open, book, network.DefaultPorts(), flows.Files, dir); err != nil {
			b.Fatal(err)
		}
	}
}
