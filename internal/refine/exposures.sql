-- What the internet asked of us, by interface and port, and what became of it.
WITH asked AS (
  SELECT hour, interface_id, protocol, server, server_port, client,
    arbitrary(account_id) AS account_id, arbitrary(region) AS region, arbitrary(vpc_id) AS vpc_id, arbitrary(subnet_id) AS subnet_id,
    arbitrary(instance_id) AS instance_id, arbitrary(interval_seconds) AS interval_seconds,
    arbitrary(client_country) AS client_country, arbitrary(client_list) AS list,
    max(state_rank) AS state_rank,
    max(state_rank * 3 + CASE state_evidence WHEN 'flags' THEN 2 WHEN 'bytes' THEN 1 ELSE 0 END) AS reached,
    max(role_evidence) AS role_evidence, count(*) AS conversations,
    sum(client_bytes) AS client_bytes, sum(server_bytes) AS server_bytes, sum(server_packets) AS server_packets,
    sum(client_rejects) AS rejects, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
    min(CASE WHEN state_rank >= 3 THEN first_seen END) AS first_answered
  FROM conversations
  WHERE hour >= :since AND hour < :until AND own IN ('server', 'unknown') AND server_scope IN ('own', 'private')
    AND client_scope = 'internet' AND NOT coalesce(client_trusted, false) AND (state_rank > 0 OR :ports(server_port))
  GROUP BY 1, 2, 3, 4, 5, 6
),
-- The order of names of evidence is that of their weight: syn, port, guess.
ordered AS (
  SELECT a.*,
    row_number() OVER (PARTITION BY hour, interface_id, protocol, server, server_port ORDER BY server_bytes DESC, client) AS place
  FROM asked a
),
ports AS (
  SELECT hour, interface_id, protocol, server, server_port,
    arbitrary(account_id) AS account_id, arbitrary(region) AS region, arbitrary(vpc_id) AS vpc_id, arbitrary(subnet_id) AS subnet_id,
    arbitrary(instance_id) AS instance_id, arbitrary(interval_seconds) AS interval_seconds,
    max(state_rank) AS state_rank, max(reached) AS reached, max(role_evidence) AS role_evidence,
    count(*) AS clients, sum(CASE WHEN state_rank >= 3 THEN 1 ELSE 0 END) AS clients_answered,
    max(CASE WHEN place = 1 THEN client END) AS client, max(CASE WHEN place = 1 THEN client_country END) AS client_country,
    sum(conversations) AS conversations, sum(client_bytes) AS client_bytes, sum(server_bytes) AS server_bytes,
    sum(server_packets) AS server_packets, sum(rejects) AS rejects, min(first_seen) AS first_seen, max(last_seen) AS last_seen,
    min(first_answered) AS first_answered, count(list) AS listed_clients, min(list) AS list
  FROM ordered
  GROUP BY 1, 2, 3, 4, 5
)
SELECT hour, account_id, region, vpc_id, subnet_id, instance_id, interface_id, protocol, server, server_port AS port,
  CASE state_rank WHEN 0 THEN 'TRIED' WHEN 1 THEN 'REACHABLE' WHEN 2 THEN 'REFUSED' WHEN 3 THEN 'ANSWERED' ELSE 'SERVED' END AS state,
  state_rank, CASE reached % 3 WHEN 2 THEN 'flags' WHEN 1 THEN 'bytes' ELSE 'none' END AS state_evidence, role_evidence,
  clients, CAST(clients_answered AS bigint) AS clients_answered, client, client_country, CAST(conversations AS bigint) AS conversations,
  CAST(client_bytes AS bigint) AS client_bytes, CAST(server_bytes AS bigint) AS server_bytes,
  CAST(server_packets AS bigint) AS server_packets, CAST(rejects AS bigint) AS rejects, first_seen, last_seen, first_answered,
  listed_clients, list, interval_seconds
FROM ports
ORDER BY interface_id, port, server, protocol, hour
