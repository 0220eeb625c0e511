package refine

import (
	"fmt"
	"strings"
)

// portSet is a set of ports, by protocol: 6, 17, or 0 for either.
type portSet struct{ tcp, udp []portRange }

type portRange struct{ first, last int }

// condition is the set as SQL over a protocol and a port.
func (s portSet) condition(protocol, port string) string {
	list := func(ranges []portRange) string {
		var single, parts []string
		for _, r := range ranges {
			if r.first == r.last {
				single = append(single, fmt.Sprint(r.first))
				continue
			}
			parts = append(parts, fmt.Sprintf("%s BETWEEN %d AND %d", port, r.first, r.last))
		}
		if len(single) > 0 {
			parts = append(parts, port+" IN ("+strings.Join(single, ", ")+")")
		}
		return "(" + strings.Join(parts, " OR ") + ")"
	}
	return fmt.Sprintf("(%s = 6 AND %s OR %s = 17 AND %s)", protocol, list(s.tcp), protocol, list(s.udp))
}

// ports reads "22 80 6379-6383".
func ports(text string) (out []portRange) {
	for f := range strings.FieldsSeq(text) {
		var r portRange
		if n, _ := fmt.Sscanf(f, "%d-%d", &r.first, &r.last); n == 1 {
			r.last = r.first
		}
		out = append(out, r)
	}
	return out
}

const sensitiveTCP = `20 21 22 23 25 26 69 80 110 111 135 137-139 143 389 445 465 512-514 587 593 636 873 1433 1434 1521 1522 1526 2049 2375 2376 2379
	2380 3268 3306 3307 3389 5432 5433 5800-5810 5900-5910 5984 5985 5986 6379-6383 6443 7000 7001 7199 8001 8080 8529 9042 9160 9200 9300
	10250 10255 11211 16379 26379 27017-27019 50000`
const sensitiveUDP = `17 19 53 69 111 123 161 389 1900 5353 11211`

var (
	// known are the ports by which something sensitive is reached, see package network.
	known = portSet{ports(sensitiveTCP), ports(sensitiveUDP)}
	// services are the ports of servers. Those from 32768 on are left out: clients on Linux have them, too.
	services = portSet{
		ports(strings.TrimSuffix(sensitiveTCP, " 50000") + ` 53 88 123 179 443 853 990 993 995 1080 1194 1723 1883 2181 3000 3128 4444 5000 5601 5671
			5672 6667 6697 8000 8008 8081 8088 8443 8883 8888 9000 9090 9092-9094 9100 9418 9443 10000 15672 15692`),
		ports(sensitiveUDP + ` 67 68 88 137 138 443 500 514 546 547 853 1194 1812 1813 3478 4500 4789 5060 5061 5683 6081 8125`),
	}
)
