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
	var urgent, rest []finding.Change
	for _, ch := range pending {
		switch {
		case !c.wants(ch.Finding):
			unwanted = append(unwanted, ch)
		case finding.Rank(ch.Severity) >= finding.Rank(least):
			urgent = append(urgent, ch)
		case c.Digest > 0:
			rest = append(rest, ch)
		default:
			unwanted = append(unwanted, ch)
		}
	}
	worstFirst(urgent)
	for i, ch := range urgent {
		if i == singles {
			notices = append(notices, fold(KindFolded, c.Name(), urgent[i:], now))
			break
		}
		notices = append(notices, due{Notice{
			Key: ch.Key, Kind: ch.Kind, Findings: []*finding.Finding{ch.Finding}, Counts: map[string]int{ch.Severity: 1}, Time: now,
		}, urgent[i : i+1]})
	}
	if len(rest) == 0 {
		return notices, 0, unwanted
	}
	oldest := slices.MinFunc(rest, func(a, b finding.Change) int { return a.At.Compare(b.At) })
	if now.Sub(oldest.At) < c.Digest {
		return notices, len(rest), unwanted
	}
	worstFirst(rest)
	return append(notices, fold(KindDigest, c.Name(), rest, now)), 0, unwanted
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

func worstFirst(changes []finding.Change) {
	slices.SortStableFunc(changes, func(a, b finding.Change) int {
		if d := finding.Rank(b.Severity) - finding.Rank(a.Severity); d != 0 {
			return d
		}
		return a.At.Compare(b.At)
	})
}

// fold makes one notice of many changes. Its key is of their keys: were it of the period, a receiver would drop a digest
// that came again with more in it.
func fold(kind, channel string, changes []finding.Change, now time.Time) due {
	n := Notice{Kind: kind, Counts: map[string]int{}, Time: now}
	var keys []string
	seen := map[string]bool{}
	for _, ch := range changes {
		keys = append(keys, ch.Key)
		if seen[ch.Finding.ID] {
			continue // it was new and got worse meanwhile: one finding
		}
		seen[ch.Finding.ID] = true
		n.Counts[ch.Severity]++
		if len(n.Findings) < digestFindings {
			n.Findings = append(n.Findings, ch.Finding)
		} else {
			n.More++
		}
	}
	slices.Sort(keys)
	sum := sha256.Sum256([]byte(channel + "\n" + strings.Join(keys, "\n")))
	n.Key = kind + "-" + hex.EncodeToString(sum[:16])
	return due{n, changes}
}
