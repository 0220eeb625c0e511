package traffic

import (
	"fmt"
	"net/netip"
	"strings"
)

// iface is one network interface of the made-up company.
type iface struct {
	index    int
	name     string // ours, for labels and tests: "redis-1"
	role     string // "redis"
	id       string
	instance string // "-" if requester-managed
	account  string // "unknown" for some requester-managed ones
	subnet   string
	az       string
	kind     string // AWS's interface-type, or "-"
	vpc      *vpc

	addr      netip.Addr
	secondary netip.Addr // not valid if it has none
	v6        netip.Addr // not valid if it has none

	public  bool     // has an address on the internet, so gets its noise
	managed bool     // belongs to an AWS service
	open    []uint16 // TCP ports that its security group opens to everybody
	told    []uint16 // TCP ports that the noise leaves alone, since an attack makes all their traffic
	noisy   float64  // how much more than others it is probed

	silentFrom, silentTo int64 // epoch seconds in which it is not logged at all
	skipFrom, skipTo     int64 // and in which each window lost records
	skipLabel            uint16
	acceptsFrom          int64 // from when on only ACCEPT is logged; 0: never
}

type vpc struct {
	index int
	id    string
	cidr  netip.Prefix
	nat   *iface
	agent *iface // interface endpoint of the agents, or nil

	next map[string]uint32 // by subnet, the last address given
}

// world is the company in one account: hosts and habits, fixed for a whole run.
type world struct {
	cfg     *Config
	account string
	seed    uint64
	rate    float64 // how busy everybody is; set by calibrate

	ifaces []*iface
	vpcs   []*vpc
	roles  map[string][]*iface
	hosts  []*iface // the instances: what runs an agent

	labels    []*Label
	marks     map[string]uint16 // labels of habits that look like attacks, by name
	scenarios []func(*tick)

	driftFrom        int64 // epoch seconds from which objects have a field more; 0: never
	lateFrom, lateTo int64 // and in which objects are delivered late
}

// cast lists the hosts that exist in every world. Attacks and habits count on them.
var cast = []struct {
	name, subnet string
}{
	{"nat-1", "prod/public-a"}, {"lb-1", "prod/public-a"}, {"lb-2", "prod/public-b"},
	{"bastion-1", "prod/public-a"}, {"blog-1", "prod/public-b"},
	{"redis-1", "prod/public-a"}, {"redis-2", "prod/public-b"},
	{"endpoint-1", "prod/private-a"}, {"web-1", "prod/private-a"}, {"web-2", "prod/private-b"},
	{"app-1", "prod/private-a"}, {"app-2", "prod/private-b"}, {"worker-1", "prod/private-a"},
	{"dns-1", "prod/private-a"}, {"files-1", "prod/private-b"},
	{"db-1", "prod/data-a"}, {"db-2", "prod/data-b"}, {"cache-1", "prod/data-a"},
	{"idle-1", "prod/private-b"}, {"canary-1", "prod/data-b"},
	{"nat-2", "tools/public-a"}, {"win-1", "tools/public-a"}, {"ntp-1", "tools/public-a"},
	{"ci-1", "tools/private-a"}, {"mon-1", "tools/private-a"}, {"log-1", "tools/private-a"},
	{"backup-1", "tools/private-a"}, {"dev-1", "tools/private-a"}, {"dev-2", "tools/private-a"},
}

// more is what a larger company has more of, over and over.
var more = []string{"app", "worker", "web", "app", "dev", "blog", "app", "worker", "web", "app", "lb", "worker", "bastion"}

var subnets = map[string]string{
	"prod/public-a": "10.20.0.0/20", "prod/public-b": "10.20.16.0/20",
	"prod/private-a": "10.20.64.0/20", "prod/private-b": "10.20.80.0/20",
	"prod/data-a": "10.20.128.0/20", "prod/data-b": "10.20.144.0/20",
	"tools/public-a": "10.30.0.0/20", "tools/private-a": "10.30.64.0/20",
}

func newWorld(cfg *Config, account string, first bool) (*world, error) {
	w := &world{cfg: cfg, account: account, rate: 1, roles: map[string][]*iface{}, marks: map[string]uint16{},
		seed: hash(cfg.Seed, hashString(account))}
	for i, cidr := range []string{"10.20.0.0/16", "10.30.0.0/16"} {
		w.vpcs = append(w.vpcs, &vpc{index: i, id: w.id("vpc", cidr), cidr: netip.MustParsePrefix(cidr), next: map[string]uint32{}})
	}
	for _, c := range cast {
		w.add(c.name, c.subnet)
	}
	count := map[string]int{}
	for _, h := range w.ifaces {
		count[h.role]++
	}
	for i := 0; len(w.ifaces) < cfg.Interfaces; i++ {
		role := more[i%len(more)]
		count[role]++
		subnet := "private"
		switch role {
		case "blog", "lb", "bastion":
			subnet = "public"
		}
		if role == "dev" {
			subnet = "tools/private-a"
		} else {
			subnet = "prod/" + subnet + "-" + string("ab"[i%2])
		}
		w.add(fmt.Sprintf("%s-%d", role, count[role]), subnet)
	}
	if !first {
		return w, nil
	}
	for _, name := range cfg.Attacks {
		a := attackNamed(name)
		if a == nil {
			return nil, fmt.Errorf("attack %q: not known", name)
		}
		w.scenarios = append(w.scenarios, a.play(w, newRNG(w.seed, hashString(name))))
	}
	return w, nil
}

