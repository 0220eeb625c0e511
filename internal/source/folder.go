package source

import (
	"strconv"
	"strings"
	"time"
)

// Folder is what the path of a folder says about everything below it. It lets a listing leave out folders unread.
type Folder struct {
	// Known is set if the folder is a part of one of AWS's layouts, or of a path by date.
	Known bool
	// Start and End are the day, month or year that the path names, the end not included; zero if it names none.
	Start, End time.Time
	// Day is set if the path names a day: objects below it belong to that day.
	Day bool
	// AWS is set if the date stands where AWS puts it. Then nothing of another time lies below; in a path that
	// merely looks like a date something else may.
	AWS bool
	// Hive is set if the date is written year=YYYY/month=MM/day=DD.
	Hive bool
	// Foreign is set if the folder holds the logs of another service: AWSLogs is shared by many.
	Foreign bool
}

// ParseFolder reads the path of a folder, with '/' between its parts.
func ParseFolder(path string) Folder {
	p := scan(strings.TrimSuffix(path, "/"))
	f := Folder{Known: p.known, Day: p.level == levelDay, AWS: p.aws, Hive: p.hive, Foreign: p.foreign}
	switch p.level {
	case levelYear:
		f.Start, f.End = p.start, p.start.AddDate(1, 0, 0)
	case levelMonth:
		f.Start, f.End = p.start, p.start.AddDate(0, 1, 0)
	case levelDay:
		f.Start, f.End = p.start, p.start.AddDate(0, 0, 1)
	}
	return f
}

type level int

const (
	levelNone level = iota
	levelYear
	levelMonth
	levelDay
)

// parts is what scan found.
type parts struct {
	account, region string
	level           level     // how far the date goes
	start           time.Time // of the year, month or day
	hour            int       // -1 if none
	known           bool      // the last folder is a part of a layout
	aws             bool      // the date stands in AWS's layout
	hive            bool
	foreign         bool
}

// scan reads a path folder by folder. A later date wins over an earlier one, so that the date in the name of a backup
// does not hide that of the logs in it; only a whole date is given up for another.
func scan(dir string) parts {
	p := parts{hour: -1}
	var (
		prev    string
		inLogs  bool             // below AWSLogs, where the next folders are the organisation, the account and the service
		inVPC   bool             // below the service's folder
		partial = date{hour: -1} // a date being read
	)
	for seg := range strings.SplitSeq(dir, "/") {
		p.known = true
		name, value, isHive := strings.Cut(seg, "=")
		switch {
		case isHive:
			p.hiveKey(name, value, &partial, inLogs, &inVPC)
		case partial.next(seg):
			// A year after the region is AWS's; what follows it inherits that.
			if partial.level == levelYear {
				partial.aws = inVPC && prev == p.region && p.region != ""
			}
		case partial.level == levelDay && partial.hour < 0 && isDigits(seg, 2) && seg <= "23":
			partial.hour, _ = strconv.Atoi(seg)
		default:
			partial = date{hour: -1}
			switch {
			case seg == "AWSLogs":
				inLogs, inVPC = true, false
			case seg == service:
				inVPC, inLogs = true, false
				if isAccount(prev) {
					p.account = prev
				}
			case prev == service && isRegion(seg):
				p.region = seg
			case inLogs && isAccount(prev):
				p.foreign = true
			case inLogs && (isAccount(seg) || strings.HasPrefix(seg, "o-")):
			default:
				p.known, inLogs = false, false
			}
		}
		if partial.level == levelDay || p.level != levelDay {
			p.level, p.start, p.hour, p.aws, p.hive = partial.level, partial.start, partial.hour, partial.aws, partial.hive
		}
		prev = seg
	}
	return p
}

// hiveKey reads a folder of the form name=value.
func (p *parts) hiveKey(name, value string, d *date, inLogs bool, inVPC *bool) {
	switch name {
	case "aws-account-id", "account-id":
		if isAccount(value) {
			p.account = value
		}
	case "aws-service", "service":
		*inVPC = value == service
		p.foreign = p.foreign || inLogs && value != service
	case "aws-region", "region":
		if isRegion(value) {
			p.region = value
		}
	case "year":
		*d = date{hour: -1}
		if isYear(value) {
			d.set(levelYear, value)
			d.hive, d.aws = true, *inVPC
		}
	case "month", "day":
		l := levelMonth
		if name == "day" {
			l = levelDay
		}
		if !d.hive || d.level != l-1 || !d.set(l, value) {
			*d = date{hour: -1}
		}
	case "hour":
		if n, err := strconv.Atoi(value); err == nil && d.hive && d.level == levelDay && 0 <= n && n <= 23 {
			d.hour = n
		}
	default:
		p.known = false
	}
}

// date is a date as far as it has been read.
type date struct {
	level level
	start time.Time
	hour  int
	hive  bool
	aws   bool
}

// next takes a folder of a plain date: YYYY, then MM, then DD.
func (d *date) next(seg string) bool {
	switch {
	case isYear(seg):
		*d = date{hour: -1}
		return d.set(levelYear, seg)
	case d.level == levelNone || d.level == levelDay || d.hive || !isDigits(seg, 2):
		return false
	}
	return d.set(d.level+1, seg)
}

// set takes the next number of a date. It refuses what is no date, as the 30th of February.
func (d *date) set(l level, s string) bool {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || !isDigits(s, len(s)) {
		return false
	}
	y, m := d.start.Year(), d.start.Month()
	var t time.Time
	switch l {
	case levelYear:
		t = time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC)
	case levelMonth:
		t = time.Date(y, time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		if n > 12 {
			return false
		}
	case levelDay:
		t = time.Date(y, m, n, 0, 0, 0, 0, time.UTC)
		if t.Month() != m {
			return false
		}
	}
	d.level, d.start = l, t
	return true
}
