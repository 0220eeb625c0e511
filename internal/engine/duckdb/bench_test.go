package duckdb

import "testing"

// BenchmarkContains is a million addresses against the seven private networks, none of which has them: the worst that
// a saved query asks. The rows alone are the other benchmark.
func BenchmarkContains(b *testing.B) {
	e := open(b)
	const rows = " FROM (SELECT '203.0.' || CAST(range % 250 AS varchar) || '.' || CAST(range // 250 % 250 AS varchar) AS a FROM range(1000000))"
	for _, bb := range []struct{ name, sql string }{
		{"rows", "SELECT max(a)" + rows},
		{"one", "SELECT count(*)" + rows + " WHERE contains('10.0.0.0/8', TRY_CAST(a AS IPADDRESS))"},
		{"seven", "SELECT count(*)" + rows + ` WHERE contains('10.0.0.0/8', a) OR contains('172.16.0.0/12', a) OR contains('192.168.0.0/16', a)
			OR contains('100.64.0.0/10', a) OR contains('169.254.0.0/16', a) OR contains('fc00::/7', a) OR contains('fe80::/10', a)`},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := ask(e, bb.sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
