package network

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func newBook(t testing.TB, c Config) *Book {
	t.Helper()
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func blocks(texts ...string) (all []netip.Prefix) {
	for _, s := range texts {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// last is the last address of a block.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// slowScope looks through all rows of the registries.
func slowScope(a netip.Addr) Scope {
	scope, bits := Internet, -1
	for _, e := range Registry() {
		if e.Block.Contains(a) && e.Block.Bits() > bits {
			scope, bits = e.Scope, e.Block.Bits()
		}
	}
	return scope
}

// Every row of the registries holds from its first address to its last, and not one further.
func TestRegistry(t *testing.T) {
	b := newBook(t, Config{})
	if n := len(Registry()); n != 54 {
		t.Errorf("the registries have %d rows", n)
	}
	for _, e := range Registry() {
		switch {
		case e.Name == "" || !strings.HasPrefix(e.RFC, "RFC "):
			t.Errorf("%s: name %q, source %q", e.Block, e.Name, e.RFC)
		case e.Scope != Internet && e.Scope != Private && e.Scope != Special:
			t.Errorf("%s: scope %q", e.Block, e.Scope)
		case e.Reachable == "yes" && e.Scope != Internet, e.Reachable == "no" && e.Scope == Internet:
			t.Errorf("%s: reachable %s, and scope %s", e.Block, e.Reachable, e.Scope)
		}
		for _, a := range []netip.Addr{e.Block.Addr(), last(e.Block)} {
			if got := b.Explain(a).Entry; got == nil || got.Block.Bits() < e.Block.Bits() {
				t.Errorf("%s: %s is of %v", e.Block, a, got)
			}
			if got, want := b.Lookup(a).Scope, slowScope(a); got != want {
				t.Errorf("%s: %s is %s, want %s", e.Block, a, got, want)
			}
		}
		for _, a := range []netip.Addr{e.Block.Addr().Prev(), last(e.Block).Next()} {
			if !a.IsValid() || plain(a) != a {
				continue // the end of the space, or IPv4 in IPv6
			}
			if got := b.Explain(a).Entry; got != nil && got.Block == e.Block {
				t.Errorf("%s, which is beyond %s, is of it", a, e.Block)
			}
			if got, want := b.Lookup(a).Scope, slowScope(a); got != want {
				t.Errorf("beyond %s: %s is %s, want %s", e.Block, a, got, want)
			}
		}
	}
}

// Addresses are compared as addresses: as text, "9.0.0.0" is beyond "10.0.0.0", and all of "100." and "172." is private.
func TestScope(t *testing.T) {
	b := newBook(t, Config{})
	for in, want := range map[string]Scope{
		"9.0.0.0": Internet, "9.255.255.255": Internet, "10.0.0.0": Private, "10.255.255.255": Private, "11.0.0.0": Internet,
		"100.1.2.3": Internet, "100.63.255.255": Internet, "100.64.0.0": Private, "100.127.255.255": Private, "100.128.0.0": Internet,
		"172.15.255.255": Internet, "172.16.0.0": Private, "172.31.255.255": Private, "172.32.0.0": Internet, "172.217.0.1": Internet,
		"192.167.255.255": Internet, "192.168.0.0": Private, "192.169.0.0": Internet, "19.168.0.1": Internet,
		"8.8.8.8": Internet, "1.1.1.1": Internet, "127.0.0.1": Special, "169.254.169.254": Special, "0.0.0.0": Special,
		"224.0.0.1": Special, "239.255.255.255": Special, "240.0.0.0": Special, "255.255.255.255": Special, "223.255.255.255": Internet,
		"2600:1f18::1": Internet, "2a05:d000::1": Internet, "fd00:ec2::254": Private, "fe80::1": Special, "fe80::1%eth0": Special,
		"::1": Special, "::": Special, "ff02::1": Special, "fec0::1": Special, "4000::1": Special, "2001:db8::1": Special,
		"::ffff:10.1.2.3": Private, "::ffff:8.8.8.8": Internet, "::ffff:169.254.169.254": Special,
		"64:ff9b::10.1.2.3": Private, "64:ff9b::8.8.8.8": Internet, "64:ff9b:1::1": Special,
	} {
		if got := b.Lookup(addr(in)).Scope; got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
	if got := b.Lookup(netip.Addr{}); got != (Place{}) {
		t.Errorf("no address is %+v", got)
	}
}

func TestNetworks(t *testing.T) {
	expires := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	c := Config{Now: expires.Add(-time.Nanosecond), Networks: []Network{
		{Name: "site", Prefixes: blocks("10.0.0.0/8"), Zone: "site"},
		{Name: "prod", Prefixes: blocks("10.20.0.0/16", "2600:1f18:1::/48"), Zone: "prod", Own: true},
		{Name: "elastic", Prefixes: blocks("52.1.2.0/28"), Own: true},
		{Name: "office", Prefixes: blocks("81.2.69.0/24"), Zone: "office", Trusted: true},
		{Name: "partner", Prefixes: blocks("93.184.0.0/16"), Trusted: true, Expires: expires},
	}}
	b := newBook(t, c)
	check := func(a string, want Place) {
		t.Helper()
		if got := b.Lookup(addr(a)); got != want {
			t.Errorf("%s is %+v, want %+v", a, got, want)
		}
	}
	check("10.19.255.255", Place{Scope: Private, Network: "site", Zone: "site"})
	check("10.20.0.0", Place{Scope: Private, Network: "prod", Zone: "prod"}) // the narrowest wins; private stays private
	check("::ffff:10.20.0.0", Place{Scope: Private, Network: "prod", Zone: "prod"})
	check("2600:1f18:1::9", Place{Scope: Own, Network: "prod", Zone: "prod"})
	check("2600:1f18:2::9", Place{Scope: Internet})
	check("52.1.2.15", Place{Scope: Own, Network: "elastic"})
	check("52.1.2.16", Place{Scope: Internet})
	check("81.2.69.160", Place{Scope: Internet, Network: "office", Zone: "office", Trusted: true})
	check("93.184.1.1", Place{Scope: Internet, Network: "partner", Trusted: true})

	before := b.Version()
	c.Now = expires
	b = newBook(t, c)
	check("93.184.1.1", Place{Scope: Internet, Network: "partner"})
	if b.Version() == before {
		t.Error("trust ended, and the version is the same")
	}
	d := b.Explain(addr("93.184.1.1"))
	if d.Block != blocks("93.184.0.0/16")[0] || !d.Expires.Equal(expires) {
		t.Errorf("explained: %+v", d)
	}

	for _, bad := range []Network{
		{Name: "all", Prefixes: blocks("0.0.0.0/0")}, {Name: "all6", Prefixes: blocks("::/0")}, {Name: "half", Prefixes: blocks("8.0.0.0/7")},
		{Name: "again", Prefixes: blocks("10.20.0.0/16")}, {Name: "mapped", Prefixes: blocks("::ffff:10.20.0.0/112")},
	} {
		c := c
		c.Networks = append(c.Networks[:len(c.Networks):len(c.Networks)], bad)
		if _, err := New(c); err == nil {
			t.Errorf("network %v is accepted", bad)
		}
	}
	if _, err := New(Config{Networks: []Network{{Name: "ula", Prefixes: blocks("fc00::/7")}}}); err != nil {
		t.Errorf("all private IPv6 addresses: %v", err)
	}
}

// A change of anything that a Lookup tells changes the version, and nothing else does.
func TestVersion(t *testing.T) {
	one := Config{
		Networks: []Network{{Name: "a", Prefixes: blocks("10.0.0.0/8")}, {Name: "b", Prefixes: blocks("11.0.0.0/8")}},
		Lists:    []*List{{Name: "l", Prefixes: blocks("9.9.9.9/32")}},
	}
	version := newBook(t, one).Version()
	same := one
	same.Networks = []Network{one.Networks[1], one.Networks[0]}
	same.Networks[0].Note = "not told by a look-up"
	if got := newBook(t, same).Version(); got != version {
		t.Errorf("another order and a note: %s, want %s", got, version)
	}
	seen := map[string]string{version: "one"}
	for name, change := range map[string]func(*Config){
		"zone":    func(c *Config) { c.Networks[0].Zone = "z" },
		"name":    func(c *Config) { c.Networks[0].Name = "z" },
		"trusted": func(c *Config) { c.Networks[0].Trusted = true },
		"own":     func(c *Config) { c.Networks[0].Own = true },
		"block":   func(c *Config) { c.Networks[0].Prefixes = blocks("10.0.0.0/9") },
		"list":    func(c *Config) { c.Lists = []*List{{Name: "l", Prefixes: blocks("9.9.9.8/31")}} },
		"lists":   func(c *Config) { c.Lists = append([]*List{{Name: "k", Prefixes: blocks("9.9.9.9/32")}}, c.Lists...) },
		"aws":     func(c *Config) { c.AWSRanges = []byte(awsText) },
		"country": func(c *Config) { c.Country = testMMDB("C", nil) },
		"asn":     func(c *Config) { c.ASN = testMMDB("C", nil) },
		"nothing": func(c *Config) { c.Networks, c.Lists = nil, nil },
	} {
		c := one
		c.Networks = append([]Network(nil), one.Networks...)
		change(&c)
		v := newBook(t, c).Version()
		if seen[v] != "" {
			t.Errorf("%s has the version of %s", name, seen[v])
		}
		seen[v] = name
	}
}

const awsText = `{"syncToken": "1", "createDate": "2026-11-01", "prefixes": [
 {"ip_prefix": "52.0.0.0/11", "region": "us-east-1", "service": "AMAZON"},
 {"ip_prefix": "52.0.0.0/15", "region": "us-east-1", "service": "AMAZON"},
 {"ip_prefix": "52.0.0.0/15", "region": "us-east-1", "service": "EC2"},
 {"ip_prefix": "52.0.7.0/24", "region": "us-east-1", "service": "AMAZON"},
 {"ip_prefix": "52.1.0.0/24", "region": "us-east-1", "service": "EC2"},
 {"ip_prefix": "52.1.0.0/24", "region": "us-east-1", "service": "AMAZON"},
 {"ip_prefix": "52.1.0.0/24", "region": "us-east-1", "service": "S3"}],
 "ipv6_prefixes": [{"ipv6_prefix": "2600:1fa0::/32", "region": "eu-west-1", "service": "S3"}]}`

// An address of EC2 is the internet: anybody rents there. AMAZON means AWS itself where no piece of it is EC2's.
func TestAWSRanges(t *testing.T) {
	b := newBook(t, Config{AWSRanges: []byte(awsText), Networks: []Network{{Name: "mine", Prefixes: blocks("52.1.0.64/32"), Own: true}}})
	for in, want := range map[string]Place{
		"52.1.0.9":     {Scope: AWS, Service: "S3"},
		"52.1.1.9":     {Scope: Internet}, // EC2
		"52.0.7.9":     {Scope: Internet}, // a piece of EC2's
		"52.2.0.1":     {Scope: AWS, Service: "AMAZON"},
		"52.32.0.0":    {Scope: Internet},
		"2600:1fa0::1": {Scope: AWS, Service: "S3"},
		"52.1.0.64":    {Scope: Own, Network: "mine"},
		"10.0.0.1":     {Scope: Private},
	} {
		if got := b.Lookup(addr(in)); got != want {
			t.Errorf("%s is %+v, want %+v", in, got, want)
		}
	}
	if d := b.Explain(addr("52.1.1.9")); d.Service != "EC2" || d.Region != "us-east-1" {
		t.Errorf("explained: %+v", d)
	}
	for _, bad := range []string{"{}", "[]", "{", `{"prefixes": [{"ip_prefix": "52.0.0.0/33", "service": "S3"}]}`} {
		if _, err := New(Config{AWSRanges: []byte(bad)}); err == nil {
			t.Errorf("ranges %s are accepted", bad)
		}
	}
}

// slowLookup goes through everything, in order, every time.
func slowLookup(c Config, a netip.Addr) Place {
	a = a.Unmap()
	if netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
		s := a.As16()
		a = netip.AddrFrom4([4]byte(s[12:]))
	}
	p := Place{Scope: slowScope(a)}
	for _, l := range c.Lists {
		for _, block := range l.Prefixes {
			if block.Contains(a) && p.List == "" && p.Scope == Internet {
				p.List = l.Name
			}
		}
	}
	bits := -1
	for _, n := range c.Networks {
		for _, block := range n.Prefixes {
			if block.Contains(a) && block.Bits() > bits {
				bits, p.Network, p.Zone, p.Trusted = block.Bits(), n.Name, n.Zone, n.Trusted
				p.Scope = slowScope(a)
				if n.Own && p.Scope != Private {
					p.Scope = Own
				}
			}
		}
	}
	return p
}

// Tables and a search through everything agree, on the ends of every block and just beyond, and on addresses of chance.
func TestLookupAgreesWithSlow(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		random := func() netip.Addr {
			if r.IntN(3) == 0 {
				return netip.AddrFrom16([16]byte{0x26, 0, 0x1f, byte(r.IntN(4)), byte(r.IntN(4)), 15: byte(r.IntN(8))})
			}
			return netip.AddrFrom4([4]byte{byte(8 + r.IntN(4)), byte(r.IntN(4)), byte(r.IntN(4)), byte(r.IntN(256))})
		}
		var c Config
		var ends []netip.Addr
		taken := map[netip.Prefix]bool{}
		block := func() netip.Prefix {
			for {
				a := random()
				p, _ := a.Prefix(a.BitLen()/4 + r.IntN(a.BitLen()*3/4+1))
				if !taken[p] && !wide(p) {
					ends = append(ends, p.Addr(), p.Addr().Prev(), last(p), last(p).Next())
					return p
				}
			}
		}
		for i := range 30 {
			n := Network{Name: fmt.Sprint("n", i), Zone: fmt.Sprint("z", r.IntN(3)), Trusted: r.IntN(2) == 0, Own: r.IntN(2) == 0}
			for range 1 + r.IntN(3) {
				p := block()
				taken[p] = true
				n.Prefixes = append(n.Prefixes, p)
			}
			c.Networks = append(c.Networks, n)
		}
		for i := range 4 {
			l := &List{Name: fmt.Sprint("l", i)}
			for range 20 {
				l.Prefixes = append(l.Prefixes, block())
			}
			c.Lists = append(c.Lists, l)
		}
		b := newBook(t, c)
		for range 2000 {
			ends = append(ends, random())
		}
		for _, a := range ends {
			if got, want := b.Lookup(a), slowLookup(c, a); a.IsValid() && got != want {
				t.Fatalf("seed %d: %s is %+v, want %+v", seed, a, got, want)
			}
		}
	}
}

func TestReadList(t *testing.T) {
	l, err := ReadList("bad.txt", []byte("\ufeff# drop\r\n45.9.148.0/24 ; SBL1\r\n\r\n45.9.149.3\t# a comment\n2a0e:b107::/32,x\n::ffff:45.9.150.1\n"+
		"not an address\n0.0.0.0/0\n10.0.0.0/8\n45.9.151.7/24\n300.1.1.1\nfe80::1%eth0\n::/0"))
	if err != nil {
		t.Fatal(err)
	}
	want := &List{Name: "bad.txt", Inside: 1,
		Prefixes: blocks("45.9.148.0/24", "45.9.149.3/32", "2a0e:b107::/32", "45.9.150.1/32", "45.9.151.0/24"),
		Bad: []*LineError{{"bad.txt", 7, "not", errNoAddress}, {"bad.txt", 8, "0.0.0.0/0", errWide}, {"bad.txt", 11, "300.1.1.1", errNoAddress},
			{"bad.txt", 12, "fe80::1%eth0", errNoAddress}, {"bad.txt", 13, "::/0", errWide}},
	}
	if diff := cmp.Diff(want, l, cmpopts.EquateComparable(netip.Prefix{}, LineError{})); diff != "" {
		t.Error(diff)
	}
	if got := l.Bad[1].Error(); got != `bad.txt:8: "0.0.0.0/0": wider than /8 of IPv4 or /16 of IPv6` {
		t.Error(got)
	}
	if l, err := ReadList("empty", []byte("# nothing today\n\n")); err != nil || len(l.Prefixes) > 0 {
		t.Errorf("an empty list: %v, %v", l, err)
	}
	if l, err := ReadList("page.html", []byte("<html>\n<body>\n")); err == nil {
		t.Errorf("a page is a list: %v", l)
	}
}

// An address that two lists have is of the first, however narrow the other's block is.
func TestFirstList(t *testing.T) {
	b := newBook(t, Config{Lists: []*List{{Name: "one", Prefixes: blocks("45.9.0.0/16", "46.0.0.1/32")}, {Name: "two", Prefixes: blocks("45.9.148.7/32", "46.0.0.0/24")}}})
	for in, want := range map[string]string{"45.9.148.7": "one", "45.9.148.8": "one", "46.0.0.1": "one", "46.0.0.2": "two", "46.0.1.0": "", "10.0.0.1": ""} {
		if got := b.Lookup(addr(in)).List; got != want {
			t.Errorf("%s is on %q, want %q", in, got, want)
		}
	}
	if got := b.Explain(addr("45.9.148.7")).Lists; !cmp.Equal(got, []string{"one", "two"}) {
		t.Errorf("lists %q", got)
	}
}

func FuzzReadList(f *testing.F) {
	f.Add([]byte("45.9.148.0/24 ; SBL1\n# x\n2a0e::/32\n0.0.0.0/0\n"), []byte{45, 9, 148, 1})
	f.Add([]byte("::ffff:45.9.148.0/120\n64:ff9b::1.2.3.4"), []byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, text, at []byte) {
		l, err := ReadList("x", text)
		if err != nil {
			return
		}
		c := Config{Lists: []*List{l}}
		b := newBook(t, c)
		a, ok := netip.AddrFromSlice(at)
		if !ok {
			return
		}
		if got, want := b.Lookup(a), slowLookup(c, a); got != want {
			t.Errorf("%s is %+v, want %+v", a, got, want)
		}
		for _, p := range l.Prefixes {
			if got, want := b.Lookup(p.Addr()), slowLookup(c, p.Addr()); got != want {
				t.Errorf("%s is %+v, want %+v", p.Addr(), got, want)
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() netip.Addr {
		return netip.AddrFrom4([4]byte{byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
	}
	list := &List{Name: "threats"}
	for range 100_000 {
		a := random()
		list.Prefixes = append(list.Prefixes, netip.PrefixFrom(a, 32))
	}
	c := Config{Lists: []*List{list}, Networks: []Network{{Name: "n", Prefixes: blocks("10.0.0.0/8", "52.0.0.0/11")}}}
	addresses := make([]netip.Addr, 1024)
	for i := range addresses {
		addresses[i] = random()
	}
	for _, x := range []struct {
		name         string
		country, asn []byte
	}{{"tables", nil, nil}, {"mmdb", testMMDB("C", map[string]any{"country": map[string]any{"iso_code": "DE"}}), testMMDB("A", map[string]any{"autonomous_system_number": uint32(64496)})}} {
		c.Country, c.ASN = x.country, x.asn
		book := newBook(b, c)
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				book.Lookup(addresses[i&1023])
				i++
			}
		})
	}
}
