package athena

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"weir/internal/engine"
)

func TestValue(t *testing.T) {
	huge, _ := new(big.Int).SetString("9223372036854775808", 10)
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		typ, text string
		want      any
	}{
		{"varchar", "", ""},
		{"varchar", "null", "null"},
		{"char", "ab ", "ab "},
		{"json", `{"a":1}`, `{"a":1}`},
		{"boolean", "true", true},
		{"tinyint", "-1", int64(-1)},
		{"integer", "0", int64(0)},
		{"bigint", "9223372036854775807", int64(math.MaxInt64)},
		{"bigint", "9223372036854775808", huge},
		{"double", "1.0E10", 1e10},
		{"double", "Infinity", math.Inf(1)},
		{"double", "NaN", math.NaN()},
		{"real", "0.1", 0.1},
		{"decimal", "1.50", engine.Decimal("1.50")},
		{"decimal(38,0)", "99999999999999999999", engine.Decimal("99999999999999999999")},
		{"date", "2026-11-20", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)},
		{"timestamp", "2026-11-20 08:00:00.000", at},
		{"timestamp", "2026-11-20 08:00:00.123456", at.Add(123456 * time.Microsecond)},
		{"timestamp with time zone", "2026-11-20 08:00:00.000 UTC", at},
		{"timestamp with time zone", "2026-11-20 10:00:00.000 +02:00", at},
		{"timestamp with time zone", "2026-11-20 09:00:00.000 Europe/Berlin", at},
		{"timestamp(6) with time zone", "2026-11-20 08:00:00.000000 UTC", at},
		{"varbinary", "68 65 6c", []byte("hel")},
		{"varbinary", "", []byte{}},
		{"array", "[]", []any{}},
		{"array", "[22, 443]", []any{"22", "443"}},
		{"array", "[10.0.0.1, null]", []any{"10.0.0.1", nil}},
		{"array", "[a b, c]", "[a b, c]"},
		{"array", "[[1], [2]]", "[[1], [2]]"},
		{"array", "[, ]", "[, ]"},
		{"map", "{}", map[string]any{}},
		{"map", "{new-field=x, other=null}", map[string]any{"new-field": "x", "other": nil}},
		{"map", "{a=b=c}", "{a=b=c}"},
		{"map", "{a=1, a=2}", "{a=1, a=2}"},
		{"row", "{x=1, y=2}", map[string]any{"x": "1", "y": "2"}},
	} {
		got, err := value(c.typ, c.text)
		if err != nil {
			t.Errorf("%s %q: %v", c.typ, c.text, err)
		}
		if diff := cmp.Diff(c.want, got, cmpopts.EquateNaNs(), cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", c.typ, c.text, diff)
		}
	}
	for _, c := range [][2]string{{"bigint", "x"}, {"boolean", "1"}, {"double", ""}, {"date", "today"}, {"timestamp", "2026-11-20"},
		{"timestamp with time zone", "2026-11-20 08:00:00 Nowhere/Here"}, {"timestamp with time zone", "2026-11-20 08:00:00 +2"}, {"varbinary", "6"}} {
		if got, err := value(c[0], c[1]); err == nil {
			t.Errorf("%s %q: got %v, want an error", c[0], c[1], got)
		}
	}
}
