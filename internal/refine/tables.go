package refine

import (
	"slices"

	"weir/internal/lake"
)

// column is a column of a table.
type column struct{ name, kind, doc string }

const (
	text    = "varchar"
	whole   = "integer"
	big     = "bigint"
	yes     = "boolean"
	instant = lake.TimeType
)

// columns joins lists of columns, hour before them.
func columns(parts ...[]column) []lake.Column {
	out := []lake.Column{{Name: lake.HourColumn, Type: instant, Doc: "begin of the UTC hour in which the records start; files are by it"}}
	for _, c := range slices.Concat(parts...) {
		out = append(out, lake.Column{Name: c.name, Type: c.kind, Doc: c.doc})
	}
	return out
}

var owner = []column{
	{"account_id", text, "owner of the interface; of several words the one that is not unknown"},
	{"region", text, "Region of the interface"},
	{"vpc_id", text, "VPC of the interface"},
	{"subnet_id", text, "subnet of the interface"},
}

var ofInterface = append(owner[:len(owner):len(owner)],
	column{"instance_id", text, "instance that has the interface"},
	column{"interface_id", text, "the interface; of a regional NAT gateway, which has none, the gateway"})

// place are the columns that say what an end is. See Addresses.
func place(end string) []column {
	return []column{
		{end + "_scope", text, "own, private, internet, aws or special: what kind of address the " + end + " has"},
		{end + "_network", text, "name of the user's network that the " + end + " is in"},
		{end + "_zone", text, "zone of that network"},
		{end + "_trusted", yes, "the user trusts that network"},
		{end + "_list", text, "first list of threats that has the " + end},
		{end + "_country", text, "country of the " + end + ", ISO 3166"},
		{end + "_asn", big, "autonomous system of the " + end},
		{end + "_service", text, "AWS service that the " + end + " is, as AWS says"},
	}
}

// pick are those of cols that have one of the names, in the order of the names.
func pick(cols []column, names ...string) []column {
	var out []column
	for _, n := range names {
		for _, c := range cols {
			if c.name == n {
				out = append(out, c)
			}
		}
	}
	return out
}

const (
	protocolDoc = "IANA protocol number: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6"
	stateDoc    = "how far it came: TRIED (only refused by rules), REACHABLE (let through, no answer seen), REFUSED (reset), ANSWERED, SERVED (at least 1000 bytes in 6 packets)"
	intervalDoc = "aggregation interval of the interface in the hour: 60 or 600 seconds"
	ownDoc      = "which end is the interface itself: client, server, transit (neither: it passes a gateway) or unknown"
)

