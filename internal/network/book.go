package network

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/gaissmai/bart"
	"github.com/oschwald/maxminddb-golang/v2"
)

// Network is a part of the address space that the user declared.
type Network struct {
	Name     string
	Prefixes []netip.Prefix
	Zone     string    // "" is none
	Trusted  bool      // being reached from there is no exposure
	Own      bool      // public addresses in it are ours
	Note     string    // for people
	Expires  time.Time // from then on it is no longer trusted; zero is never
}

// Config is what a Book is made of. All of it may be missing: IANA's registries are always there.
type Config struct {
	Networks  []Network
	Lists     []*List   // an address's list is the first that has it
	AWSRanges []byte    // AWS's ip-ranges.json
	Country   []byte    // an MMDB; the Book keeps the bytes
	ASN       []byte    // an MMDB; the Book keeps the bytes
	Now       time.Time // for Network.Expires; zero is before all of them
}

// Book knows addresses. It does not change, and may be used by many at once.
type Book struct {
	networks     bart.Table[*Network]
	lists        bart.Table[int] // least index of a list that has all of the block
	config       Config
	aws          *awsRanges
	country, asn *maxminddb.Reader // nil is none
	version      string
}

// New makes a Book. It is an error if the same block is declared by two networks: one of them would win by chance.
func New(c Config) (*Book, error) {
	b := &Book{config: c}
	for _, n := range c.Networks {
		if n.Trusted && !n.Expires.IsZero() && !c.Now.Before(n.Expires) {
			n.Trusted = false
		}
		for _, p := range n.Prefixes {
			p = plainPrefix(p)
			if err := checkBlock(p); err != nil {
				return nil, fmt.Errorf("network %s: %s: %w", n.Name, p, err)
			}
			if other, ok := b.networks.Get(p); ok && other.Name != n.Name {
				return nil, fmt.Errorf("network %s: %s: network %s has it, too", n.Name, p, other.Name)
			}
			b.networks.Insert(p, &n)
		}
	}
	b.addLists()
	var err error
	if b.aws, err = readAWSRanges(c.AWSRanges); err != nil {
		return nil, fmt.Errorf("read ranges of AWS: %w", err)
	}
	if b.country, err = openMMDB(c.Country); err != nil {
		return nil, fmt.Errorf("open database of countries: %w", err)
	}
	if b.asn, err = openMMDB(c.ASN); err != nil {
		return nil, fmt.Errorf("open database of autonomous systems: %w", err)
	}
	b.version = b.hash()
	return b, nil
}

var errWideNetwork = fmt.Errorf("wider than /%d of IPv4 or /%d of IPv6, and not a private range as a whole", widest4, widest6)

// checkBlock refuses to make half of the internet trusted by a slip of the pen.
func checkBlock(p netip.Prefix) error {
	if wide(p) && !unreachable(p) {
		return errWideNetwork
	}
	return nil
}

// addLists puts all lists in one table, so that a look-up costs the same however many there are. A block's value is the
// first list that has it or a block around it, because a look-up finds the narrowest block only.
func (b *Book) addLists() {
	type block struct {
		netip.Prefix
		list int
	}
	var blocks []block
	for i, l := range b.config.Lists {
		for _, p := range l.Prefixes {
			blocks = append(blocks, block{plainPrefix(p), i})
		}
	}
	slices.SortStableFunc(blocks, func(x, y block) int { return cmp.Compare(x.Bits(), y.Bits()) })
	for _, x := range blocks {
		if around, ok := b.lists.LookupPrefix(x.Prefix); ok && around < x.list {
			x.list = around
		}
		b.lists.Insert(x.Prefix, x.list)
	}
}

// Lookup says what is known of an address: what its registry says, unless the user's networks say more. The zero Addr
// has the zero Place.
func (b *Book) Lookup(a netip.Addr) Place {
	if !a.IsValid() {
		return Place{}
	}
	a = plain(a)
	p := Place{Scope: Internet}
	if e, ok := registry().table.Lookup(a); ok {
		p.Scope = e.Scope
	}
	if p.Scope == Internet {
		p.Country, p.ASN = countryOf(b.country, a), asnOf(b.asn, a)
		if service := b.aws.lookup(a); service != "" {
			p.Scope, p.Service = AWS, service
		}
		if i, ok := b.lists.Lookup(a); ok {
			p.List = b.config.Lists[i].Name
		}
	}
	if n, ok := b.networks.Lookup(a); ok {
		p.Network, p.Zone, p.Trusted = n.Name, n.Zone, n.Trusted
		if n.Own && p.Scope != Private {
			p.Scope, p.Service = Own, ""
		}
	}
	return p
}

// Details are what a Book has on an address, for people.
type Details struct {
	Place
	Means   netip.Addr   // the address that was looked up: IPv4 for an IPv4 address written as IPv6
	Entry   *Entry       // of IANA's registries; nil for an IPv4 address that is in none
	Block   netip.Prefix // of the user's network
	Note    string       // of the user's network
	Expires time.Time    // of its being trusted
	Lists   []string     // all that have it
	Region  string       // of AWS
	Service string       // of AWS, also where Scope is not AWS: EC2 is where anybody may be
}

// Explain is a Lookup with its reasons. It takes longer.
func (b *Book) Explain(a netip.Addr) Details {
	d := Details{Place: b.Lookup(a)}
	if !a.IsValid() {
		return d
	}
	d.Means = plain(a)
	d.Entry, _ = registry().table.Lookup(d.Means)
	host := netip.PrefixFrom(d.Means, d.Means.BitLen())
	if block, n, ok := b.networks.LookupPrefixLPM(host); ok {
		d.Block, d.Note, d.Expires = block, n.Note, n.Expires
	}
	for _, l := range b.config.Lists {
		if d.List != "" && slices.ContainsFunc(l.Prefixes, func(p netip.Prefix) bool { return p.Contains(d.Means) }) {
			d.Lists = append(d.Lists, l.Name)
		}
	}
	if r, ok := b.aws.table.Lookup(d.Means); ok {
		d.Region, d.Service = r.region, r.service
	}
	return d
}

// Version changes when a Lookup may give another answer than before.
func (b *Book) Version() string { return b.version }

func (b *Book) hash() string {
	h := sha256.New()
	part := func(name string, write func(io.Writer)) {
		fmt.Fprintf(h, "\x00%s\x00", name)
		write(h)
	}
	part("registry", func(w io.Writer) { _, _ = io.WriteString(w, registryText) }) // a hash takes what it gets
	part("networks", func(w io.Writer) {
		for p, n := range b.networks.AllSorted() {
			fmt.Fprintf(w, "%s %q %q %v %v\n", p, n.Name, n.Zone, n.Trusted, n.Own)
		}
	})
	for _, l := range b.config.Lists {
		part("list", func(w io.Writer) {
			fmt.Fprintf(w, "%q\n", l.Name)
			for _, p := range l.Prefixes {
				fmt.Fprintln(w, p)
			}
		})
	}
	part("aws", func(w io.Writer) { _, _ = w.Write(b.config.AWSRanges) })
	part("country", func(w io.Writer) { _, _ = w.Write(b.config.Country) })
	part("asn", func(w io.Writer) { _, _ = w.Write(b.config.ASN) })
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// errNotMMDB is for files that are something else, of which the library's own words say little.
var errNotMMDB = errors.New("not a MaxMind database (MMDB)")

func openMMDB(data []byte) (*maxminddb.Reader, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if !bytes.Contains(data, []byte("\xab\xcd\xefMaxMind.com")) {
		return nil, errNotMMDB
	}
	return maxminddb.OpenBytes(data)
}
