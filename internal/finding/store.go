package finding

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store keeps findings. All of it may be called at once, from several processes; those that change something wait for
// each other. A call that fails changed nothing, and may be repeated.
type Store interface {
	// Record replaces the sightings of a rule's step, and returns what changed by it. An evaluation that read less than
	// the one that is there (its Seq is smaller) changes nothing.
	Record(ctx context.Context, ev Evaluation) ([]Change, error)
	// Evaluated returns the steps that were evaluated with just this version and hash of a rule, and the Seq of each.
	Evaluated(ctx context.Context, r Rule) (map[time.Time]int64, error)
	// ResolveUnseen resolves findings by evidence, except those that were seen meanwhile, or need it no longer.
	ResolveUnseen(ctx context.Context, unseen []Unseen) ([]Change, error)

	// List returns findings, the worst first, then the latest seen.
	List(ctx context.Context, f Filter) ([]*Finding, error)
	// Get returns the finding of an id, or of the only one that begins so. Errors are *UnknownError and *AmbiguousError.
	Get(ctx context.Context, id string) (*Finding, error)
	// Act does what a person decided.
	Act(ctx context.Context, id string, a Action) error
	// History returns what happened to a finding, the oldest first.
	History(ctx context.Context, id string) ([]Event, error)

	// Suppress adds a suppression, and returns it with its id.
	Suppress(ctx context.Context, s Suppression) (Suppression, error)
	// Unsuppress ends one that Suppress made. What it hid is there again.
	Unsuppress(ctx context.Context, id, who, why string) error
	// Suppressions returns all that are in force or have expired, those of Options first, each with what it hides now.
	Suppressions(ctx context.Context) ([]Suppression, error)

	// Subscribe says to whom changes are to be told from now on. Channels that it knows are left as they are.
	Subscribe(ctx context.Context, channels ...string) error
	// Pending returns the changes that a channel was not told yet, the oldest first. A change whose finding is suppressed
	// now waits until it is not.
	Pending(ctx context.Context, channel string) ([]Change, error)
	// Delivered notes an attempt to tell a channel. If err is nil it was told; else the change stays pending. The text of
	// err is shown to people and must hold no secret.
	Delivered(ctx context.Context, key, channel string, err error) error
	// Drop notes that a channel will never be told, and why.
	Drop(ctx context.Context, key, channel, why string) error
	// Deliveries returns the attempts to tell of a finding, the oldest first.
	Deliveries(ctx context.Context, id string) ([]Delivery, error)
	// LastDeliveries returns the latest attempt to tell each channel, by its name.
	LastDeliveries(ctx context.Context) (map[string]Delivery, error)

	// Fold forgets the texts of old sightings, whose findings have newer ones. Their numbers stay.
	Fold(ctx context.Context) error
	Close() error
}

// Kinds of a Change, and of an Event.
const (
	KindNew       = "new"
	KindWorsened  = "worsened"  // severity rose above what was last told
	KindRegressed = "regressed" // was resolved, seen again after
	KindWithdrawn = "withdrawn" // evaluated again, no sighting is left
	KindResolved  = "resolved"

	// Only events.
	KindAcknowledged = "acknowledged"
	KindReopened     = "reopened"
)

// Change is something about a finding that people may want to know.
type Change struct {
	Key      string // stable: who gets one twice may drop the second
	Kind     string // new, worsened, regressed; only returned, never pending: withdrawn, resolved
	Finding  *Finding
	Severity string // when it changed
	At       time.Time
	Attempts int // to tell the channel, so far
}

// Filter says which findings. The zero value is all of them.
type Filter struct {
	States      []string
	MinSeverity string
	Rules       []string
	IDs         []string // whole ids
	InterfaceID string
	AccountID   string
	VPCID       string
	Since       time.Time // seen then or later
	SeenBefore  time.Time // last seen before then
	Limit       int
}

// Actions of people.
const (
	ActAcknowledge = "acknowledge"
	ActResolve     = "resolve"
	ActReopen      = "reopen"
)

// Action is what a person decided about a finding.
type Action struct {
	Kind string // ActAcknowledge, ActResolve, ActReopen
	Who  string
	Why  string
}

// Unseen says that a finding was looked for and not seen: its last sighting is before Before, and from then to now there
// were records in which it would have been.
type Unseen struct {
	ID     string
	Before time.Time
	Why    string // a sentence: "not seen for 24h while eni-1 was logged"
}

// Event is an entry in a finding's history.
type Event struct {
	At       time.Time `json:"at"`
	Who      string    `json:"who"` // "weir", or a person
	Kind     string    `json:"kind"`
	Severity string    `json:"severity"` // of the finding then
	Why      string    `json:"why"`
}

// Statuses of a Delivery.
const (
	DeliverySent    = "sent"
	DeliveryFailed  = "failed"
	DeliveryDropped = "dropped"
)

// Delivery is one attempt to tell a channel of a change.
type Delivery struct {
	Key     string    `json:"key"`
	Finding string    `json:"finding"`
	Channel string    `json:"channel"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt"` // from 1
	Status  string    `json:"status"`
	Error   string    `json:"error"`
}

// ErrNoStore means that there is no store at a path yet.
var ErrNoStore = errors.New("no findings are kept yet")

// UnknownError means that no finding has an id.
type UnknownError struct{ ID string }

func (e *UnknownError) Error() string { return fmt.Sprintf("no finding %q", e.ID) }

// AmbiguousError means that several findings have ids that begin alike.
type AmbiguousError struct {
	ID    string
	Count int
	Some  []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q is the beginning of %d findings: %s", e.ID, e.Count, join(e.Some, e.Count))
}

// ActionError means that a finding's state does not allow an action.
type ActionError struct{ ID, State, Action string }

func (e *ActionError) Error() string {
	return fmt.Sprintf("%s finding %s: it is %s", e.Action, e.ID, e.State)
}

func join(some []string, count int) string {
	out := ""
	for i, s := range some {
		if i > 0 {
			out += ", "
		}
		out += s
	}
	if count > len(some) {
		out += ", …"
	}
	return out
}