// Hosts gives the private IPv4 address of each interface of the first account, by its name in the made-up company.
func Hosts(cfg Config) (map[string]netip.Addr, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	w, err := newWorld(&cfg, cfg.Accounts[0], true)
	if err != nil {
		return nil, err
	}
	all := map[string]netip.Addr{}
	for _, h := range w.ifaces {
		all[h.name] = h.addr
	}
	return all, nil
}

// id makes an AWS identifier: the prefix and 17 hexadecimal digits, of which the first is 0 as AWS's are.
func (w *world) id(prefix, name string) string {
	return fmt.Sprintf("%s-0%016x", prefix, hash(w.seed, hashString(prefix), hashString(name)))
}

func (w *world) add(name, subnet string) {
	role, _, _ := strings.Cut(name, "-")
	env, zone, _ := strings.Cut(subnet, "/")
	v := w.vpcs[0]
	if env == "tools" {
		v = w.vpcs[1]
	}
	az := 1
	if strings.HasSuffix(zone, "-b") {
		az = 2
	}
	h := &iface{
		index: len(w.ifaces), name: name, role: role, vpc: v,
		id: w.id("eni", name), instance: w.id("i", name), account: w.account,
		subnet: w.id("subnet", subnet), az: zoneID(w.cfg.Region, az), kind: "-",
		public: strings.HasPrefix(zone, "public"),
	}
	r := newRNG(w.seed, hashString(name))
	h.noisy = 0.6 + r.float()
	h.addr = v.address(netip.MustParsePrefix(subnets[subnet]), &r)
	switch role {
	case "nat":
		h.managed, h.kind, v.nat = true, "nat_gateway", h
	case "endpoint":
		h.managed, h.kind, v.agent = true, "vpc_endpoint", h
	case "lb":
		h.managed, h.open = true, []uint16{80, 443}
		h.v6 = w.v6(h)
		if h.index%2 == 0 {
			h.account = "unknown"
		}
	case "db":
		h.managed = true
		if name == "db-1" {
			h.account = "unknown"
		}
	case "bastion":
		if !w.cfg.Guarded {
			h.open = []uint16{22}
		}
	case "blog":
		h.open, h.v6 = []uint16{80, 443}, w.v6(h)
	case "web", "dns":
		h.v6 = w.v6(h)
	case "app":
		if name == "app-1" || h.index%3 == 0 { // several pods or sites on one interface
			h.secondary = v.address(netip.MustParsePrefix(subnets[subnet]), &r)
		}
	}
	if h.managed {
		h.instance = "-"
	} else {
		w.hosts = append(w.hosts, h)
	}
	w.ifaces = append(w.ifaces, h)
	w.roles[role] = append(w.roles[role], h)
}

// address gives the next free address of a subnet, with gaps as in life.
func (v *vpc) address(p netip.Prefix, r *rng) netip.Addr {
	key := p.String()
	if v.next[key] == 0 {
		v.next[key] = 9
	}
	v.next[key] += uint32(r.between(1, 9))
	return addrPlus(p.Addr(), v.next[key])
}

func (w *world) v6(h *iface) netip.Addr {
	b := [16]byte{0x26, 0x00, 0x1f, 0x18, 0x42, byte(0x10 + h.vpc.index)}
	put64(b[8:], hash(w.seed, uint64(h.index), 6))
	return netip.AddrFrom16(b)
}

// one returns the only, or the first, host of a role.
func (w *world) one(role string) *iface { return w.roles[role][0] }

// named returns the host of that name in the cast.
func (w *world) named(name string) *iface {
	for _, h := range w.ifaces {
		if h.name == name {
			return h
		}
	}
	panic("BUG: no host " + name)
}

// zoneID makes AWS's zone ID of a Region: us-east-1 gives use1-az1.
func zoneID(region string, n int) string {
	parts := strings.Split(region, "-")
	if len(parts) < 3 {
		return "-"
	}
	dir := parts[len(parts)-2]
	short := dir[:1]
	for _, two := range []string{"north", "south"} {
		if rest, ok := strings.CutPrefix(dir, two); ok && rest != "" {
			short = two[:1] + rest[:1]
		}
	}
	return fmt.Sprintf("%s%s%s-az%d", parts[0], short, parts[len(parts)-1], n)
}
