-- Who of us called whom, whatever the client's port.
SELECT hour, arbitrary(account_id) AS account_id, arbitrary(region) AS region, arbitrary(vpc_id) AS vpc_id,
  arbitrary(subnet_id) AS subnet_id, arbitrary(instance_id) AS instance_id, interface_id, own, protocol, client, server, server_port,
  arbitrary(client_scope) AS client_scope, arbitrary(client_network) AS client_network, arbitrary(client_zone) AS client_zone,
  arbitrary(server_scope) AS server_scope, arbitrary(server_network) AS server_network, arbitrary(server_zone) AS server_zone,
  arbitrary(server_trusted) AS server_trusted, arbitrary(server_list) AS server_list, arbitrary(server_country) AS server_country,
  arbitrary(server_asn) AS server_asn, arbitrary(server_service) AS server_service,
  max(role_evidence) AS role_evidence, count(*) AS conversations, CAST(sum(CASE WHEN state_rank >= 3 THEN 1 ELSE 0 END) AS bigint) AS answered,
  CAST(sum(client_bytes) AS bigint) AS client_bytes, CAST(sum(server_bytes) AS bigint) AS server_bytes,
  max(traffic_path) AS traffic_path, min(first_seen) AS first_seen, max(last_seen) AS last_seen, bool_or(counted) AS counted
FROM conversations
WHERE hour >= :since AND hour < :until AND state_rank >= 1 AND client_scope <> 'internet'
  -- What passes a gateway is seen at its ends; where it is not, the gateway counts it.
  AND (counted OR own <> 'transit' AND NOT (gateway AND own = 'client'))
GROUP BY hour, interface_id, own, protocol, client, server, server_port
ORDER BY interface_id, server_port, server, client, protocol, own, hour
