package traffic

import "net/netip"

// habits is what the company does all day, one function each. A habit gets the tick with a random source of its own,
// so that adding one at the end does not change what the others do.
var habits = []func(*tick){
	noise, guessing, web, backends, services, storage, agents, monitoring, names, clocks, people, build, backup,
	patching, checks, mistakes, dualStack, outposts,
}

// web is the visitors of the load balancers and of the small public sites.
func web(t *tick) {
	for _, role := range []string{"lb", "blog"} {
		for _, h := range t.w.roles[role] {
			rate := 9.0
			if role == "blog" {
				rate = 1.5
			}
			if h.name == "lb-1" {
				t.mark = t.w.marks["web"]
			}
			for range t.r.poisson(rate * t.w.rate * t.minutes() * t.day()) {
				t.visit(h, role == "lb")
			}
			t.mark = 0
		}
	}
}

// visitors is how many people and robots know our sites.
const visitors = 20000

func (t *tick) visit(h *iface, balanced bool) {
	r := &t.r
	who := uint64(r.rank(visitors))
	from, to := outside(public(hash(t.w.cfg.Seed, who, 'v'))), h.end()
	if h.v6.IsValid() && who%6 == 0 {
		from, to = outside(public6(hash(t.w.cfg.Seed, who, 'v'))), h.end6()
	}
	f := flow{client: from, server: to, cport: uint16(r.between(1024, 65535)), sport: 443, proto: tcp,
		cflags: syn | fin, sflags: synAck | fin}
	if r.intn(8) == 0 {
		f.sport = 80
	}
	t.web(&f)
	t.emit(f)
	if r.intn(120) == 0 { // a packet after the connection was closed is a REJECT too
		late := f
		late.verdict, late.cflags, late.cpackets, late.cbytes = refused, rst, 1, 40
		t.emit(late)
	}
	if webs := t.w.roles["web"]; balanced && r.intn(3) == 0 {
		inner := f
		inner.client, inner.server = h.end(), webs[r.intn(len(webs))].end()
		inner.cport, inner.sport = uint16(r.between(1024, 65535)), 8080
		t.emit(inner)
	}
}

// web sets the size of one visit: 7 to 9 packets each way in the median, a heavy tail in what is sent back.
func (t *tick) web(f *flow) {
	r := &t.r
	f.spackets = 3 + r.size(7, 1.3)
	f.sbytes = f.spackets * int64(r.between(90, 1300))
	f.cpackets = 3 + f.spackets*int64(r.between(40, 100))/100
	f.cbytes = f.cpackets * int64(r.between(52, 140))
	if f.sport == 80 { // a redirect
		f.cpackets, f.cbytes, f.spackets, f.sbytes = 6, 420, 5, 690
	}
}

// backends are the pools of connections behind the web servers: few pairs, long-lived.
func backends(t *tick) {
	apps := t.w.roles["app"]
	for i, h := range t.w.roles["lb"] {
		for j, s := range t.w.roles["web"] {
			if webs := len(t.w.roles["web"]); (j+webs-i%webs)%webs >= 4 { // a balancer has its own few
				continue
			}
			t.pooled(h, s.end(), 8080, uint64(i*1000+j), 1, 3600, 0.3, 12, 90, 60)
		}
	}
	for i, h := range t.w.roles["web"] {
		a := apps[i%len(apps)]
		to := a.end()
		if a.secondary.IsValid() && i%2 == 0 {
			to = a.second()
		}
		t.pooled(h, to, 8443, uint64(i), 1, 1800, 0.8, 60, 400, 700)
	}
	for i, h := range apps {
		t.pooled(h, t.w.named("db-1").end(), 5432, uint64(i), 1, 7200, 0.7, 40, 180, 900)
		t.pooled(h, t.w.one("cache").end(), 6379, uint64(i), 1, 14400, 0.5, 90, 110, 240)
	}
	for i, h := range t.w.roles["worker"] {
		t.pooled(h, t.w.named("db-2").end(), 5432, uint64(i), 1, 7200, 0.5, 80, 160, 1300)
		t.pooled(h, t.w.one("cache").end(), 6379, uint64(i), 1, 14400, 0.4, 30, 90, 90)
	}
	t.pooled(t.w.named("db-1"), t.w.named("db-2").end(), 5432, 0, 1, 86400, 0.7, 300, 900, 52)
	// What only comes with more business.
	for _, h := range apps {
		for range t.r.poisson(1.2 * (t.w.rate - 0.1) * t.minutes() * t.day()) {
			s := t.w.named("db-2")
			if t.r.intn(3) > 0 {
				s = t.w.one("cache")
			}
			port := map[string]uint16{"db": 5432, "cache": 6379}[s.role]
			t.call(h.end(), s.end(), port, 8, 70, 200)
		}
	}
}

