package check

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// states are the states of a conversation by rank.
var states = []string{"TRIED", "REACHABLE", "REFUSED", "ANSWERED", "SERVED"}

// given sets what a row does not say.
func (r row) given(column string, v any) {
	if _, ok := r[column]; !ok {
		r[column] = v
	}
}

// giveAll sets many.
func (r row) giveAll(values row) {
	for k, v := range values {
		r.given(k, v)
	}
}

func (r row) text(column string) string {
	s, _ := r[column].(string)
	return s
}

func (r row) number(column string) int64 {
	n, _ := r[column].(int64)
	return n
}

// complete gives a row of a table what it does not say: an ordinary interface, an ordinary hour, and numbers that fit the
// state that it is in. docs/writing-rules.md has the list.
func complete(table string, r row) error {
	first, _ := r["first_seen"].(time.Time)
	if _, ok := r["hour"]; !ok {
		if first.IsZero() {
			return errors.New("a row needs hour or first_seen")
		}
		r["hour"] = first.Truncate(time.Hour)
	}
	h, ok := r["hour"].(time.Time)
	if !ok || h.Truncate(time.Hour) != h {
		return fmt.Errorf("hour %s is not the beginning of an hour", showValue(r["hour"]))
	}
	if table == "addresses" {
		r.giveAll(row{"scope": scopeOf(r.text("address")), "trusted": false})
		return nil
	}
	r.giveAll(row{"account_id": "123456789012", "region": "us-east-1", "vpc_id": "vpc-1", "subnet_id": "subnet-1", "interface_id": "eni-1",
		"first_seen": h})
	if table != "coverage" {
		r.giveAll(row{"instance_id": "i-1", "protocol": int64(6)})
	}
	if t, ok := r["first_seen"].(time.Time); ok {
		r.given("last_seen", t.Add(time.Minute))
	}
	switch table {
	case "conversations":
		return completeConversation(r)
	case "exposures":
		return completeExposure(r)
	case "edges":
		return completeEdge(r)
	}
	r.giveAll(row{"own_address": "10.0.0.10", "records": int64(100), "nodata": int64(0), "skipdata": int64(0), "rejects": int64(0), "bytes_in": int64(100_000),
		"bytes_out": int64(100_000), "packets_in": int64(1000), "packets_out": int64(1000), "internet_bytes_in": int64(0), "internet_bytes_out": int64(0),
		"rejects_in": int64(0), "rejects_out": int64(0), "fields": "account_id,flow_direction,instance_id,pkt_srcaddr,region,subnet_id,tcp_flags,traffic_path,type,vpc_id",
		"interval_seconds": int64(60), "delay_seconds": int64(300), "extra_fields": "", "versions": "5"})
	r.given("accepts", r.number("records")-r.number("rejects")-r.number("nodata")-r.number("skipdata"))
	return nil
}

// traffic is what a conversation of a state looks like, for TCP.
var traffic = map[string]row{
	"TRIED":     {"client_bytes": int64(0), "client_packets": int64(0), "server_bytes": int64(0), "server_packets": int64(0), "client_accepts": int64(0), "server_accepts": int64(0), "client_rejects": int64(1), "rejected_packets": int64(1), "client_flags": int64(2)},
	"REACHABLE": {"client_bytes": int64(60), "client_packets": int64(1), "server_bytes": int64(0), "server_packets": int64(0), "client_accepts": int64(1), "server_accepts": int64(0), "client_flags": int64(2)},
	"REFUSED":   {"client_bytes": int64(60), "client_packets": int64(1), "server_bytes": int64(40), "server_packets": int64(1), "client_accepts": int64(1), "server_accepts": int64(1), "client_flags": int64(2), "server_flags": int64(4)},
	"ANSWERED":  {"client_bytes": int64(120), "client_packets": int64(2), "server_bytes": int64(60), "server_packets": int64(1), "client_accepts": int64(1), "server_accepts": int64(1), "client_flags": int64(2), "server_flags": int64(18)},
	"SERVED":    {"client_bytes": int64(5000), "client_packets": int64(20), "server_bytes": int64(20000), "server_packets": int64(20), "client_accepts": int64(1), "server_accepts": int64(1), "client_flags": int64(3), "server_flags": int64(19)},
}

