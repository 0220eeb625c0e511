package network

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultPorts(t *testing.T) {
	p := DefaultPorts()
	if want := []string{"ADMIN", "AMP", "AUTH", "CLEAR", "CTRL", "DB", "DNS", "FILE", "MAIL", "MINING", "PUBLIC", "REMOTE", "TOR", "TUNNEL", "WEB", "WIN"}; !slices.Equal(p.Sets(), want) {
		t.Errorf("sets %q, want %q", p.Sets(), want)
	}
	if len(p.services) < 150 {
		t.Errorf("%d services", len(p.services))
	}
	for _, set := range p.Sets() {
		if len(p.Ranges(set)) == 0 || p.Has(set, 0) || p.Has(set, 65535) {
			t.Errorf("%s: %v", set, p.Ranges(set))
		}
	}
	if !p.Has("DB", 6383) || p.Has("DB", 6384) || p.Has("NONE", 22) {
		t.Error("the ends of ranges do not belong to them")
	}
}

func TestCondition(t *testing.T) {
	p := DefaultPorts()
	check := func(set, want string) {
		t.Helper()
		got, err := p.Condition(set, "e.port")
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", set, got, err, want)
		}
	}
	check("WEB", "(e.port IN (80, 443, 8080, 8443))")
	check("WIN", "(e.port IN (135, 389, 445, 593, 636, 3268) OR e.port BETWEEN 137 AND 139)")
	check("DB", "(e.port IN (1526, 5984, 7199, 8529, 9042, 9160, 9200, 9300, 11211, 16379, 26379, 50000) OR e.port BETWEEN 1433 AND 1434 OR e.port BETWEEN 1521 AND 1522"+
		" OR e.port BETWEEN 3306 AND 3307 OR e.port BETWEEN 5432 AND 5433 OR e.port BETWEEN 6379 AND 6383 OR e.port BETWEEN 7000 AND 7001 OR e.port BETWEEN 27017 AND 27019)")
	_, err := p.Condition("NONE", "port")
	var unknown *UnknownSetError
	if !errors.As(err, &unknown) || unknown.Set != "NONE" || !slices.Contains(unknown.Known, "DB") {
		t.Errorf("a set that is not there: %v", err)
	}
	any := p.AnyCondition("x")
	if !strings.Contains(any, "x BETWEEN 19 AND 23") {
		t.Error(any)
	}
}

func TestService(t *testing.T) {
	p := DefaultPorts()
	for _, c := range []struct {
		protocol, port int
		want           string
	}{{6, 22, "ssh"}, {6, 6379, "redis"}, {17, 53, "dns"}, {6, 9200, "elasticsearch"}, {17, 6379, ""}, {6, 12345, ""}, {1, 0, "icmp"}, {58, 0, "ipv6-icmp"}, {47, 0, "gre"}, {0, 0, ""}, {6, 0, ""}} {
		if got := p.Service(c.protocol, c.port); got != c.want {
			t.Errorf("%d/%d is %q, want %q", c.protocol, c.port, got, c.want)
		}
	}
}

func TestKnownPorts(t *testing.T) {
	known := DefaultPorts().KnownPorts()
	if !slices.IsSorted(known) || known[0] < 1 || known[len(known)-1] >= ephemeral {
		t.Errorf("from %d to %d", known[0], known[len(known)-1])
	}
	for port, want := range map[int]bool{22: true, 443: true, 6381: true, 50000: false, 45700: false, 51820: false, 40000: false, 12345: false} {
		if _, got := slices.BinarySearch(known, port); got != want {
			t.Errorf("port %d is known: %v", port, got)
		}
	}
}

func TestMergeAndWithout(t *testing.T) {
	got := merge([]Range{{5, 9}, {1, 2}, {3, 3}, {8, 12}, {14, 14}})
	if want := []Range{{1, 3}, {5, 12}, {14, 14}}; !cmp.Equal(got, want) {
		t.Errorf("merge: %v, want %v", got, want)
	}
	got = without(got, []Range{{2, 5}, {7, 7}, {12, 20}})
	if want := []Range{{1, 1}, {6, 6}, {8, 11}}; !cmp.Equal(got, want) {
		t.Errorf("without: %v, want %v", got, want)
	}
}
