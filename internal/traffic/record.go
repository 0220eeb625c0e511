package traffic

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"weir/flowlog"
)

// record is one line of a log, without what its interface and window say.
type record struct {
	src, dst, psrc, pdst netip.Addr
	packets, bytes       int64
	sport, dport         uint16
	proto, flags         uint8
	path                 uint8 // 0: none
	egress, reject       bool
	plain                bool // not encrypted on the way
	blocked              bool // by block public access, not by a security group
	status               uint8
	label                uint16 // index into world.labels, from 1
}

const (
	statusOK = iota
	statusNoData
	statusSkipData
)

// run is what one interface logged in one window. All its records share start and end, as AWS's do.
type run struct {
	h          *iface
	start, end int64
	records    []record
}

// appendField writes one field's value.
type appendField func(b []byte, w *world, n *run, r *record) []byte

func text(get func(w *world, h *iface) string) appendField {
	return func(b []byte, w *world, n *run, _ *record) []byte { return append(b, get(w, n.h)...) }
}

func number(get func(r *record) int64) appendField {
	return func(b []byte, _ *world, _ *run, r *record) []byte {
		if r.status != statusOK {
			return append(b, '-')
		}
		return strconv.AppendInt(b, get(r), 10)
	}
}

func address(get func(r *record) netip.Addr) appendField {
	return func(b []byte, _ *world, _ *run, r *record) []byte {
		if r.status != statusOK {
			return append(b, '-')
		}
		return get(r).AppendTo(b)
	}
}

func service(get func(r *record) netip.Addr) appendField {
	return func(b []byte, _ *world, _ *run, r *record) []byte {
		if r.status != statusOK {
			return append(b, '-')
		}
		return append(b, awsService(get(r))...)
	}
}

func word(get func(r *record) string) appendField {
	return func(b []byte, _ *world, _ *run, r *record) []byte {
		if r.status != statusOK {
			return append(b, '-')
		}
		return append(b, get(r)...)
	}
}

// appenders has the fields that this company's records fill; the others are "-".
var appenders = map[string]appendField{
	"account-id":   text(func(_ *world, h *iface) string { return h.account }),
	"interface-id": text(func(_ *world, h *iface) string { return h.id }),
	"vpc-id":       text(func(_ *world, h *iface) string { return h.vpc.id }),
	"subnet-id":    text(func(_ *world, h *iface) string { return h.subnet }),
	"instance-id":  text(func(_ *world, h *iface) string { return h.instance }),
	"region":       text(func(w *world, _ *iface) string { return w.cfg.Region }),
	"az-id":        text(func(_ *world, h *iface) string { return h.az }),

	"interface-type": text(func(_ *world, h *iface) string { return h.kind }),
	"instance-tag": text(func(_ *world, h *iface) string {
		if h.managed {
			return "-"
		}
		return h.role
	}),
	"encryption-status": word(func(r *record) string {
		if r.plain {
			return "0"
		}
		return "1"
	}),
	"reject-reason": word(func(r *record) string {
		if r.blocked {
			return "BPA"
		}
		return "-"
	}),

	"srcaddr":     address(func(r *record) netip.Addr { return r.src }),
	"dstaddr":     address(func(r *record) netip.Addr { return r.dst }),
	"pkt-srcaddr": address(func(r *record) netip.Addr { return r.psrc }),
	"pkt-dstaddr": address(func(r *record) netip.Addr { return r.pdst }),
	"srcport":     number(func(r *record) int64 { return int64(r.sport) }),
	"dstport":     number(func(r *record) int64 { return int64(r.dport) }),
	"protocol":    number(func(r *record) int64 { return int64(r.proto) }),
	"packets":     number(func(r *record) int64 { return r.packets }),
	"bytes":       number(func(r *record) int64 { return r.bytes }),
	"tcp-flags":   number(func(r *record) int64 { return int64(r.flags) }),

	"start": func(b []byte, _ *world, n *run, _ *record) []byte { return strconv.AppendInt(b, n.start, 10) },
	"end":   func(b []byte, _ *world, n *run, _ *record) []byte { return strconv.AppendInt(b, n.end, 10) },

	"action": word(func(r *record) string {
		if r.reject {
			return "REJECT"
		}
		return "ACCEPT"
	}),
	"log-status": func(b []byte, _ *world, _ *run, r *record) []byte {
		return append(b, [...]string{"OK", "NODATA", "SKIPDATA"}[r.status]...)
	},
	"type": word(func(r *record) string {
		if r.src.Is4() {
			return "IPv4"
		}
		return "IPv6"
	}),
	"pkt-src-aws-service": service(func(r *record) netip.Addr { return r.psrc }),
	"pkt-dst-aws-service": service(func(r *record) netip.Addr { return r.pdst }),
	"flow-direction": word(func(r *record) string {
		if r.egress {
			return "egress"
		}
		return "ingress"
	}),
	"traffic-path": word(func(r *record) string {
		if r.path == 0 {
			return "-"
		}
		return "12345678"[r.path-1 : r.path]
	}),
}

// format turns records into lines.
type format struct {
	header []byte // with the newline
	fields []appendField
}

func newFormat(names []string) (*format, error) {
	f := &format{}
	version := 2
	for i, name := range names {
		field := flowlog.VPC.Field(name)
		if field == nil {
			return nil, fmt.Errorf("field %q: not a field of VPC flow logs", name)
		}
		version = max(version, field.Since)
		if i > 0 {
			f.header = append(f.header, ' ')
		}
		f.header = append(f.header, name...)
	}
	f.header = append(f.header, '\n')
	v := strconv.Itoa(version)
	for _, name := range names {
		a := appenders[name]
		switch {
		case name == "version":
			a = func(b []byte, _ *world, _ *run, _ *record) []byte { return append(b, v...) }
		case a == nil:
			a = func(b []byte, _ *world, _ *run, _ *record) []byte { return append(b, '-') }
		}
		f.fields = append(f.fields, a)
	}
	return f, nil
}

// with is the format with one field more, of which nobody knows what it means.
func (f *format) with(name, value string) *format {
	header := append(bytes.TrimSuffix(slices.Clone(f.header), []byte("\n")), " "+name+"\n"...)
	constant := func(b []byte, _ *world, _ *run, _ *record) []byte { return append(b, value...) }
	return &format{header: header, fields: append(slices.Clone(f.fields), constant)}
}

func (f *format) append(b []byte, w *world, n *run) []byte {
	for i := range n.records {
		r := &n.records[i]
		for j, a := range f.fields {
			if j > 0 {
				b = append(b, ' ')
			}
			b = a(b, w, n, r)
		}
		b = append(b, '\n')
	}
	return b
}
