package price_test

import (
	"math"
	"testing"

	"weir/internal/price"
)

// The sums that AWS gives for 72 TB a month in the examples of its price page.
func TestDelivery(t *testing.T) {
	for _, c := range []struct {
		name  string
		tiers []price.Tier
		gb    float64
		want  float64
	}{
		{"S3, 72 TB", price.ToS3, 72 * 1024, 8294.40},
		{"CloudWatch Logs, 72 TB", price.ToLogs, 72 * 1024, 13414.40},
		{"first tier", price.ToS3, 100, 25},
		{"an edge", price.ToS3, 10 * 1024, 2560},
		{"nothing", price.ToS3, 0, 0},
	} {
		if got := price.Delivery(c.tiers, c.gb); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%s: $%.2f, want $%.2f", c.name, got, c.want)
		}
	}
}

// AWS's example, all of it: what 72 TB of one month cost to deliver and to keep for that month.
func TestMonth(t *testing.T) {
	month := price.Traffic{Records: 72 * math.Pow(2, 40) / price.Days / price.TextSecurity, Text: price.TextSecurity}
	for _, c := range []struct {
		setup price.Setup
		want  float64
	}{
		{price.Setup{S3: true, KeepDays: 30}, 8294.40 + 153.09 + 288*30*0.005e-3},
		{price.Setup{S3: true, KeepDays: 30, Parquet: true}, 8294.40 + 72*1024*0.035 + 0.8*153.09 + 288*30*0.005e-3},
		{price.Setup{CloudWatch: true, LogDays: 30}, 13414.40 + 921.60},
		{price.Setup{CloudWatch: true, LogDays: 30, Alarms: true, KMS: true}, 13414.40 + 921.60 + 7*0.30 + 4*0.10 + 2*0.30 + 0.20 + 1},
		{price.Setup{CloudWatch: true}, 13414.40 + 921.60/30*365},
		{price.Setup{S3: true, KeepDays: 30, CloudWatch: true, LogDays: 60}, 8294.40 + 153.09 + 288*30*0.005e-3 + 13414.40 + 2*921.60},
		{price.Setup{S3: true, KeepDays: 90, Glacier: 30, KMS: true}, 8294.40 + 153.09 + 2*6.5*1024*0.004 + 288*30*0.025e-3 + 1},
	} {
		lines, got := price.Month(month, c.setup)
		sum := 0.0
		for _, l := range lines {
			sum += l.USD
		}
		if math.Abs(got-c.want) > 0.02 || math.Abs(sum-got) > 1e-9 {
			t.Errorf("%+v: $%.2f, the lines $%.2f, want $%.2f: %+v", c.setup, got, sum, c.want, lines)
		}
	}
}

// S3 moves no file under 128 KB, so a small VPC saves nothing by a cheaper class.
func TestSmallFilesStay(t *testing.T) {
	for records, moved := range map[float64]bool{1e6: false, 10e6: true} {
		traffic := price.Traffic{Records: records, Text: price.TextSecurity, FlowLogs: 1}
		_, stay := price.Month(traffic, price.Setup{S3: true, Parquet: true, KeepDays: 365})
		_, move := price.Month(traffic, price.Setup{S3: true, Parquet: true, KeepDays: 365, Glacier: 90})
		if (move != stay) != moved {
			t.Errorf("%g records a day: $%.3f, $%.3f if moved", records, stay, move)
		}
	}
}