// pooled plays n connections that live for some seconds each and talk in some of the ticks. Which port a connection
// has, and whether it is opened or closed now, follows from the time alone.
func (t *tick) pooled(c *iface, s end, port uint16, key uint64, n int, life int64, active, packets float64, up, down int64) {
	for j := range n {
		who := hash(t.w.seed, uint64(c.index), key, uint64(port), uint64(j))
		shift := int64(who % uint64(life))
		epoch := (t.start + shift) / life
		opened := t.start == t.first || (t.start-t.dur+shift)/life != epoch
		closed := (t.start+t.dur+shift)/life != epoch
		if !opened && !closed && !t.r.chance(active) {
			continue
		}
		q := newRNG(who, uint64(epoch))
		f := flow{client: c.end(), server: s, cport: q.port(), sport: port, proto: tcp}
		if opened {
			f.cflags, f.sflags = f.cflags|syn, f.sflags|synAck
		}
		if closed {
			f.cflags, f.sflags = f.cflags|fin, f.sflags|fin
		}
		f.cpackets = 1 + t.r.size(packets*t.day(), 0.6)
		f.spackets = 1 + f.cpackets*int64(t.r.between(70, 110))/100
		f.cbytes, f.sbytes = f.cpackets*(40+up*int64(t.r.between(60, 140))/100), f.spackets*(40+down*int64(t.r.between(60, 140))/100)
		t.emit(f)
	}
}

// call is one short connection: opened, used and closed.
func (t *tick) call(c, s end, port uint16, packets float64, up, down int64) {
	r := &t.r
	f := flow{client: c, server: s, cport: r.port(), sport: port, proto: tcp, cflags: syn | fin, sflags: synAck | fin}
	f.cpackets = 4 + r.size(packets, 0.5)
	f.spackets = 4 + r.size(packets, 0.7)
	f.cbytes = f.cpackets * (40 + up*int64(r.between(60, 140))/100)
	f.sbytes = f.spackets * (40 + down*int64(r.between(60, 140))/100)
	t.emit(f)
}

// services are the calls of ours to partners on the internet: payment, mail, maps.
func services(t *tick) {
	for _, role := range []string{"app", "worker"} {
		for _, h := range t.w.roles[role] {
			for range t.r.poisson(0.35 * t.w.rate * t.minutes() * t.day()) {
				t.call(h.end(), outside(partner(uint64(t.r.rank(12)))), 443, 10, 180, 420)
			}
		}
	}
}

// storage is S3 and DynamoDB through gateway endpoints.
func storage(t *tick) {
	for _, role := range []string{"app", "worker", "log", "ci"} {
		for _, h := range t.w.roles[role] {
			for range t.r.poisson(0.5 * t.w.rate * t.minutes() * t.day()) {
				to := s3(uint64(t.r.rank(96)))
				up, down := int64(120), int64(1100)
				if t.r.intn(3) == 0 {
					up, down = 1300, 60
				}
				if role == "app" && t.r.intn(2) == 0 {
					to, up, down = dynamo(uint64(t.r.rank(24))), 250, 500
				}
				t.call(h.end(), outside(to), 443, 14, up, down)
			}
		}
	}
}

// agents is what every instance has to say to AWS, by the clock: 22 and 24 packets, 5,603 and 7,218 bytes, for hours
// and hours. A beacon rule must live with it. In the first VPC an interface endpoint takes the calls.
func agents(t *tick) {
	for _, h := range t.w.hosts {
		period := int64(600)
		if h.name == "idle-1" || h.name == "blog-1" {
			period = 60
		}
		if h.role == "canary" || h.role == "redis" {
			period = 900
		}
		t.mark = 0
		if h.role == "idle" {
			t.mark = t.w.marks["agents"]
		}
		t.every(period, int64(hash(t.w.seed, uint64(h.index))%uint64(period)), 0, func(k, _ int64) {
			to := outside(agentHost(uint64(h.index) + uint64(k/200)))
			if v := h.vpc; v.agent != nil && !h.public && v.agent != h {
				to = v.agent.end()
			}
			t.emit(flow{client: h.end(), server: to, cport: t.r.port(), sport: 443, proto: tcp,
				cflags: syn | fin, sflags: synAck | fin, cpackets: 22, cbytes: 5603, spackets: 24, sbytes: 7218})
		})
	}
}

