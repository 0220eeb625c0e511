// Package price knows AWS's list prices for what flow logs use, and works out what a month of them costs.
//
// Start at Month. The prices are constants below, with where and when they were read; docs/cost.md is generated from
// them, and so are the figures in what `weir init` writes. It leaves what a running query costs to engine. What must
// hold: each figure can be worked out again by hand from what is printed beside it.
package price

// Prices in US dollars for US East (N. Virginia). A GB is 2^30 bytes and a TB 1024 GB, as in AWS's examples.
//
// Delivery, storage in CloudWatch Logs and what logs compress to are those of the examples of "Amazon CloudWatch pricing"
// (72 TB of VPC flow logs a month), as copied by others until 2025; the Parquet price is that of a copy of AWS's Price List
// for us-east-2; S3 is AWS's price list API of 2025-10-28; the rest has been the same for years. All read 2026-11, none
// on AWS's own pages.
const (
	Read   = "2026-11"
	Region = "US East (N. Virginia)"

	Parquet          = 0.035      // a GB of log, on top of its delivery
	S3Standard       = 0.023      // a GB and month, first 50 TB
	S3StandardIA     = 0.0125     // a GB and month
	S3GlacierInstant = 0.004      // a GB and month
	S3Put            = 0.005e-3   // a request
	S3ToIA           = 0.01e-3    // an object moved to Standard-IA
	S3ToGlacier      = 0.02e-3    // an object moved to Glacier Instant Retrieval
	LogsStorage      = 0.03       // a GB and month in CloudWatch Logs, of compressed log
	LogsQuery        = 0.005      // a GB that Logs Insights scans
	AthenaTB         = 5.0        // a TB scanned
	Key              = 1.0        // a KMS key and month
	KeyRequests      = 0.03 / 1e4 // a request to KMS
	Metric           = 0.30       // a custom metric and month, such as that of a metric filter; first 10,000
	Alarm            = 0.10       // a metric that an alarm reads, a month
	AnomalyAlarm     = 3 * Alarm  // an alarm with an anomaly band: three metrics
)

// What `alarms = {}` makes in the Terraform module, with a format that can answer all of it; every preset can.
const (
	ModuleMetrics = 7           // metric filters
	ModuleAlarms  = 4 + 2*3 + 2 // metrics that alarms read: four of one, two with a band, one of a share of two
)

// Tier is a step of a price that falls with the volume of a month.
type Tier struct {
	UpTo float64 // TB; 0 is no end
	GB   float64 // US dollars a GB
}

// ToS3 and ToLogs are the tiers of delivery, by GB of log before it is compressed.
var (
	ToS3   = []Tier{{10, 0.25}, {30, 0.15}, {50, 0.075}, {0, 0.05}}
	ToLogs = []Tier{{10, 0.50}, {30, 0.25}, {50, 0.10}, {0, 0.05}}
)

// Delivery is what a month's gb of log cost in tiers.
func Delivery(tiers []Tier, gb float64) (usd float64) {
	from := 0.0
	for _, t := range tiers {
		to := t.UpTo * 1024
		if t.UpTo == 0 || to > gb {
			to = gb
		}
		if to > from {
			usd += (to - from) * t.GB
			from = to
		}
	}
	return usd
}

// What a record is. Text is the mean of 296,770 generated records of each preset of the Terraform module, 2026-11.
// AWS's example has 72 TB of log compress to 6.5 TB in S3, and to 30 TB in CloudWatch Logs; that Parquet is 20 % smaller
// than gzip is the VPC User Guide's, "Flow log files".
const (
	TextSecurity = 239 // bytes
	TextStandard = 244
	TextV2       = 113
	TextAll      = 285 // of which most newer fields are "-"

	Gzip         = 6.5 / 72.0 // of the text
	ParquetBytes = 0.8 * Gzip
	LogsBytes    = 30.0 / 72.0

	Days     = 30        // of a month
	Objects  = 288       // that one flow log makes a day at least: one each 5 minutes
	Smallest = 128 << 10 // bytes of an object that a lifecycle rule moves: S3 User Guide, "Lifecycle general considerations"
)

// Traffic is how much is logged.
type Traffic struct {
	Records  float64 // a day
	Text     float64 // bytes of a record as text
	FlowLogs int
}

// DayGB is the text of a day, which is what AWS bills the delivery by.
func (t Traffic) DayGB() float64 { return t.Records * t.Text / (1 << 30) }

// MonthGB is that of a month.
func (t Traffic) MonthGB() float64 { return t.DayGB() * Days }

// Setup is what is done with the logs: S3, CloudWatch Logs, or both.
type Setup struct {
	S3       bool
	Parquet  bool // in S3
	KeepDays int  // in S3; 0 is for ever, of which the first year is shown
	Glacier  int  // days after which they go to Glacier Instant Retrieval; 0 is never

	CloudWatch bool
	LogDays    int  // in CloudWatch Logs; 0 is for ever, of which the first year is shown
	Alarms     bool // those of the module

	KMS bool
}

// Line is one item of a bill.
type Line struct {
	Item string
	USD  float64 // a month
}

// Month is what a month costs once KeepDays and LogDays have passed, without queries, and its sum.
func Month(t Traffic, s Setup) (lines []Line, sum float64) {
	add := func(item string, usd float64) {
		lines = append(lines, Line{item, usd})
		sum += usd
	}
	if s.S3 {
		toS3(t, s, add)
	}
	if s.CloudWatch {
		add("delivery to CloudWatch Logs", Delivery(ToLogs, t.MonthGB()))
		add("storage in CloudWatch Logs", t.DayGB()*LogsBytes*days(s.LogDays)*LogsStorage)
	}
	if s.Alarms {
		add("metrics of metric filters", ModuleMetrics*Metric)
		add("alarms", ModuleAlarms*Alarm)
	}
	if s.KMS {
		add("KMS key", Key)
	}
	return lines, sum
}

// days are those for which something is kept, a year of for ever.
func days(n int) float64 {
	if n == 0 {
		return 365
	}
	return float64(n)
}

func toS3(t Traffic, s Setup, add func(item string, usd float64)) {
	gb, size := t.MonthGB(), t.DayGB()*Gzip
	add("delivery to S3", Delivery(ToS3, gb))
	if s.Parquet {
		size = t.DayGB() * ParquetBytes
		add("Parquet instead of text", gb*Parquet)
	}
	keep := days(s.KeepDays)
	objects := float64(Objects * max(1, t.FlowLogs) * Days)
	hot := keep
	if s.Glacier > 0 && size*Days*(1<<30) >= Smallest*objects {
		hot = min(hot, float64(s.Glacier))
	}
	add("storage in S3 Standard", size*hot*S3Standard)
	if cold := keep - hot; cold > 0 {
		add("storage in Glacier Instant Retrieval", size*cold*S3GlacierInstant)
		add("moving there", objects*S3ToGlacier)
	}
	add("requests to S3", objects*S3Put)
}
