package detect

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"weir/internal/engine"
	"weir/internal/rule"
)

// CoverageConfig says of what to tell what was logged.
type CoverageConfig struct {
	Tables       Tables
	Engine       func(context.Context, []engine.Table) (engine.Engine, error)
	Since, Until time.Time // whole hours; zero Since is a day before Until, zero Until the end of the newest hour
	Rules        []*rule.Rule
}

// Coverage says what was logged in a time, and what the rules could not see in it.
type Coverage struct {
	Since, Until time.Time
	Hours        int // between them
	Made         int // of them, those that any interface was logged in
	Interfaces   []*Interface
	Blind        []*Blind
}

// Interface is what was logged of one interface.
type Interface struct {
	AccountID, Region, VPCID, SubnetID, InterfaceID, Address string

	First, Last      time.Time // of its records
	Hours            int       // it was logged in; 0 if it was in the week before only
	Gaps             []Gap     // between its first and last hour; hours that nobody was logged in count, too
	Records          int64
	NoData, SkipData int64
	Interval         int           // the longest, in seconds
	Delay            time.Duration // the longest; -1 where nothing tells
	Missing          []string      // fields that some rule needs and some hour did not have, sorted
	Blind            []string      // ids of rules that could not see it in some hour, sorted

	hours  []time.Time
	busy   int            // hours with traffic
	fields map[string]int // of them, those that had it
}

// SkipShare is the part of the records that say that some were lost.
func (i *Interface) SkipShare() float64 {
	if i.Records == 0 {
		return 0
	}
	return float64(i.SkipData) / float64(i.Records)
}

// Gap are hours that an interface was not logged in.
type Gap struct{ From, To time.Time } // To is not included

// Blind says where a rule could not see.
type Blind struct {
	Rule       *rule.Rule
	Interfaces int
	Hours      int      // of interfaces, summed
	Reasons    []string // "tcp_flags not logged", "logged every 600 s, needs 60", sorted
}

// LoggedHours are the hours of all interfaces, summed.
func (c *Coverage) LoggedHours() int {
	n := 0
	for _, i := range c.Interfaces {
		n += i.Hours
	}
	return n
}

// Logged is the number of interfaces that were logged at all in the time.
func (c *Coverage) Logged() int {
	n := 0
	for _, i := range c.Interfaces {
		if i.Hours > 0 {
			n++
		}
	}
	return n
}

// MeanHours is for how many hours an interface that was logged at all was so on average.
func (c *Coverage) MeanHours() float64 {
	n := c.Logged()
	if n == 0 {
		return 0
	}
	return float64(c.LoggedHours()) / float64(n)
}

// ReadCoverage reads what was logged. It is nil, without an error, where the lake has no hours.
func ReadCoverage(ctx context.Context, c CoverageConfig) (*Coverage, error) {
	made, err := c.Tables.Made(ctx)
	if err != nil {
		return nil, fmt.Errorf("read coverage: %w", err)
	}
	h := sorted(made)
	if h.empty() {
		return nil, nil
	}
	out := &Coverage{Since: c.Since.UTC().Truncate(time.Hour), Until: c.Until.UTC().Add(time.Hour - 1).Truncate(time.Hour)}
	if c.Until.IsZero() || out.Until.After(h.end()) {
		out.Until = h.end()
	}
	if c.Since.IsZero() {
		out.Since = out.Until.Add(-24 * time.Hour)
		if out.Since.Before(h.first()) {
			out.Since = h.first()
		}
	}
	out.Hours = max(0, int(out.Until.Sub(out.Since)/time.Hour))
	seen := map[time.Time]bool{}
	var at *Interface
	blind := make([]*Blind, len(c.Rules))
	last := make([]*Interface, len(c.Rules)) // that each rule was blind on
	l := log{c.Tables, c.Engine}
	err = l.read(ctx, out.Since, out.Until, func(v *coverageRow) {
		if at == nil || at.InterfaceID != v.id {
			at = &Interface{InterfaceID: v.id, Delay: -1, fields: map[string]int{}}
			out.Interfaces = append(out.Interfaces, at)
		}
		seen[v.hour] = true
		at.add(v)
		for i, r := range c.Rules {
			why := blindness(r, v)
			if why == "" {
				continue
			}
			if blind[i] == nil {
				blind[i] = &Blind{Rule: r}
			}
			b := blind[i]
			b.Hours++
			if !slices.Contains(b.Reasons, why) {
				b.Reasons = append(b.Reasons, why)
			}
			if last[i] != at {
				last[i] = at
				b.Interfaces++
				at.Blind = append(at.Blind, r.ID)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read coverage: %w", err)
	}
	if err := out.addKnown(ctx, l); err != nil {
		return nil, fmt.Errorf("read coverage: %w", err)
	}
	out.Made = len(seen)
	wanted := map[string]bool{}
	for _, r := range c.Rules {
		for _, f := range r.Needs.Fields {
			wanted[f] = true
		}
	}
	for _, i := range out.Interfaces {
		i.finish(slices.Sorted(maps.Keys(wanted)))
	}
	for _, b := range blind {
		if b != nil {
			slices.Sort(b.Reasons)
			out.Blind = append(out.Blind, b)
		}
	}
	return out, nil
}

// addKnown adds the interfaces that were logged in the week before, and are not now: they ended, or their log did.
func (c *Coverage) addKnown(ctx context.Context, l log) error {
	logged := map[string]bool{}
	for _, i := range c.Interfaces {
		logged[i.InterfaceID] = true
	}
	err := l.query(ctx, knownSQL, c.Since.AddDate(0, 0, -7), c.Since, func(v cells) {
		if id := v.text(0); !logged[id] {
			c.Interfaces = append(c.Interfaces, &Interface{
				InterfaceID: id, AccountID: v.text(1), Region: v.text(2), VPCID: v.text(3), SubnetID: v.text(4), Address: v.text(5),
				First: v.time(6), Last: v.time(7), Delay: -1,
			})
		}
	})
	slices.SortFunc(c.Interfaces, func(a, b *Interface) int { return cmp.Compare(a.InterfaceID, b.InterfaceID) })
	return err
}

func (i *Interface) add(v *coverageRow) {
	i.AccountID = cmp.Or(v.account, i.AccountID)
	i.Region = cmp.Or(v.region, i.Region)
	i.VPCID = cmp.Or(v.vpc, i.VPCID)
	i.SubnetID = cmp.Or(v.subnet, i.SubnetID)
	i.Address = cmp.Or(v.address, i.Address)
	if i.First.IsZero() || v.first.Before(i.First) {
		i.First = v.first
	}
	if v.last.After(i.Last) {
		i.Last = v.last
	}
	i.Hours++
	i.hours = append(i.hours, v.hour)
	i.Records += v.records
	i.NoData += v.nodata
	i.SkipData += v.skipdata
	i.Interval = max(i.Interval, int(v.interval))
	if v.delay >= 0 {
		i.Delay = max(i.Delay, time.Duration(v.delay)*time.Second)
	}
	if v.accepts+v.rejects > 0 {
		i.busy++
		for _, f := range v.fields {
			i.fields[f]++
		}
	}
}

func (i *Interface) finish(wanted []string) {
	for n := 1; n < len(i.hours); n++ {
		if from := i.hours[n-1].Add(time.Hour); from.Before(i.hours[n]) {
			i.Gaps = append(i.Gaps, Gap{from, i.hours[n]})
		}
	}
	for _, f := range wanted {
		if i.fields[f] < i.busy {
			i.Missing = append(i.Missing, f)
		}
	}
	slices.Sort(i.Blind)
}
