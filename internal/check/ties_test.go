package check

import "testing"

func TestTies(t *testing.T) {
	for sql, want := range map[string]int{
		"SELECT max_by(client, bytes) AS client FROM edges":                                     1,
		"SELECT MIN_BY(client, sent + received), max_by(server, (bytes)) FROM edges":            2,
		"SELECT max_by(client, ROW(bytes)) FROM edges":                                          1,
		"SELECT max_by(client, ROW(bytes, client).a) FROM edges":                                1,
		"SELECT max_by(client, f(ROW(bytes, client))) FROM edges":                               1,
		"SELECT max_by(client, CASE WHEN hour > :start THEN bytes END) FROM edges":              1,
		"SELECT max_by(client, row(bytes + f(1, 2), client)) FROM edges":                        0,
		"SELECT max_by(client, CASE WHEN hour > :start THEN ROW(bytes, client) END) FROM edges": 0,
		"SELECT 'max_by(a, b)' AS \"max_by\", max(client) -- max_by(client, bytes)\nFROM edges": 0,
	} {
		if got := ties(sql); len(got) != want {
			t.Errorf("%s: %q, want %d", sql, got, want)
		}
	}
}
