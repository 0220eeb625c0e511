package finding

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Longest is how long a suppression may last that does not say LongTerm: what nobody looks at for a year is forgotten.
const Longest = 366 * 24 * time.Hour

// Suppression hides the findings in its scope until it expires or is ended.
type Suppression struct {
	ID       string    `json:"id"`
	Owner    string    `json:"owner"`
	Reason   string    `json:"reason"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	LongTerm bool      `json:"long_term"` // may last longer than Longest
	Scope    Scope     `json:"scope"`
	From     string    `json:"from"` // file:line, or "" for the store

	// What Suppressions adds.
	Expired bool     `json:"expired"`
	Hidden  []string `json:"hidden"` // ids that it hides now, in order
}

// Scope says which findings. All that is given must hold; of a list, one.
type Scope struct {
	Findings    []string `json:"findings,omitempty"` // ids
	Rule        string   `json:"rule,omitempty"`     // an id, or a pattern such as exposed-*
	InterfaceID string   `json:"interface,omitempty"`
	VPCID       string   `json:"vpc,omitempty"`
	AccountID   string   `json:"account,omitempty"`
	Client      string   `json:"client,omitempty"`  // an address or a CIDR
	Server      string   `json:"server,omitempty"`  // an address or a CIDR
	Ports       []string `json:"ports,omitempty"`   // 22, 8000-8100
	Network     string   `json:"network,omitempty"` // name of a network of the settings, of either end
}

// Check reports what is wrong with a suppression at a time.
func (s *Suppression) Check(now time.Time) error {
	created := s.Created
	if created.IsZero() {
		created = now
	}
	switch {
	case s.Owner == "":
		return errors.New("owner is missing: who answers for it")
	case s.Reason == "":
		return errors.New("reason is missing")
	case s.Expires.IsZero():
		return errors.New("expires is missing: nothing is hidden for ever")
	case !s.LongTerm && s.Expires.Sub(created) > Longest:
		return fmt.Errorf("expires %s is more than a year away", s.Expires.Format(time.DateOnly))
	}
	return s.Scope.check()
}

func (s *Scope) check() error {
	if len(s.Findings) == 0 && s.Rule == "" && s.InterfaceID == "" && s.VPCID == "" && s.AccountID == "" && s.Client == "" && s.Server == "" && len(s.Ports) == 0 && s.Network == "" {
		return errors.New("it says nothing about which findings it hides")
	}
	if _, err := path.Match(s.Rule, ""); err != nil {
		return fmt.Errorf("rule %q is not an id or a pattern such as exposed-*", s.Rule)
	}
	for _, a := range []string{s.Client, s.Server} {
		if a == "" {
			continue
		}
		if _, err := prefix(a); err != nil {
			return fmt.Errorf("%q is not an address or a CIDR", a)
		}
	}
	for _, p := range s.Ports {
		if _, _, err := ports(p); err != nil {
			return err
		}
	}
	return nil
}

// Hides reports whether a finding is in the scope. It does not look at the clock.
func (s *Suppression) Hides(f *Finding) bool {
	c := &s.Scope
	is := func(want, have string) bool { return want == "" || want == have }
	if len(c.Findings) > 0 && !slices.Contains(c.Findings, f.ID) {
		return false
	}
	if c.Rule != "" {
		if ok, err := path.Match(c.Rule, f.Rule); err != nil || !ok {
			return false
		}
	}
	if !is(c.InterfaceID, f.InterfaceID) || !is(c.VPCID, f.VPCID) || !is(c.AccountID, f.AccountID) || !within(c.Client, f.Client) || !within(c.Server, f.Server) {
		return false
	}
	if len(c.Ports) > 0 && !slices.ContainsFunc(c.Ports, func(p string) bool {
		low, high, err := ports(p)
		return err == nil && f.Port != nil && low <= *f.Port && *f.Port <= high
	}) {
		return false
	}
	return c.Network == "" || c.Network == f.Details["client_network"] || c.Network == f.Details["server_network"] || c.Network == f.Details["network"]
}

// within reports whether all of have, an address or a CIDR, is in want. Nothing wanted is always so.
func within(want, have string) bool {
	if want == "" {
		return true
	}
	w, err := prefix(want)
	if err != nil {
		return false
	}
	h, err := prefix(have)
	return err == nil && w.Bits() <= h.Bits() && w.Contains(h.Addr())
}

func prefix(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
}

func ports(s string) (low, high int, err error) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	low, err1 := strconv.Atoi(strings.TrimSpace(from))
	high, err2 := strconv.Atoi(strings.TrimSpace(to))
	if err1 != nil || err2 != nil || low < 0 || high > 65535 || low > high {
		return 0, 0, fmt.Errorf("%q is not a port or a range such as 8000-8100", s)
	}
	return low, high, nil
}
