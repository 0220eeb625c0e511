package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"weir/internal/finding"
)

// Log says which changes wait for a channel, and takes down which were told. finding.Store is one.
type Log interface {
	Pending(ctx context.Context, channel string) ([]finding.Change, error)
	Delivered(ctx context.Context, key, channel string, err error) error
	Drop(ctx context.Context, key, channel, why string) error
}

// Channel is a Notifier with what it is told.
type Channel struct {
	Notifier
	MinSeverity string        // at or above: told at once. "" is high
	Digest      time.Duration // the rest is told together, when the oldest has waited so long; 0: the rest is never told
	Rules       []string      // patterns of path.Match, such as exposed-*; nil: all
	Accounts    []string      // nil: all
	Singles     int           // notices of one finding in a run; what is beyond comes in one. 0 is DefaultSingles
}

// Defaults of a channel.
const (
	DefaultSeverity = "high"
	DefaultSingles  = 10
)

// digestFindings is the number of findings in a digest or a folded notice; the others are a number.
const digestFindings = 20

// Summary says what a run of Dispatch did.
type Summary struct {
	Sent    int // notices
	Told    int // changes in them
	Waiting int // changes that wait for their digest
	Dropped int // changes that a channel does not want
	Failed  int // notices that did not arrive, and will be tried again
}

// Dispatch tells each channel what it should know by now. One that fails does not keep others from being told; the error
// joins theirs. A kill between sending and taking it down means that the notice comes again, with the same key as long
// as it says the same.
func Dispatch(ctx context.Context, log Log, channels []Channel, now time.Time) (Summary, error) {
	var s Summary
	var errs []error
	for _, c := range channels {
		if err := c.dispatch(ctx, log, now, &s); err != nil {
			errs = append(errs, fmt.Errorf("notify %s: %w", c.Name(), err))
		}
	}
	return s, errors.Join(errs...)
}

// due is a notice with the changes that it tells.
type due struct {
	notice  Notice
	changes []finding.Change
}

func (c *Channel) dispatch(ctx context.Context, log Log, now time.Time, s *Summary) error {
	pending, err := log.Pending(ctx, c.Name())
	if err != nil {
		return err
	}
	notices, waiting, unwanted := c.plan(pending, now)
	s.Waiting += waiting
	for _, u := range unwanted {
		if err := log.Drop(ctx, u.Key, c.Name(), "the channel does not ask for it"); err != nil {
			return err
		}
		s.Dropped++
	}
	for _, d := range notices {
		sendErr := c.Send(ctx, d.notice)
		if ctx.Err() != nil && sendErr != nil {
			return sendErr // interrupted is not failed: nothing to take down
		}
		for _, ch := range d.changes {
			if err := log.Delivered(ctx, ch.Key, c.Name(), sendErr); err != nil {
				return errors.Join(sendErr, err)
			}
		}
		if sendErr != nil {
			// The next notice would fail alike, and take as long. It waits for the next run.
			s.Failed++
			return sendErr
		}
		s.Sent++
		s.Told += len(d.changes)
	}
	return nil
}

// plan makes notices of changes: single ones, at most Singles of them and the worst first, then one of what is beyond, then
// the digest if it is due.
func (c *Channel) plan(pending []finding.Change, now time.Time) (notices []due, waiting int, unwanted []finding.Change) {
	least := c.MinSeverity
	if least == "" {
		least = DefaultSeverity
	}
	singles := c.Singles
	if singles <= 0 {
		singles = DefaultSingles
	}
	var urgent, rest []news
	for _, n := range byFinding(pending) {
		switch {
		case !c.wants(n.finding):
			unwanted = append(unwanted, n.changes...)
		case finding.Rank(n.severity) >= finding.Rank(least):
			urgent = append(urgent, n)
		case c.Digest > 0:
			rest = append(rest, n)
		default:
			unwanted = append(unwanted, n.changes...)
		}
	}
	worstFirst(urgent)
	for i, n := range urgent {
		if i == singles {
			notices = append(notices, fold(KindFolded, c.Name(), urgent[i:], now))
			break
		}
		notices = append(notices, due{Notice{
			Key: n.key, Kind: n.kind, Findings: []*finding.Finding{n.finding}, Counts: map[string]int{n.severity: 1}, Time: now,
		}, n.changes})
	}
	if len(rest) == 0 {
		return notices, 0, unwanted
	}
	oldest := slices.MinFunc(rest, func(a, b news) int { return a.at.Compare(b.at) })
	if now.Sub(oldest.at) < c.Digest {
		for _, n := range rest {
			waiting += len(n.changes)
		}
		return notices, waiting, unwanted
	}
	worstFirst(rest)
	return append(notices, fold(KindDigest, c.Name(), rest, now)), 0, unwanted
}

// news is what a channel has not been told of one finding: for people, one thing.
type news struct {
	key      string // of the latest change: what was sent before that one came, under another key, said less
	kind     string
	severity string    // the worst of them
	at       time.Time // of the first
	finding  *finding.Finding
	changes  []finding.Change
}

// byFinding makes one of the changes of each finding, in the order of their first ones. What nobody has been told of is
// new, however often it got worse or came back since.
func byFinding(changes []finding.Change) []news {
	var out []news
	where := map[string]int{}
	for _, ch := range changes {
		i, ok := where[ch.Finding.ID]
		if !ok {
			where[ch.Finding.ID] = len(out)
			out = append(out, news{ch.Key, ch.Kind, ch.Severity, ch.At, ch.Finding, []finding.Change{ch}})
			continue
		}
		n := &out[i]
		n.key, n.changes = ch.Key, append(n.changes, ch)
		if n.kind == finding.KindWorsened {
			n.kind = ch.Kind
		}
		if finding.Rank(ch.Severity) > finding.Rank(n.severity) {
			n.severity = ch.Severity
		}
	}
	return out
}

func (c *Channel) wants(f *finding.Finding) bool {
	if len(c.Accounts) > 0 && !slices.Contains(c.Accounts, f.AccountID) {
		return false
	}
	return len(c.Rules) == 0 || slices.ContainsFunc(c.Rules, func(p string) bool {
		ok, err := path.Match(p, f.Rule)
		return ok && err == nil
	})
}

func worstFirst(all []news) {
	slices.SortStableFunc(all, func(a, b news) int {
		if d := finding.Rank(b.severity) - finding.Rank(a.severity); d != 0 {
			return d
		}
		return a.at.Compare(b.at)
	})
}

// fold makes one notice of the news of many findings. Its key is of their changes' keys: were it of the period, a receiver
// would drop a digest that came again with more in it.
func fold(kind, channel string, all []news, now time.Time) due {
	d := due{notice: Notice{Kind: kind, Counts: map[string]int{}, Time: now}}
	var keys []string
	for _, n := range all {
		for _, ch := range n.changes {
			keys = append(keys, ch.Key)
		}
		d.changes = append(d.changes, n.changes...)
		d.notice.Counts[n.severity]++
		if len(d.notice.Findings) < digestFindings {
			d.notice.Findings = append(d.notice.Findings, n.finding)
		} else {
			d.notice.More++
		}
	}
	slices.Sort(keys)
	sum := sha256.Sum256([]byte(channel + "\n" + strings.Join(keys, "\n")))
	d.notice.Key = kind + "-" + hex.EncodeToString(sum[:16])
	return d
}