// monitoring scrapes every host from the other VPC, and pings some: a fan-out that is no scan.
func monitoring(t *tick) {
	mon := t.w.one("mon")
	for _, h := range t.w.hosts {
		if h == mon || h.role == "canary" || h.role == "redis" {
			continue
		}
		t.every(600, int64(hash(uint64(h.index), 'm')%600), 0, func(k, _ int64) {
			t.mark = t.w.marks["monitoring"]
			t.call(mon.end(), h.end(), 9100, 12, 60, 1200)
			t.mark = 0
			if h.index%4 == 0 {
				t.emit(flow{client: mon.end(), server: h.end(), proto: icmp, cpackets: 3, cbytes: 252, spackets: 3, sbytes: 252})
			}
		})
	}
}

// names is DNS: hosts ask our own resolver (queries to Amazon's are never logged), which asks the internet.
func names(t *tick) {
	dns := t.w.one("dns")
	ask := func(c, s end, up, down int64) {
		t.emit(flow{client: c, server: s, cport: t.r.port(), sport: 53, proto: udp,
			cpackets: 1, cbytes: up, spackets: 1, sbytes: down})
	}
	for _, h := range t.w.hosts {
		if h == dns || h.role == "canary" || h.role == "idle" || h.role == "redis" {
			continue
		}
		for range t.r.poisson(0.12 * t.w.rate * t.minutes() * t.day()) {
			ask(h.end(), dns.end(), int64(t.r.between(60, 90)), int64(t.r.between(90, 260)))
			if t.r.intn(4) == 0 {
				t.mark = t.w.marks["names"]
				ask(dns.end(), outside(nameHost(uint64(t.r.rank(40)))), int64(t.r.between(70, 100)), int64(t.r.between(120, 700)))
				t.mark = 0
			}
		}
	}
}

// clocks is NTP: one packet of 76 bytes each way. Amazon's own time host is never logged, these are the pool's.
func clocks(t *tick) {
	for _, h := range t.w.hosts {
		if h.role == "canary" || h.index%3 > 0 {
			continue
		}
		t.mark = 0
		if h.name == "worker-1" {
			t.mark = t.w.marks["clocks"]
		}
		t.every(1024, int64(hash(uint64(h.index), 'n')%1024), 40, func(k, _ int64) {
			t.emit(flow{client: h.end(), server: outside(timeHost(uint64(h.index))), cport: 123, sport: 123, proto: udp,
				cpackets: 1, cbytes: 76, spackets: 1, sbytes: 76})
		})
	}
}

// people is the admins from the office over the bastion, and the developers' machines.
func people(t *tick) {
	if t.hour() < 7 || t.hour() > 19 || t.weekend() {
		return
	}
	b := t.w.one("bastion")
	t.mark = t.w.marks["office"]
	for i := range 2 {
		t.pooledFrom(office(uint64(i)), b, 22, uint64(i))
	}
	t.mark = 0
	inside := []*iface{t.w.one("app"), t.w.one("web"), t.w.one("worker")}
	if t.r.chance(0.05 * t.minutes()) {
		t.call(b.end(), inside[t.r.intn(3)].end(), 22, 60, 90, 300)
	}
	files := t.w.one("files")
	for i, h := range t.w.roles["dev"] {
		t.pooled(h, files.end(), 445, uint64(i), 1, 14400, 0.2, 60, 300, 700)
		for range t.r.poisson(0.3 * t.w.rate * t.minutes() * t.day()) {
			t.call(h.end(), outside(cdn(uint64(t.r.rank(48)))), 443, 20, 100, 1100)
		}
	}
}

// pooledFrom is a session of an admin from outside, about half an hour long.
func (t *tick) pooledFrom(from netip.Addr, h *iface, port uint16, key uint64) {
	q := newRNG(t.w.seed, uint64(t.start/1800), key, uint64(port))
	if q.intn(3) > 0 {
		return
	}
	f := flow{client: outside(from), server: h.end(), cport: q.port(), sport: port, proto: tcp}
	if (t.start-t.dur)/1800 != t.start/1800 {
		f.cflags, f.sflags = syn, synAck
	}
	if (t.start+t.dur)/1800 != t.start/1800 {
		f.cflags, f.sflags = f.cflags|fin, f.sflags|fin
	}
	f.cpackets = 1 + t.r.size(60, 0.8)
	f.spackets = 1 + f.cpackets*9/10
	f.cbytes, f.sbytes = f.cpackets*90, f.spackets*int64(t.r.between(110, 400))
	t.emit(f)
}

