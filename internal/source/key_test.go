package source

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func at(y int, m time.Month, d, h, min int) time.Time {
	return time.Date(y, m, d, h, min, 0, 0, time.UTC)
}

func TestParseKey(t *testing.T) {
	const (
		account = "123456789012"
		name    = account + "_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz"
		plain   = "AWSLogs/" + account + "/vpcflowlogs/us-east-1/2018/06/20/"
		hive    = "AWSLogs/aws-account-id=" + account + "/aws-service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/"
	)
	whole := Key{account, "us-east-1", "fl-1234abcd", at(2018, 6, 20, 16, 20), Slot}
	ofDay := Key{account, "us-east-1", "", at(2018, 6, 20, 0, 0), 24 * time.Hour}
	ofHour := Key{account, "us-east-1", "", at(2018, 6, 20, 16, 0), time.Hour}
	onlyDay := Key{Time: at(2018, 6, 20, 0, 0), Span: 24 * time.Hour}
	for key, want := range map[string]Key{
		// As AWS writes them.
		plain + name:          whole,
		plain + "16/" + name:  whole,
		hive + name:           whole,
		hive + "hour=16/x.gz": ofHour,
		strings.Replace(hive, "aws-service", "service", 1) + name:   whole,
		strings.Replace(hive, "aws-service", "service", 1) + "x.gz": ofDay,
		"a/b/" + plain + name:                                                       whole,
		"/a/b/" + plain + "x.gz":                                                    ofDay,
		"s3://bucket/" + plain + "x.gz":                                             ofDay,
		"AWSLogs/o-abc123/" + plain[len("AWSLogs/"):] + "16/x":                      ofHour,
		plain + strings.Replace(name, ".gz", ".parquet", 1):                         whole,
		strings.ReplaceAll(plain+name, "us-east-1", "us-gov-west-1"):                {account, "us-gov-west-1", "fl-1234abcd", whole.Time, Slot},
		strings.ReplaceAll(plain+"x", "us-east-1", "eusc-de-east-1"):                {account, "eusc-de-east-1", "", ofDay.Time, ofDay.Span},
		strings.Replace(plain+name, "T1620Z", "T2355Z", 1):                          {account, "us-east-1", "fl-1234abcd", at(2018, 6, 20, 23, 55), Slot},
		"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2019/01/02/" + name:             whole, // the name wins
		"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2019/01/02/x.gz":                {"111122223333", "eu-west-1", "", at(2019, 1, 2, 0, 0), 24 * time.Hour},
		"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2019/01/x.gz":                   {Account: "111122223333", Region: "eu-west-1"},
		"AWSLogs/" + account + "/vpcflowlogs/us-east-1/2018/06/20/16/deeper/x.json": ofHour,

		// Copies.
		name:                                         whole,
		"copy-of-" + name:                            whole,
		name + ".zst":                                whole,
		plain[len("AWSLogs/"):] + "x":                ofDay,
		"vpcflowlogs/us-east-1/2018/06/20/x.gz":      {Region: "us-east-1", Time: ofDay.Time, Span: ofDay.Span},
		"2018/06/20/x.gz":                            onlyDay,
		"logs/2018/06/20/16/x.gz":                    {Time: ofHour.Time, Span: time.Hour},
		"backup/2020/01/02/2018/06/20/x.gz":          onlyDay,
		"backup/2018/06/20/2020/x.gz":                onlyDay,
		"year=2018/month=6/day=20/x.gz":              onlyDay,
		strings.TrimSuffix(name, "_fe123456.log.gz"): whole,

		// What is none of it.
		"":         {},
		"/":        {},
		"x.log.gz": {},
		"exports/0f6a3c9e-7c1d/eni-0c19436730cc350ae-all/000000.gz": {},
		"exports/aws-logs-write-test":                               {},
		"2018/02/30/x.gz":                                           {},
		"2018/13/01/x.gz":                                           {},
		"2018/6/20/x.gz":                                            {}, // AWS writes two digits
		"1999/06/20/x.gz":                                           {},
		"06/20/x.gz":                                                {},
		"year=2018/day=20/x.gz":                                     {},
		"month=06/day=20/x.gz":                                      {},
		"year=2018/06/20/x.gz":                                      {},
		"2018/06/20":                                                {}, // the last is a file
		"logs/2018/06/20/25/x.gz":                                   onlyDay,
		"1" + name:                                                  {"", "us-east-1", "fl-1234abcd", whole.Time, Slot},
		"123_vpcflowlogs_mars_flow_20180620T1620Z.log":              {Time: whole.Time, Span: Slot},
		strings.Replace(name, "20180620T1620Z", "20180631T1620Z", 1): {Account: account, Region: "us-east-1", FlowLogID: "fl-1234abcd"},
		strings.Replace(name, "T1620Z", "T1620Z5", 1):                {Account: account, Region: "us-east-1", FlowLogID: "fl-1234abcd"},
		account + "_CloudTrail_us-east-1_20180620T1620Z_x.json.gz":   {},
	} {
		if diff := cmp.Diff(want, ParseKey(key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
}

func TestParseFolder(t *testing.T) {
	const plain = "x/AWSLogs/123456789012/vpcflowlogs/us-east-1/"
	const hive = "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/"
	year := Folder{Known: true, Start: at(2018, 1, 1, 0, 0), End: at(2019, 1, 1, 0, 0)}
	month := Folder{Known: true, Start: at(2018, 12, 1, 0, 0), End: at(2019, 1, 1, 0, 0)}
	day := Folder{Known: true, Start: at(2018, 12, 31, 0, 0), End: at(2019, 1, 1, 0, 0), Day: true}
	aws := func(f Folder) Folder { f.AWS = true; return f }
	hived := func(f Folder) Folder { f.Hive = true; return f }
	known := Folder{Known: true}
	for path, want := range map[string]Folder{
		"":                                     {},
		"x/":                                   {},
		"x/AWSLogs/":                           known,
		"AWSLogs/o-abc/":                       known,
		"AWSLogs/o-abc/123456789012/":          known,
		"AWSLogs/123456789012/vpcflowlogs/":    known,
		plain:                                  known,
		plain + "2018/":                        aws(year),
		plain + "2018/12":                      aws(month),
		plain + "2018/12/31/":                  aws(day),
		plain + "2018/12/31/23/":               aws(day),
		plain + "old/":                         {},
		plain + "old/2018/":                    year,
		hive:                                   known,
		hive + "year=2018/":                    aws(hived(year)),
		hive + "year=2018/month=12/":           aws(hived(month)),
		hive + "year=2018/month=12/day=31/":    aws(hived(day)),
		"2018/":                                year,
		"year=2018/":                           hived(year),
		"x/2018/12/31/":                        day,
		"AWSLogs/123456789012/CloudTrail/":     {Known: true, Foreign: true},
		"AWSLogs/o-a/123456789012/Config/2018": {Known: true, Foreign: true, Start: year.Start, End: year.End},
		"AWSLogs/aws-account-id=123456789012/aws-service=other/": {Known: true, Foreign: true},
		"123456789012/CloudTrail/":                               {},
		"AWSLogs/team/123456789012/x/":                           {},
	} {
		if diff := cmp.Diff(want, ParseFolder(path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// pattern is AWS's own, of which ParseKey must understand every match.
var pattern = regexp.MustCompile(`^(\d{12})_vpcflowlogs_([a-z]{2}-[a-z]+-\d)_(fl-[0-9a-f]+)_(2\d{7})T(\d{4})Z_([0-9a-f]+)\.log\.(gz|parquet)$`)

func FuzzParseKey(f *testing.F) {
	for _, s := range []string{
		"AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/16/123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz",
		"AWSLogs/aws-account-id=123456789012/service=vpcflowlogs/aws-region=us-east-1/year=2018/month=06/day=20/hour=01/x",
		"//=/=_vpcflowlogs__", "year=2018/month=06/day=99999999999999999999/x", "2018/06/20/", "_vpcflowlogs_-", "x/2018/06/+1/y",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		k := ParseKey(key)
		if (k.Span == 0) != k.Time.IsZero() || k.Time.Location() != time.UTC || k.Account != "" && !isAccount(k.Account) {
			t.Errorf("%q: %+v", key, k)
		}
		folder, base := "", key
		if i := strings.LastIndexByte(key, '/'); i >= 0 {
			folder, base = key[:i], key[i+1:]
		}
		if m := pattern.FindStringSubmatch(base); m != nil {
			want, err := time.Parse("200601021504", m[4]+m[5])
			if err == nil && (k.Account != m[1] || k.Region != m[2] || k.FlowLogID != m[3] || !k.Time.Equal(want)) {
				t.Errorf("%q: %+v, want %q", base, k, m[1:])
			}
		}
		// A listing that leaves a folder out must not lose what the key would have let in.
		p := ParseFolder(folder)
		if own := ParseKey(folder + "/x"); p.Day && (own.Time.Before(p.Start) || own.Time.Add(own.Span).After(p.End)) {
			t.Errorf("%q: folder %+v, object %+v", folder, p, own)
		} else if !p.Day && own.Span != 0 {
			t.Errorf("%q: folder %+v, but object %+v", folder, p, own)
		}
		NoLog(folder, key, 0)
		NoLog(key, folder, 0)
	})
}

func TestNoLog(t *testing.T) {
	for _, c := range []struct {
		root, key string
		size      int64
		want      string
	}{
		{"", "a.log", 1, ""},
		{"", "a.log", 0, ""},
		{"", "a/", 0, SkipMarker},
		{"a/", "a/", 0, SkipMarker},
		{"a/", "a/", 1, ""},
		{"", "a/.b/c.log", 1, SkipHidden},
		{"", "_SUCCESS", 1, SkipHidden},
		{"_S", "_SUCCESS", 1, ""},
		{"_logs/", "_logs/a.log", 1, ""},
		{"_logs/", "_logs/_a.log", 1, SkipHidden},
		{"_lo", "_logs/a.log", 1, ""},
		{"_lo", "_logs/_a.log", 1, SkipHidden},
		{"", "x/aws-logs-write-test", 1, SkipTest},
		{"x/aws-logs-write-test", "x/aws-logs-write-test", 1, ""},
		{"AWSLogs/", "AWSLogs/123456789012/ELBAccessLogTestFile", 1, SkipTest},
		{"", "AWSLogs/123456789012/CloudTrail/x", 1, SkipForeign},
		{"AWSLogs/123456789012/CloudTrail/", "AWSLogs/123456789012/CloudTrail/x", 1, ""},
		{"", "AWSLogs/123456789012/x", 1, ""},
	} {
		if got := NoLog(c.root, c.key, c.size); got != c.want {
			t.Errorf("%s below %q, %d bytes: got %q, want %q", c.key, c.root, c.size, got, c.want)
		}
	}
}

func TestWindowHas(t *testing.T) {
	noon := at(2026, 11, 20, 12, 0)
	slot := Object{Key: Key{Time: noon, Span: Slot}, ModTime: at(1999, 1, 1, 0, 0)}
	whole := Object{Key: Key{Time: at(2026, 11, 20, 0, 0), Span: 24 * time.Hour}}
	unnamed := Object{ModTime: noon}
	for _, c := range []struct {
		name       string
		o          Object
		start, end time.Time
		want       bool
	}{
		{"unbounded", slot, time.Time{}, time.Time{}, true},
		{"starts with it", slot, noon, time.Time{}, true},
		{"starts in it", slot, noon.Add(Slot - 1), time.Time{}, true},
		{"starts after it", slot, noon.Add(Slot), time.Time{}, false},
		{"ends before it", slot, time.Time{}, noon, false},
		{"ends in it", slot, time.Time{}, noon.Add(1), true},
		{"in a day", whole, noon, noon.Add(1), true},
		{"empty", whole, noon, noon, false},
		{"turned round", whole, noon.Add(1), noon, false},
		{"by modification", unnamed, noon, noon.Add(1), true},
		{"by modification, before", unnamed, noon.Add(1), time.Time{}, false},
		{"by modification, after", unnamed, time.Time{}, noon, false},
		{"no time at all", Object{}, noon, noon.Add(1), true},
	} {
		if got := (Window{c.start, c.end}).Has(c.o); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func BenchmarkParseKey(b *testing.B) {
	const key = "AWSLogs/123456789012/vpcflowlogs/us-east-1/2018/06/20/16/123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20180620T1620Z_fe123456.log.gz"
	b.ReportAllocs()
	for b.Loop() {
		ParseKey(key)
	}
}

func TestSkips(t *testing.T) {
	var s Skips
	if got := s.Skipped(); len(got) > 0 {
		t.Errorf("got %v", got)
	}
	s.Add(SkipHidden)
	s.Add(SkipHidden)
	if got := s.Skipped()[SkipHidden]; got != 2 {
		t.Errorf("got %d", got)
	}
	s.Reset()
	if got := slices.Collect(func(yield func(string) bool) {
		for k := range s.Skipped() {
			yield(k)
		}
	}); len(got) > 0 {
		t.Errorf("after Reset: %v", got)
	}
}
