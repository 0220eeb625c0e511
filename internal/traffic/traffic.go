// Package traffic makes flow logs that look like those of a small company on AWS, with known attacks in them and the
// labels that say where they are. The demonstration, the benchmarks and the rules' truth stand on it.
//
// Start at Config and Generate. A world (world.go) is the company: interfaces, subnets, addresses. A tick (tick.go) is
// one aggregation interval of it, filled by habits (habits.go, noise.go) and by attacks (attack*.go), which speak in
// flows; flow.go turns a flow into the records that each interface on its way would log; write.go puts them into
// objects as AWS delivers them. The shapes (sizes, ports, windows, rates) were measured on real logs; docs/traffic.md
// lists them.
//
// The package knows the field table of flowlog and nothing of lakes or rules: what it writes is read back by the same
// way as AWS's own objects.
//
// What must hold: the same Config gives the same bytes, whatever the number of processors. So everything in a tick is
// a function of the seed and the tick's number, and nothing is carried from one tick to the next.
package traffic

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Config says what to make. Its zero value is completed by defaults: see DemoConfig and BenchConfig for useful ones.
type Config struct {
	Seed     uint64
	Start    time.Time     // UTC, a multiple of ten minutes; default DefaultStart
	Duration time.Duration // a multiple of ten minutes; default a day
	Accounts []string      // owners of a flow log each; attacks happen in the first. Default one
	Region   string        // default us-east-1

	Interfaces int      // of each account; at least the cast of 29, which is the default
	Records    int      // about how many records in all: how busy everybody is follows from it; default 200,000
	Objects    int      // how many objects in all; default two for every delivery slot of 5 minutes
	Interval   int      // aggregation interval in seconds, 60 (default) or 600
	Fields     []string // names of the fields of the format; default the 29 of versions 2 to 5, in the order of AWS's table
	Attacks    []string // names of attacks and look-alikes, see AllAttacks; none by default. They happen on the last day
	Noise      float64  // how many times the measured noise of the internet reaches us; default as busy as everybody is
	Guarded    bool     // bastions admit ssh from the office only, as they should; else from everywhere

	Layout  Layout
	Level   int // of gzip, 1 to 9; default 6, whose ratio is like that of AWS's objects
	Workers int // objects that are made at once; default one for each processor. Does not change the result
}

// Layout says where objects lie and what they look like.
type Layout struct {
	Prefix string // folder of the bucket, before AWSLogs/
	Hive   bool   // account-id=…/ keys
	Hourly bool   // a folder for each hour
	Plain  bool   // text without gzip
}

// DefaultStart is when a run begins that does not say.
var DefaultStart = time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)

var accountID = regexp.MustCompile(`^\d{12}$`)

// complete fills in defaults and checks.
func (c *Config) complete() error {
	if c.Start.IsZero() {
		c.Start = DefaultStart
	}
	c.Start = c.Start.UTC()
	if c.Duration == 0 {
		c.Duration = 24 * time.Hour
	}
	if len(c.Accounts) == 0 {
		c.Accounts = []string{"210987654321"}
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	c.Interfaces = max(c.Interfaces, len(cast))
	if c.Records == 0 {
		c.Records = 200_000
	}
	if c.Interval == 0 {
		c.Interval = 60
	}
	if c.Level == 0 {
		c.Level = 6
	}
	if len(c.Fields) == 0 {
		c.Fields = defaultFields()
	}
	if c.Objects == 0 {
		c.Objects = 2 * c.slots() * len(c.Accounts)
	}
	return c.validate()
}

func (c *Config) validate() error {
	const grid = 10 * time.Minute
	switch {
	case !c.Start.Truncate(grid).Equal(c.Start):
		return fmt.Errorf("start %s: not a multiple of ten minutes", c.Start.Format(time.RFC3339))
	case c.Duration < grid || c.Duration%grid != 0:
		return fmt.Errorf("duration %s: not a multiple of ten minutes", c.Duration)
	case c.Interval != 60 && c.Interval != 600:
		return fmt.Errorf("interval %d: AWS has 60 and 600 seconds", c.Interval)
	case c.Interfaces > 3000:
		return fmt.Errorf("interfaces %d: more than 3000 do not fit the subnets", c.Interfaces)
	case c.Records < 1:
		return fmt.Errorf("records %d: less than 1", c.Records)
	case c.Objects < len(c.Accounts):
		return fmt.Errorf("objects %d: less than one for each account", c.Objects)
	case c.Level < 1 || c.Level > 9:
		return fmt.Errorf("gzip level %d: not 1 to 9", c.Level)
	case c.Region == "":
		return errors.New("region: empty")
	}
	for _, a := range c.Accounts {
		if !accountID.MatchString(a) {
			return fmt.Errorf("account %q: not 12 digits", a)
		}
	}
	return nil
}

// slot is the time that one round of delivery covers. With an interval of ten minutes AWS still delivers every five,
// each interface in every second round; here all fall into the same one.
func (c *Config) slot() time.Duration {
	return max(5*time.Minute, time.Duration(c.Interval)*time.Second)
}

func (c *Config) slots() int { return int(c.Duration / c.slot()) }

func (c *Config) ticks() int { return int(c.Duration/time.Second) / c.Interval }

// Summary is what was made.
type Summary struct {
	Objects     int      `json:"objects"`
	Records     int64    `json:"records"` // lines without headers
	NoData      int64    `json:"records_nodata"`
	SkipData    int64    `json:"records_skipdata"`
	Rejected    int64    `json:"records_reject"` // action REJECT
	TextBytes   int64    `json:"bytes_text"`
	StoredBytes int64    `json:"bytes_stored"`
	Interfaces  int      `json:"interfaces"`
	Labels      []*Label `json:"labels,omitempty"`
}
