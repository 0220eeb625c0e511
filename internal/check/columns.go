package check

import (
	"strings"

	"weir/internal/engine"
)

// columns are those of the derived tables, by table. Types: T is a time, the rest are the dialect's, and a list of names
// without a type has that of the next.
var columns = map[string][]engine.Column{
	"addresses": parseColumns(`hour T, address scope network zone varchar, trusted boolean, list country varchar, asn bigint, service varchar`),
	"conversations": parseColumns(`hour T,
		account_id region vpc_id subnet_id instance_id interface_id varchar, protocol integer, client varchar, client_port integer,
		server varchar, server_port integer, own side_evidence role_evidence state varchar, state_rank integer, state_evidence varchar,
		client_bytes client_packets server_bytes server_packets client_accepts client_rejects server_accepts server_rejects rejected_packets bigint,
		client_flags server_flags integer, first_seen last_seen T, seconds bigint,
		client_scope client_network client_zone varchar, client_trusted boolean, client_list client_country varchar, client_asn bigint, client_service varchar,
		server_scope server_network server_zone varchar, server_trusted boolean, server_list server_country varchar, server_asn bigint, server_service varchar,
		traffic_path integer, reject_reason varchar, encryption_status integer, gateway counted boolean, interval_seconds integer`),
	"exposures": parseColumns(`hour T, account_id region vpc_id subnet_id instance_id interface_id varchar, protocol integer, server varchar, port integer,
		state varchar, state_rank integer, state_evidence role_evidence varchar, clients clients_answered bigint, client client_country varchar,
		conversations client_bytes server_bytes server_packets rejects bigint, first_seen last_seen first_answered T, listed_clients bigint, list varchar,
		interval_seconds integer`),
	"edges": parseColumns(`hour T, account_id region vpc_id subnet_id instance_id interface_id own varchar, protocol integer, client server varchar,
		server_port integer, client_scope client_network client_zone server_scope server_network server_zone varchar, server_trusted boolean,
		server_list server_country varchar, server_asn bigint, server_service role_evidence varchar, conversations answered client_bytes server_bytes bigint,
		traffic_path integer, first_seen last_seen T, counted boolean`),
	"coverage": parseColumns(`hour T, account_id region vpc_id subnet_id interface_id own_address varchar,
		records nodata skipdata accepts rejects bytes_in bytes_out packets_in packets_out internet_bytes_in internet_bytes_out rejects_in rejects_out bigint,
		fields varchar, interval_seconds integer, delay_seconds bigint, extra_fields versions varchar, first_seen last_seen T`),
}

func parseColumns(s string) []engine.Column {
	var out []engine.Column
	for _, group := range strings.Split(s, ",") {
		words := strings.Fields(group)
		t := words[len(words)-1]
		if t == "T" {
			t = timeType
		}
		for _, name := range words[:len(words)-1] {
			out = append(out, engine.Column{Name: name, Type: t})
		}
	}
	return out
}

const timeType = "timestamp(6) with time zone"
