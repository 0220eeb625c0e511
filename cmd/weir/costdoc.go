package main

import (
	"bytes"
	"fmt"
	"strings"

	"weir/internal/price"
)

// costTraffic are the columns of docs/cost.md: records a day.
var costTraffic = []struct {
	name    string
	records float64
}{{"small", 1e6}, {"medium", 100e6}, {"large", 5e9}}

// costDoc is docs/cost.md: every figure in it comes from the package price.
func costDoc() []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	row := func(head, how string, cell func(price.Traffic) string) {
		cells := []string{head, how}
		for _, c := range costTraffic {
			cells = append(cells, cell(price.Traffic{Records: c.records, Text: price.TextSecurity, FlowLogs: 1}))
		}
		p("| %s |", strings.Join(cells, " | "))
	}
	line := func(s price.Setup, item string) func(price.Traffic) string {
		return func(t price.Traffic) string {
			lines, sum := price.Month(t, s)
			if item == "" {
				return "**" + usd(sum) + "**"
			}
			for _, l := range lines {
				if l.Item == item {
					return usd(l.USD)
				}
			}
			return "–"
		}
	}
	heads := func() {
		p("| | how | small | medium | large |\n|---|---|---:|---:|---:|")
	}

	b.WriteString("# What flow logs cost\n\n" + generatedNote)
	p(`What AWS bills for flow logs, by traffic, with the arithmetic. weir itself costs nothing but the machine that it runs on; what asking a
lake costs is in [scale.md](scale.md).

The prices are list prices of %s in US dollars, without free tiers and discounts. They were read in %s from
copies of AWS's price pages and price list by third parties, not on AWS's own pages: look yours up at <https://aws.amazon.com/cloudwatch/pricing/> (Logs, "Vended Logs"), [S3](https://aws.amazon.com/s3/pricing/),
[Athena](https://aws.amazon.com/athena/pricing/) and [KMS](https://aws.amazon.com/kms/pricing/). Other Regions cost up to half as much
again: Tokyo takes 0.38 for what is 0.25 here. A GB is 2^30 bytes, a month %d days.
`, price.Region, price.Read, price.Days)

	p("## Traffic\n")
	heads()
	row("records a day", "one for each flow, interface and minute", func(t price.Traffic) string { return bigCount(t.Records) })
	row("log a day", fmt.Sprintf("records × %d bytes", price.TextSecurity), func(t price.Traffic) string { return gb(t.DayGB()) })
	row("log a month", fmt.Sprintf("× %d", price.Days), func(t price.Traffic) string { return gb(t.MonthGB()) })
	row("a day in S3, text", "÷ 11, gzip", func(t price.Traffic) string { return gb(t.DayGB() * price.Gzip) })
	row("a day in S3, Parquet", "÷ 11 × 0.8", func(t price.Traffic) string { return gb(t.DayGB() * price.ParquetBytes) })
	row("a day in CloudWatch Logs", "× 30 ÷ 72", func(t price.Traffic) string { return gb(t.DayGB() * price.LogsBytes) })
	p(`
How many records you have nobody knows before: a flow is counted once for each interface that sees it and each minute that it lasts.
A day of flow logs of one VPC tells; `+"`weir lake status`"+` counts it. A record as text has %d bytes in the format `+"`security`"+`, %d in `+"`standard`"+`,
%d in `+"`v2`"+` and %d in `+"`all`"+`: the means of 296,770 records that weir's generator made, with the line's end. AWS bills delivery by the log
before compression, as its own example shows: 72 TB that become 6.5 TB in S3 (÷ 11), and 30 TB in CloudWatch Logs. Its manual
says that Parquet is 20 %% smaller than gzipped text.
`, price.TextSecurity, price.TextStandard, price.TextV2, price.TextAll)

	year := price.Setup{S3: true, Parquet: true, KeepDays: 365}
	p("## To S3, as the module does it\n")
	p("A month, after the first year: Parquet, kept for 365 days, one flow log.\n")
	heads()
	tiers := "log × 0.25 a GB; 0.15 over 10 TB, 0.075 over 30, 0.05 over 50"
	row("delivery", tiers, line(year, "delivery to S3"))
	row("Parquet instead of text", fmt.Sprintf("log × %g", price.Parquet), line(year, "Parquet instead of text"))
	row("storage", fmt.Sprintf("a day in S3 × 365 × %g", price.S3Standard), line(year, "storage in S3 Standard"))
	row("requests", fmt.Sprintf("%d files a day at least × %d × $5 a million", price.Objects, price.Days), line(year, "requests to S3"))
	row("**sum**", "", line(year, ""))
	p("\nWhat changes it, each by itself:\n")
	heads()
	text, cold, short := year, year, year
	text.Parquet, cold.Glacier, short.KeepDays = false, 90, 90
	row("text (`file_format`)", fmt.Sprintf("no %g; storage ÷ 0.8", price.Parquet), line(text, ""))
	row("to GLACIER_IR after 90 days (`transitions`)", fmt.Sprintf("275 days at %g; $20 a million files", price.S3GlacierInstant), line(cold, ""))
	row("kept for 90 days (`expire_days`)", "storage × 90 ÷ 365", line(short, ""))
	row("format `v2`", fmt.Sprintf("%d bytes a record", price.TextV2), func(t price.Traffic) string {
		t.Text = price.TextV2
		return line(year, "")(t)
	})
	p(`
So delivery is most of it, and bytes are what one can save: fewer fields (` + "`weir fields --format \"…\"`" + ` says what each is needed for), and
` + "`traffic_type`" + ` or ` + "`interval = 600`" + ` only where their loss is known: interfaces of Nitro instances have 60 seconds in any case.
Two flow logs of one VPC are delivered, and billed, twice.

GLACIER_IR bills 90 days at least, and $0.03 for each GB that is read. S3 moves no file under 128 KB, and at one million records a day
they have about 60 KB. Storage of old versions comes on top for ` + "`noncurrent_days`" + `, of which there are few: AWS does not
overwrite logs.
`)

	logs := price.Setup{CloudWatch: true, LogDays: 30}
	alarms := logs
	alarms.Alarms = true
	p("## To CloudWatch Logs\n")
	p("A month; kept for 30 days in the class Standard.\n")
	heads()
	row("delivery", "log × 0.50 a GB; 0.25 over 10 TB, 0.10 over 30, 0.05 over 50", line(logs, "delivery to CloudWatch Logs"))
	row("storage", fmt.Sprintf("a day in CloudWatch Logs × 30 × %g", price.LogsStorage), line(logs, "storage in CloudWatch Logs"))
	row("**sum**", "", line(logs, ""))
	row("with the module's alarms (`alarms = {}`)", fmt.Sprintf("%d metrics × %g; alarms that read %d metrics × %g", price.ModuleMetrics, price.Metric, price.ModuleAlarms, price.Alarm), line(alarms, ""))
	p(`
Alarms cost the same whatever the traffic: `+"`alarms = {}`"+` makes %d metric filters, each a metric (%s), four alarms on one metric, two
with an anomaly band (three metrics each) and one on a share (two): %s a month in all. s3-silence and s3-refused, which are made only
if they are named, take %s each, and %s for each of the bucket's request metrics that AWS then counts.

Delivery to both costs both. What CloudWatch has and S3 has not is metric filters and their alarms within minutes; send the format `+"`v2`"+`
or rejected traffic only there, and all of it to S3, by two calls of the module with a `+"`name`"+` each.
`, price.ModuleMetrics, cents(price.Metric), cents(price.ModuleMetrics*price.Metric+price.ModuleAlarms*price.Alarm), cents(price.Alarm), cents(price.Metric))

	p("## To ask, and to be told\n")
	heads()
	row("Athena: one day, all columns", fmt.Sprintf("a day in S3 × $%g a TB", price.AthenaTB), func(t price.Traffic) string { return cents(t.DayGB() * price.ParquetBytes / 1024 * price.AthenaTB) })
	row("Athena: 30 days, all columns", "× 30", func(t price.Traffic) string {
		return cents(t.DayGB() * price.ParquetBytes / 1024 * price.AthenaTB * 30)
	})
	row("Athena on text: 30 days", "÷ 0.8; always all columns", func(t price.Traffic) string { return cents(t.DayGB() * price.Gzip / 1024 * price.AthenaTB * 30) })
	row("CloudWatch Logs Insights: one day", fmt.Sprintf("log × %g a GB", price.LogsQuery), func(t price.Traffic) string { return cents(t.DayGB() * price.LogsQuery) })
	p(`
A query of Parquet reads only the columns that it names, so these are upper bounds. Athena bills 10 MB at
least, and a query that the workgroup's limit ends for what it had scanned; `+"`weir query --engine athena --explain`"+` says bytes and price
before. `+"`weir ingest`"+` reads each file once: $0.40 for a million files, and $0.09 a GB where it runs outside of AWS.

| | a month |
|---|---:|
| an alarm, for each metric that it reads | %s |
| an alarm with an anomaly band | %s |
| a metric, such as that of a metric filter | %s |
| a KMS key | %s |
| a million requests to KMS | %s |

With `+"`encryption = \"kms\"`"+` the bucket has a bucket key, so that KMS is asked once for many files and its requests come to cents. Table,
database, workgroup, saved queries, notices by mail and the flow logs themselves cost nothing at these sizes.

## The same for your traffic

A month = records a day × bytes × 30 ÷ 2^30 × (0.25 + 0.035) + records a day × bytes ÷ 2^30 ÷ 11 × 0.8 × days kept × 0.023.
For %s records a day, %d bytes and 365 days: %s + %s = %s dollars, and 4 cents of requests.
`, append([]any{cents(price.Alarm), cents(price.AnomalyAlarm), cents(price.Metric), cents(price.Key), cents(price.KeyRequests * 1e6)}, costExample()...)...)
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// costExample works the formula at the page's end out for 100 million records.
func costExample() []any {
	t := price.Traffic{Records: 100e6, Text: price.TextSecurity}
	deliver := t.MonthGB() * (price.ToS3[0].GB + price.Parquet)
	store := t.DayGB() * price.ParquetBytes * 365 * price.S3Standard
	n := func(f float64) string { return fmt.Sprintf("%.2f", f) }
	return []any{bigCount(t.Records), price.TextSecurity, n(deliver), n(store), n(deliver + store)}
}

func bigCount(f float64) string {
	if f >= 1e9 {
		return fmt.Sprintf("%g billion", f/1e9)
	}
	return fmt.Sprintf("%g million", f/1e6)
}

// gb is a size with three digits that count.
func gb(f float64) string {
	switch {
	case f >= 1024:
		return fmt.Sprintf("%.3g TB", f/1024)
	case f < 1:
		return fmt.Sprintf("%.3g MB", f*1024)
	}
	return fmt.Sprintf("%.3g GB", f)
}

// usd is an amount to the dollar, or the cent where it is small.
func usd(f float64) string {
	if f < 100 {
		return cents(f)
	}
	s := fmt.Sprintf("%.0f", f)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return "$" + s
}

func cents(f float64) string {
	switch {
	case f < 0.0001:
		return "under $0.0001"
	case f < 0.1:
		return fmt.Sprintf("$%.2g", f)
	}
	return fmt.Sprintf("$%.2f", f)
}