// completeState fills in state and rank, each from the other.
func completeState(r row) error {
	if n, ok := r["state_rank"].(int64); ok && n >= 0 && int(n) < len(states) {
		r.given("state", states[n])
	}
	r.given("state", "SERVED")
	rank := slices.Index(states, r.text("state"))
	if rank < 0 {
		return fmt.Errorf("state %s is none of %v", showValue(r["state"]), states)
	}
	r.given("state_rank", int64(rank))
	if r.number("state_rank") != int64(rank) {
		return fmt.Errorf("state %s has rank %d", states[rank], rank)
	}
	return nil
}

func completeConversation(r row) error {
	if r["client"] == nil || r["server"] == nil {
		return errors.New("a row needs client and server")
	}
	tcp := r.number("protocol") == 6
	if err := completeState(r); err != nil {
		return err
	}
	for k, v := range traffic[r.text("state")] {
		if tcp || k != "client_flags" && k != "server_flags" {
			r.given(k, v)
		}
	}
	r.giveAll(row{"client_rejects": int64(0), "server_rejects": int64(0), "rejected_packets": r.number("client_rejects") + r.number("server_rejects"),
		"client_scope": scopeOf(r.text("client")), "server_scope": scopeOf(r.text("server")), "client_trusted": false, "server_trusted": false,
		"side_evidence": "direction", "gateway": false, "counted": true, "interval_seconds": int64(60)})
	r.given("own", ownOf(r.text("client_scope"), r.text("server_scope")))
	switch {
	case tcp:
		r.giveAll(row{"state_evidence": "flags", "role_evidence": "syn"})
	case r.text("state") == "SERVED":
		r.giveAll(row{"state_evidence": "bytes", "role_evidence": "port"})
	default:
		r.giveAll(row{"state_evidence": "none", "role_evidence": "port"})
	}
	if p := r.number("protocol"); p == 6 || p == 17 {
		r.giveAll(row{"client_port": int64(40000), "server_port": int64(443)})
	} else {
		r.giveAll(row{"client_port": int64(0), "server_port": int64(0)})
	}
	from, ok1 := r["first_seen"].(time.Time)
	to, ok2 := r["last_seen"].(time.Time)
	if ok1 && ok2 {
		r.given("seconds", int64(to.Sub(from)/time.Second))
	}
	return nil
}

func completeExposure(r row) error {
	if err := completeState(r); err != nil {
		return err
	}
	r.giveAll(row{"server": "10.0.0.10", "port": int64(443), "state_evidence": "flags", "role_evidence": "syn", "clients": int64(1), "client": "198.51.100.7",
		"rejects": int64(0), "listed_clients": int64(0), "interval_seconds": int64(60)})
	t := traffic[r.text("state")]
	r.giveAll(row{"conversations": r["clients"], "client_bytes": t["client_bytes"], "server_bytes": t["server_bytes"], "server_packets": t["server_packets"]})
	if r.number("state_rank") >= 3 {
		r.giveAll(row{"clients_answered": r["clients"], "first_answered": r["first_seen"]})
	}
	r.given("clients_answered", int64(0))
	return nil
}

func completeEdge(r row) error {
	if r["client"] == nil || r["server"] == nil {
		return errors.New("a row needs client and server")
	}
	r.giveAll(row{"client_scope": scopeOf(r.text("client")), "server_scope": scopeOf(r.text("server")), "server_trusted": false, "role_evidence": "syn",
		"conversations": int64(1), "counted": true, "client_bytes": int64(5000), "server_bytes": int64(20000)})
	r.giveAll(row{"own": ownOf(r.text("client_scope"), r.text("server_scope")), "answered": r["conversations"]})
	if p := r.number("protocol"); p == 6 || p == 17 {
		r.given("server_port", int64(443))
	}
	r.given("server_port", int64(0))
	return nil
}

func isInside(scope string) bool { return scope == "own" || scope == "private" }

// ownOf is whose interface saw the conversation: the server's if it is asked from outside, else the client's.
func ownOf(client, server string) string {
	if isInside(server) && !isInside(client) {
		return "server"
	}
	return "client"
}

var shared = netip.MustParsePrefix("100.64.0.0/10")

// scopeOf is what an address is in an example. The networks that are set aside for documentation are the internet here,
// because an example had better name nobody.
func scopeOf(s string) string {
	ip, err := netip.ParseAddr(s)
	switch {
	case err != nil, ip.IsLoopback(), ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip.IsUnspecified():
		return "special"
	case ip.IsPrivate(), shared.Contains(ip):
		return "private"
	}
	return "internet"
}