// The tables.
var (
	Addresses = &lake.Derived{Name: "addresses", Doc: "One row per hour and address: what it is, as far as it was known when the hour was refined.", Columns: columns([]column{
		{"address", text, "the packet's address"},
		{"scope", text, "own, private, internet, aws or special"},
		{"network", text, "name of the user's network that it is in: the narrowest"},
		{"zone", text, "zone of that network"},
		{"trusted", yes, "the user trusts that network"},
		{"list", text, "first list of threats that has it"},
		{"country", text, "ISO 3166"},
		{"asn", big, "autonomous system"},
		{"service", text, "AWS service, as AWS says"},
	})}

	Conversations = &lake.Derived{Name: "conversations", Doc: "One row per hour, interface and 5-tuple: who called whom, and what became of it. Both directions are in one row.", Columns: columns(ofInterface, []column{
		{"protocol", whole, protocolDoc},
		{"client", text, "address of the end that called"},
		{"client_port", whole, "its port; 0 for protocols without ports"},
		{"server", text, "address of the end that was called"},
		{"server_port", whole, "its port; 0 for protocols without ports"},
		{"own", text, ownDoc},
		{"side_evidence", text, "how own is known: direction (flow_direction), common (the address that all records of the interface share, or that it shows in place of the packet's), none"},
		{"role_evidence", text, "how client and server are known: syn (TCP flags), port (a known service), guess (the lower port; without ports who was first, else the interface)"},
		{"state", text, stateDoc},
		{"state_rank", whole, "the state as a number, 0 to 4"},
		{"state_evidence", text, "how the state is known: flags, bytes (of what was sent back) or none"},
		{"client_bytes", big, "bytes of the client's accepted records"},
		{"client_packets", big, "their packets"},
		{"server_bytes", big, "bytes of the server's accepted records"},
		{"server_packets", big, "their packets"},
		{"client_accepts", big, "number of the client's records with ACCEPT"},
		{"client_rejects", big, "number of the client's records with REJECT"},
		{"server_accepts", big, "number of the server's records with ACCEPT"},
		{"server_rejects", big, "number of the server's records with REJECT"},
		{"rejected_packets", big, "packets of all records with REJECT"},
		{"client_flags", whole, "TCP flags of the client's records, ORed; NULL if never logged"},
		{"server_flags", whole, "TCP flags of the server's records, ORed; NULL if never logged"},
		{"first_seen", instant, "first start of a record"},
		{"last_seen", instant, "last end of a record"},
		{"seconds", big, "from first_seen to last_seen"},
	}, place("client"), place("server"), []column{
		{"traffic_path", whole, "how the interface's packets left: AWS's number, the largest if there are several"},
		{"reject_reason", text, "AWS's reason of a REJECT, where it gives one"},
		{"encryption_status", whole, "AWS's number, the smallest if there are several"},
		{"gateway", yes, "in this hour others' traffic passed the interface"},
		{"counted", yes, "true in one row of a conversation that several interfaces saw: sum bytes where it is true"},
		{"interval_seconds", whole, intervalDoc},
	})}

	Exposures = &lake.Derived{Name: "exposures", Doc: "One row per hour, interface and port that the internet asked: what it got. Clients in trusted networks do not count.", Columns: columns(ofInterface, []column{
		{"protocol", whole, protocolDoc},
		{"server", text, "our address"},
		{"port", whole, "our port"},
		{"state", text, "the best state that a client reached, see conversations. TRIED is kept for ports of known services only"},
		{"state_rank", whole, "the state as a number, 0 to 4"},
		{"state_evidence", text, "the best evidence of that state: flags, bytes or none"},
		{"role_evidence", text, "the best evidence that ours was the server: syn, port or guess"},
		{"clients", big, "distinct clients"},
		{"clients_answered", big, "of them, those that got an answer"},
		{"client", text, "the client that got most bytes"},
		{"client_country", text, "its country"},
		{"conversations", big, "number of conversations"},
		{"client_bytes", big, "bytes that clients sent"},
		{"server_bytes", big, "bytes that they got"},
		{"server_packets", big, "packets that they got"},
		{"rejects", big, "number of the clients' records with REJECT"},
		{"first_seen", instant, "first start of a record"},
		{"last_seen", instant, "last end of a record"},
		{"first_answered", instant, "first start of a conversation that was answered"},
		{"listed_clients", big, "clients that are on a list of threats"},
		{"list", text, "one of those lists"},
		{"interval_seconds", whole, intervalDoc},
	})}

	Edges = &lake.Derived{Name: "edges", Doc: "One row per hour, interface, client, server and server port: who of us calls whom. No clients of the internet, and nothing that was only refused.", Columns: columns(ofInterface, []column{
		{"own", text, ownDoc},
		{"protocol", whole, protocolDoc},
		{"client", text, "address of the end that called"},
		{"server", text, "address of the end that was called"},
		{"server_port", whole, "its port"},
	}, pick(place("client"), "client_scope", "client_network", "client_zone"),
		pick(place("server"), "server_scope", "server_network", "server_zone", "server_trusted", "server_list", "server_country", "server_asn", "server_service"),
		[]column{
			{"role_evidence", text, "the best evidence of who called: syn, port or guess"},
			{"conversations", big, "number of conversations"},
			{"answered", big, "of them, those with an answer"},
			{"client_bytes", big, "bytes that the client sent"},
			{"server_bytes", big, "bytes that the server sent"},
			{"traffic_path", whole, "how the interface's packets left: AWS's number, the largest"},
			{"first_seen", instant, "first start of a record"},
			{"last_seen", instant, "last end of a record"},
			{"counted", yes, "true in one row of those that several interfaces saw"},
		})}

	Coverage = &lake.Derived{Name: "coverage", Doc: "One row per hour and interface: what was logged, with which fields, how late.", Columns: columns(owner, []column{
		{"interface_id", text, "the interface; of a regional NAT gateway, which has none, the gateway"},
		{"own_address", text, "its own address, the most common; NULL if it is not known"},
		{"records", big, "number of records, NODATA and SKIPDATA among them"},
		{"nodata", big, "of them NODATA: there was no traffic"},
		{"skipdata", big, "of them SKIPDATA: AWS lost records"},
		{"accepts", big, "of them ACCEPT"},
		{"rejects", big, "of them REJECT"},
		{"bytes_in", big, "bytes of accepted records to the interface"},
		{"bytes_out", big, "bytes of accepted records from it"},
		{"packets_in", big, "packets likewise"},
		{"packets_out", big, "packets likewise"},
		{"internet_bytes_in", big, "of bytes_in, those from the internet"},
		{"internet_bytes_out", big, "of bytes_out, those to the internet"},
		{"rejects_in", big, "records with REJECT that came from the internet"},
		{"rejects_out", big, "records with REJECT that went there"},
		{"fields", text, "columns that had a value in the hour, of those that rules need; sorted, with commas"},
		{"interval_seconds", whole, intervalDoc},
		{"delay_seconds", big, "largest time from a record's end to the time in its object's name; NULL if that has none"},
		{"extra_fields", text, "fields that weir does not know; sorted, with commas"},
		{"versions", text, "versions of the records, with commas"},
		{"first_seen", instant, "first start of a record"},
		{"last_seen", instant, "last end of a record"},
	})}

	// Tables are all of them, in the order in which they are made.
	Tables = []*lake.Derived{Addresses, Conversations, Exposures, Edges, Coverage}
)
