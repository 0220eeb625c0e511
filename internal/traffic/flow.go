package traffic

import "net/netip"

// Protocols and flag masks of a record.
const (
	icmp = 1
	tcp  = 6
	udp  = 17

	fin    = 1
	syn    = 2
	rst    = 4
	synAck = 18
)

// verdict is what the security groups make of a flow.
type verdict uint8

const (
	allowed   verdict = iota
	refused           // at the server's interface
	notLetOut         // at the client's interface
)

// end is one end of a flow: an interface of ours, or a host of the internet.
type end struct {
	h    *iface
	addr netip.Addr
}

func (h *iface) end() end              { return end{h, h.addr} }
func outside(a netip.Addr) end         { return end{nil, a} }
func (h *iface) second() end           { return end{h, h.secondary} }
func (h *iface) end6() end             { return end{h, h.v6} }
func (h *iface) accepts(p uint16) bool { return has(h.open, p) }

func has(list []uint16, p uint16) bool {
	for _, q := range list {
		if q == p {
			return true
		}
	}
	return false
}

// flow is what two ends did in one tick. Packets and bytes of the server are 0 if it never answered.
type flow struct {
	client, server   end
	cport, sport     uint16
	proto            uint8
	cflags, sflags   uint8
	cpackets, cbytes int64
	spackets, sbytes int64
	verdict          verdict
	label            uint16

	path    uint8 // of what leaves us, if it is not the usual one
	plain   bool
	blocked bool
}

// emit writes the records that a flow leaves: at each interface of ours that it passes, one for each direction.
func (t *tick) emit(f flow) {
	if f.label == 0 {
		f.label = t.mark
	}
	f.settle(&t.r)
	switch {
	case f.client.h != nil && f.server.h != nil:
		t.internal(&f)
	case f.client.h != nil:
		t.outbound(&f)
	default:
		t.inbound(&f)
	}
}

// settle keeps bytes within what packets can carry, 28 or 40 to 1,500 each, and off the exact multiples of packets
// that no real record shows.
func (f *flow) settle(r *rng) {
	least := int64(40)
	if f.proto != tcp {
		least, f.cflags, f.sflags = 28, 0, 0
	}
	if f.proto != tcp && f.proto != udp {
		f.cport, f.sport = 0, 0
	}
	within := func(packets, bytes int64) int64 {
		if bytes > 1490*packets {
			bytes = int64(r.between(1380, 1490)) * packets
		}
		if packets > 3 && bytes%packets == 0 && f.proto != icmp {
			bytes -= int64(r.intn(int(packets)))
		}
		return max(bytes, least*packets)
	}
	f.cbytes, f.sbytes = within(f.cpackets, f.cbytes), within(f.spackets, f.sbytes)
}

// seen is how an interface shows an end in srcaddr and dstaddr: itself always by its primary private IPv4.
func seen(e end) netip.Addr {
	if e.h != nil && e.addr.Is4() {
		return e.h.addr
	}
	return e.addr
}

// request and reply build the two records of a flow; the caller says where.
func (f *flow) request() record {
	return record{src: seen(f.client), dst: seen(f.server), psrc: f.client.addr, pdst: f.server.addr,
		sport: f.cport, dport: f.sport, proto: f.proto, flags: f.cflags, packets: f.cpackets, bytes: f.cbytes, label: f.label, plain: f.plain, blocked: f.blocked}
}

func (f *flow) reply() record {
	return record{src: seen(f.server), dst: seen(f.client), psrc: f.server.addr, pdst: f.client.addr,
		sport: f.sport, dport: f.cport, proto: f.proto, flags: f.sflags, packets: f.spackets, bytes: f.sbytes, label: f.label, plain: f.plain}
}

func (t *tick) put(h *iface, r record) { t.out[h.index] = append(t.out[h.index], r) }

func (t *tick) leaves(h *iface, r record, path uint8) {
	r.egress, r.path = true, path
	t.put(h, r)
}

func (t *tick) enters(h *iface, r record) { t.put(h, r) }

func (t *tick) internal(f *flow) {
	c, s := f.client.h, f.server.h
	path := uint8(1)
	if c.vpc != s.vpc {
		path = 4
	}
	q := f.request()
	if f.verdict == notLetOut {
		q.reject = true
		t.leaves(c, q, path)
		return
	}
	t.leaves(c, q, path)
	if f.verdict == refused {
		q.reject = true
		t.enters(s, q)
		return
	}
	t.enters(s, q)
	if f.spackets > 0 {
		a := f.reply()
		t.leaves(s, a, path)
		t.enters(c, a)
	}
}

func (t *tick) inbound(f *flow) {
	q := f.request()
	q.reject = f.verdict != allowed
	t.enters(f.server.h, q)
	if !q.reject && f.spackets > 0 {
		t.leaves(f.server.h, f.reply(), 8)
	}
}

func (t *tick) outbound(f *flow) {
	c := f.client.h
	q, a := f.request(), f.reply()
	if f.verdict == notLetOut {
		q.reject = true
	}
	path, nat := uint8(8), (*iface)(nil)
	switch svc := awsService(f.server.addr); {
	case f.server.addr.IsPrivate(): // an address of ours that nobody has
		path = 1
		if f.server.addr.Is4() && !c.vpc.cidr.Contains(f.server.addr) {
			path = 4
		}
	case svc == "S3", svc == "DYNAMODB":
		path = 7 // every route table here has the gateway endpoints
	case !c.public && f.server.addr.Is4():
		path, nat = 1, c.vpc.nat
	}
	if f.path > 0 {
		path, nat = f.path, nil
	}
	t.leaves(c, q, path)
	if q.reject {
		return
	}
	answered := f.spackets > 0
	if nat != nil {
		t.throughNAT(nat, f, q, a, answered)
	}
	if answered {
		t.enters(c, a)
	}
}

// throughNAT writes what a zonal NAT gateway's interface logs: both halves of the way, with the far end in pkt-*.
// AWS VPC User Guide, "Flow log record examples", Traffic through a NAT gateway.
func (t *tick) throughNAT(nat *iface, f *flow, q, a record, answered bool) {
	port := uint16(1024 + hash(uint64(f.cport), uint64(f.client.h.index), uint64(f.sport))%64511)
	if f.proto == icmp {
		port = 0
	}
	near := q
	near.dst = nat.addr // and pdst the internet host
	t.enters(nat, near)
	far := q
	far.src, far.psrc, far.sport = nat.addr, nat.addr, port
	t.leaves(nat, far, 8)
	if !answered {
		return
	}
	back := a
	back.dst, back.pdst, back.dport = nat.addr, nat.addr, port
	t.enters(nat, back)
	home := a
	home.src = nat.addr // and psrc the internet host
	t.leaves(nat, home, 1)
}
