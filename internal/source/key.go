package source

import (
	"strings"
	"time"
)

// Key is what the name of a delivered object says, by AWS's key layouts. Fields that the name does not give are zero.
//
// The layouts, each below any prefix (AWS VPC User Guide, "Flow log files", read 2026-11):
//
//	AWSLogs/ACCOUNT/vpcflowlogs/REGION/YYYY/MM/DD/[HH/]
//	AWSLogs/aws-account-id=ACCOUNT/aws-service=vpcflowlogs/aws-region=REGION/year=YYYY/month=MM/day=DD/[hour=HH/]
//
// A log archive puts the id of the organisation between AWSLogs and the account; the guide to transit gateways writes
// service= for aws-service=. Copies lose parts of the path, so each part is read by itself, and a date is known
// wherever three folders YYYY/MM/DD follow each other. The file's name says the same again, and more exactly:
//
//	ACCOUNT_vpcflowlogs_REGION_FLOWLOGID_YYYYMMDDTHHmmZ_HASH.log.gz (or .log.parquet)
//
// It wins over the path. Exports of CloudWatch Logs to S3 (PREFIX/TASK/STREAM/000000.gz) say none of this.
type Key struct {
	Account   string
	Region    string
	FlowLogID string
	Time      time.Time     // start of the 5-minute slot, or the day or hour of the folder; UTC
	Span      time.Duration // how much time from Time on the name covers: 5 minutes, an hour, a day
}

// Slot is the time that one delivery covers, by the time in its name.
const Slot = 5 * time.Minute

const day = 24 * time.Hour

// ParseKey reads what it can from a key or path, with '/' between its parts; it never fails.
func ParseKey(key string) Key {
	dir, base := "", key
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		dir, base = key[:i], key[i+1:]
	}
	p := scan(dir)
	k := Key{Account: p.account, Region: p.region}
	switch {
	case p.hour >= 0:
		k.Time, k.Span = p.start.Add(time.Duration(p.hour)*time.Hour), time.Hour
	case p.level == levelDay:
		k.Time, k.Span = p.start, day
	}
	k.file(base)
	return k
}

// file reads the name of a file as AWS gives it. Names with something put before or after AWS's own are understood,
// since people rename what they copy.
func (k *Key) file(base string) {
	left, right, ok := strings.Cut(base, "_"+service+"_")
	if !ok {
		return
	}
	if n := len(left) - 12; n >= 0 && isAccount(left[n:]) && (n == 0 || !isDigit(left[n-1])) {
		k.Account = left[n:]
	}
	region, right, _ := strings.Cut(right, "_")
	if isRegion(region) {
		k.Region = region
	}
	id, right, _ := strings.Cut(right, "_")
	if len(id) > 3 && strings.HasPrefix(id, "fl-") {
		k.FlowLogID = id
	}
	const layout = "20060102T1504Z"
	if len(right) < len(layout) {
		return
	}
	stamp, rest := right[:len(layout)], right[len(layout):]
	if rest != "" && rest[0] != '_' && rest[0] != '.' {
		return
	}
	if t, err := time.Parse(layout, stamp); err == nil && isYear(stamp[:4]) {
		k.Time, k.Span = t, Slot
	}
}

// service is AWS's word for flow logs in keys, for VPCs and transit gateways alike.
const service = "vpcflowlogs"

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isDigits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isAccount(s string) bool { return isDigits(s, 12) }

// isYear wants a year of this millennium, so that other folders of four digits are not mistaken for one.
func isYear(s string) bool { return isDigits(s, 4) && s[0] == '2' }

// isRegion knows a region by its shape (us-east-1, us-gov-west-1, eusc-de-east-1): a list would be out of date.
func isRegion(s string) bool {
	if len(s) > 32 || strings.Count(s, "-") < 2 || s[0] < 'a' || s[0] > 'z' || !isDigit(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '-' && !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