// build is continuous integration: git over ssh, packages, deployments over ssh to the hosts.
func build(t *tick) {
	ci := t.w.one("ci")
	t.mark = t.w.marks["build"]
	for range t.r.poisson(0.3 * t.minutes() * t.day()) {
		t.call(ci.end(), outside(gitHost), 22, 30, 80, 900)
	}
	if at := t.start % 5820; at < t.dur { // a deployment every 97 minutes
		for _, role := range []string{"app", "web", "worker"} {
			for _, h := range t.w.roles[role] {
				t.call(ci.end(), h.end(), 22, 120, 1100, 60)
			}
		}
	}
}

// backup runs at night: the database to S3, the files to the backup host.
func backup(t *tick) {
	if h := t.hour(); h < 2 || h >= 2.5 {
		return
	}
	t.mark = t.w.marks["backup"]
	for i := range 3 {
		packets := int64(float64(t.r.between(12000, 20000)) * t.minutes())
		t.emit(flow{client: t.w.named("db-2").end(), server: outside(s3(uint64(i))), cport: uint16(40000 + i), sport: 443, proto: tcp,
			cpackets: packets, cbytes: packets * 1440, spackets: packets / 3, sbytes: packets / 3 * 52})
	}
	t.mark = 0
	packets := int64(float64(t.r.between(4000, 6000)) * t.minutes())
	t.emit(flow{client: t.w.one("backup").end(), server: t.w.one("files").end(), cport: 40871, sport: 873, proto: tcp,
		cpackets: packets / 2, cbytes: packets / 2 * 52, spackets: packets, sbytes: packets * 1440})
}

// patching is each host's daily update from a mirror, some of it many megabytes.
func patching(t *tick) {
	for _, h := range t.w.hosts {
		if h.role == "canary" {
			continue
		}
		t.every(86400, 4*3600+int64(hash(uint64(h.index), 'p')%3600), 0, func(_, _ int64) {
			t.mark = 0
			if h.name == "app-1" {
				t.mark = t.w.marks["patching"]
			}
			down := 20 + t.r.size(900, 1)
			t.emit(flow{client: h.end(), server: outside(mirror(uint64(h.index))), cport: t.r.port(), sport: 443, proto: tcp,
				cflags: syn | fin, sflags: synAck | fin, cpackets: 10 + down/2, cbytes: (10 + down/2) * 56, spackets: down, sbytes: down * 1420})
		})
	}
}

// checks are Route 53's health checkers at the public sites, from everywhere at once, every half minute.
func checks(t *tick) {
	h := t.w.one("blog")
	t.mark = t.w.marks["checks"]
	for i := range 3 {
		t.every(120, int64(i*37), 0, func(k, _ int64) {
			t.emit(flow{client: outside(checker(uint64(k*3 + int64(i)))), server: h.end(), cport: uint16(t.r.between(1024, 65535)),
				sport: 443, proto: tcp, cflags: syn | fin, sflags: synAck | fin, cpackets: 6, cbytes: 620, spackets: 5, sbytes: 3300})
		})
	}
}

// mistakes are the few REJECTs of a private network: an old agent that looks for a host, now and then.
func mistakes(t *tick) {
	for range t.r.poisson(0.05 * t.minutes()) {
		t.emit(flow{client: t.w.named("worker-1").end(), server: t.w.named("files-1").end(), cport: t.r.port(), sport: 2003,
			proto: tcp, cflags: syn, cpackets: 3, cbytes: 180, verdict: refused})
	}
	t.every(600, 77, 0, func(_, _ int64) { // logs are shipped all the time, in small pieces
		for i, h := range t.w.roles["app"] {
			t.pooled(h, t.w.one("log").end(), 5044, uint64(i), 1, 21600, 1, 40, 900, 20)
		}
	})
}

// dualStack is the traffic between our own IPv6 addresses.
func dualStack(t *tick) {
	dns := t.w.one("dns")
	for _, h := range t.w.roles["web"] {
		for range t.r.poisson(0.1 * t.w.rate * t.minutes()) {
			t.emit(flow{client: h.end6(), server: dns.end6(), cport: t.r.port(), sport: 53, proto: udp,
				cpackets: 1, cbytes: 92, spackets: 1, sbytes: 180})
		}
	}
}

// outposts is what the instances with a public address do besides being probed: they call partners and, if they are a
// Redis, are called by the applications.
func outposts(t *tick) {
	for _, h := range t.w.hosts {
		if !h.public {
			continue
		}
		for range t.r.poisson(1.7 * t.w.rate * t.minutes()) {
			t.call(h.end(), outside(partner(uint64(t.r.rank(12)))), 443, 9, 150, 600)
		}
		if h.role == "redis" {
			for i, a := range t.w.roles["app"] {
				t.pooled(a, h.end(), 6379, uint64(i), 1, 14400, 0.3, 40, 110, 240)
			}
		}
	}
}
