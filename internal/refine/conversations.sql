-- Who called whom: the records of both directions of a 5-tuple, at an interface and in an hour, as one row.
-- What a join asks of one side only is in its key: DuckDB would compare every row with every other.
WITH :common,
-- Each end is a or b, whoever sent the record; forward: a sent it.
records AS (
  SELECT "start" - "start" % 3600 AS hour_at, coalesce(interface_id, resource_id, '') AS interface_id, protocol,
    coalesce(pkt_srcaddr, srcaddr) AS src, coalesce(pkt_dstaddr, dstaddr) AS dst,
    coalesce(srcaddr, pkt_srcaddr) AS srcaddr, coalesce(dstaddr, pkt_dstaddr) AS dstaddr,
    coalesce(srcport, 0) AS srcport, coalesce(dstport, 0) AS dstport,
    coalesce(bytes, 0) AS bytes, coalesce(packets, 0) AS packets, start_time, end_time, tcp_flags, flow_direction,
    traffic_path, reject_reason, encryption_status, interface_id IS NULL AND resource_id IS NOT NULL AS resource,
    coalesce(action, 'ACCEPT') <> 'REJECT' AS accepted,
    coalesce(pkt_srcaddr, srcaddr) < coalesce(pkt_dstaddr, dstaddr)
      OR coalesce(pkt_srcaddr, srcaddr) = coalesce(pkt_dstaddr, dstaddr) AND coalesce(srcport, 0) <= coalesce(dstport, 0) AS forward
  FROM flows
  WHERE start_time >= :since AND start_time < :until AND protocol IS NOT NULL
    AND coalesce(pkt_srcaddr, srcaddr) IS NOT NULL AND coalesce(pkt_dstaddr, dstaddr) IS NOT NULL
    AND coalesce(log_status, 'OK') = 'OK'
),
tuples AS (
  SELECT hour_at, interface_id, protocol,
    CASE WHEN forward THEN src ELSE dst END AS a, CASE WHEN forward THEN srcport ELSE dstport END AS a_port,
    CASE WHEN forward THEN dst ELSE src END AS b, CASE WHEN forward THEN dstport ELSE srcport END AS b_port,
    CAST(sum(CASE WHEN accepted AND forward THEN bytes ELSE 0 END) AS bigint) AS a_bytes,
    CAST(sum(CASE WHEN accepted AND NOT forward THEN bytes ELSE 0 END) AS bigint) AS b_bytes,
    CAST(sum(CASE WHEN accepted AND forward THEN packets ELSE 0 END) AS bigint) AS a_packets,
    CAST(sum(CASE WHEN accepted AND NOT forward THEN packets ELSE 0 END) AS bigint) AS b_packets,
    count(CASE WHEN accepted AND forward THEN 1 END) AS a_accepts,
    count(CASE WHEN accepted AND NOT forward THEN 1 END) AS b_accepts,
    count(CASE WHEN NOT accepted AND forward THEN 1 END) AS a_rejects,
    count(CASE WHEN NOT accepted AND NOT forward THEN 1 END) AS b_rejects,
    CAST(sum(CASE WHEN accepted THEN 0 ELSE packets END) AS bigint) AS rejected_packets,
    bitwise_or_agg(CASE WHEN forward THEN tcp_flags END) AS a_flags,
    bitwise_or_agg(CASE WHEN NOT forward THEN tcp_flags END) AS b_flags,
    bitwise_or_agg(CASE WHEN accepted AND forward THEN tcp_flags END) AS a_passed,
    bitwise_or_agg(CASE WHEN accepted AND NOT forward THEN tcp_flags END) AS b_passed,
    min(CASE WHEN forward THEN start_time END) AS a_first,
    min(CASE WHEN NOT forward THEN start_time END) AS b_first,
    max(coalesce(end_time, start_time)) AS last_seen,
    count(CASE WHEN forward AND flow_direction = 'egress' OR NOT forward AND flow_direction = 'ingress' THEN 1 END) AS at_a,
    count(CASE WHEN forward AND flow_direction = 'ingress' OR NOT forward AND flow_direction = 'egress' THEN 1 END) AS at_b,
    max(CASE WHEN forward AND srcaddr <> src THEN srcaddr WHEN NOT forward AND dstaddr <> dst THEN dstaddr END) AS a_other,
    max(CASE WHEN forward AND dstaddr <> dst THEN dstaddr WHEN NOT forward AND srcaddr <> src THEN srcaddr END) AS b_other,
    bool_or(resource) AS resource,
    max(CASE WHEN flow_direction = 'egress' OR flow_direction IS NULL THEN traffic_path END) AS traffic_path,
    max(reject_reason) AS reject_reason, min(encryption_status) AS encryption_status
  FROM records
  GROUP BY 1, 2, 3, 4, 5, 6, 7
),
-- Which end is the interface, and which end called.
sided AS (
  SELECT t.*,
    CASE
      WHEN at_a > 0 AND at_b > 0 THEN 'both'
      WHEN at_a > 0 THEN 'a'
      WHEN at_b > 0 THEN 'b'
      WHEN ca.address IS NOT NULL AND cb.address IS NULL THEN 'a'
      WHEN cb.address IS NOT NULL AND ca.address IS NULL THEN 'b'
      -- Only of its own side an interface shows another address than the packet's.
      WHEN a_other IS NOT NULL AND b_other IS NULL THEN 'a'
      WHEN b_other IS NOT NULL AND a_other IS NULL THEN 'b'
      ELSE 'none'
    END AS side,
    -- A SYN without an ACK is a caller's, and with one an answer. Where both ends look alike the flags say nothing.
    (CASE WHEN protocol = 6 AND (bitwise_and(a_flags, 18) = 2 OR bitwise_and(b_flags, 18) = 18) THEN 1 ELSE 0 END)
      - (CASE WHEN protocol = 6 AND (bitwise_and(b_flags, 18) = 2 OR bitwise_and(a_flags, 18) = 18) THEN 1 ELSE 0 END) AS a_called
  FROM tuples t
  LEFT JOIN common ca ON ca.hour_at = t.hour_at AND ca.interface_id = t.interface_id
    AND ca.address = CASE WHEN t.at_a + t.at_b = 0 THEN coalesce(t.a_other, t.a) END
  LEFT JOIN common cb ON cb.hour_at = t.hour_at AND cb.interface_id = t.interface_id
    AND cb.address = CASE WHEN t.at_a + t.at_b = 0 THEN coalesce(t.b_other, t.b) END
),
-- Most have flags: ports are looked at only where there are none.
served AS (
  SELECT s.*, CASE WHEN a_called <> 0 THEN 0
      ELSE (CASE WHEN :services(b_port) THEN 1 ELSE 0 END) - (CASE WHEN :services(a_port) THEN 1 ELSE 0 END) END AS b_serves
  FROM sided s
),
roled AS (
  SELECT s.*,
    CASE
      WHEN a_called <> 0 THEN a_called > 0
      WHEN b_serves <> 0 THEN b_serves > 0
      WHEN a_port <> b_port THEN b_port < a_port
      -- No ports, or the same: who was first, else the interface itself.
      WHEN a_first IS NULL OR b_first IS NULL THEN b_first IS NULL
      WHEN a_first <> b_first THEN a_first < b_first
      ELSE side <> 'b'
    END AS a_is_client,
    CASE WHEN a_called <> 0 THEN 'syn' WHEN b_serves <> 0 THEN 'port' ELSE 'guess' END AS role_evidence
  FROM served s
),
turned AS (
  SELECT hour_at, interface_id, protocol, side, role_evidence, resource,
    CASE WHEN at_a + at_b > 0 THEN 'direction' WHEN side = 'none' THEN 'none' ELSE 'common' END AS side_evidence,
    CASE WHEN a_is_client THEN a ELSE b END AS client, CASE WHEN a_is_client THEN a_port ELSE b_port END AS client_port,
    CASE WHEN a_is_client THEN b ELSE a END AS server, CASE WHEN a_is_client THEN b_port ELSE a_port END AS server_port,
    CASE side WHEN 'a' THEN a WHEN 'b' THEN b END AS own_address,
    CASE side WHEN 'a' THEN b WHEN 'b' THEN a END AS other_address,
    CASE side WHEN 'a' THEN a_other IS NOT NULL WHEN 'b' THEN b_other IS NOT NULL ELSE false END AS behind,
    CASE side WHEN 'both' THEN 'transit' WHEN 'none' THEN 'unknown' WHEN 'a' THEN
      CASE WHEN a_is_client THEN 'client' ELSE 'server' END
      ELSE CASE WHEN a_is_client THEN 'server' ELSE 'client' END END AS own,
    CASE WHEN a_is_client THEN a_bytes ELSE b_bytes END AS client_bytes,
    CASE WHEN a_is_client THEN b_bytes ELSE a_bytes END AS server_bytes,
    CASE WHEN a_is_client THEN a_packets ELSE b_packets END AS client_packets,
    CASE WHEN a_is_client THEN b_packets ELSE a_packets END AS server_packets,
    CASE WHEN a_is_client THEN a_accepts ELSE b_accepts END AS client_accepts,
    CASE WHEN a_is_client THEN b_accepts ELSE a_accepts END AS server_accepts,
    CASE WHEN a_is_client THEN a_rejects ELSE b_rejects END AS client_rejects,
    CASE WHEN a_is_client THEN b_rejects ELSE a_rejects END AS server_rejects,
    CASE WHEN a_is_client THEN a_flags ELSE b_flags END AS client_flags,
    CASE WHEN a_is_client THEN b_flags ELSE a_flags END AS server_flags,
    CASE WHEN a_is_client THEN b_passed ELSE a_passed END AS server_passed,
    rejected_packets, coalesce(least(a_first, b_first), a_first, b_first) AS first_seen, last_seen,
    traffic_path, reject_reason, encryption_status
  FROM roled
),
interfaces AS (
  SELECT "start" - "start" % 3600 AS hour_at, coalesce(interface_id, resource_id, '') AS interface_id,
    coalesce(max(CASE WHEN account_id <> 'unknown' THEN account_id END), max(account_id)) AS account_id, max(region) AS region,
    max(vpc_id) AS vpc_id, max(subnet_id) AS subnet_id, max(instance_id) AS instance_id,
    date_trunc('hour', min(start_time)) AS hour, :interval AS interval_seconds
  FROM flows
  WHERE start_time >= :since AND start_time < :until
  GROUP BY 1, 2
),
-- An interface of no instance, in logs that do name instances, is one of AWS's own: a NAT gateway, an attachment of a transit gateway.
logged AS (SELECT hour_at, max(instance_id) AS any_instance FROM interfaces GROUP BY 1),
known AS (
  SELECT i.*, i.instance_id IS NULL AND l.any_instance IS NOT NULL AS managed,
    row_number() OVER (PARTITION BY i.hour_at ORDER BY i.interface_id) AS place
  FROM interfaces i
  JOIN logged l ON l.hour_at = i.hour_at
),
-- What an interface sends on for others: it shows its own address, and the packet has one that it also talks to, that is outside, or
-- that AWS's own interfaces have no reason to have.
others AS (
  SELECT hour_at, interface_id, other_address FROM turned WHERE other_address IS NOT NULL GROUP BY 1, 2, 3
),
passing AS (
  SELECT t.hour_at, t.interface_id, t.protocol, t.client, t.client_port, t.server, t.server_port
  FROM (SELECT *, date_trunc('hour', first_seen) AS hour FROM turned WHERE behind OR resource OR side = 'both') AS t
  LEFT JOIN known k ON k.hour_at = t.hour_at AND k.interface_id = t.interface_id
  LEFT JOIN others o ON o.hour_at = t.hour_at AND o.interface_id = t.interface_id AND o.other_address = t.own_address
  LEFT JOIN addresses a ON a.hour >= :since AND a.hour < :until AND a.hour = t.hour AND a.address = t.own_address
  WHERE t.side = 'both' OR o.other_address IS NOT NULL OR t.behind AND k.managed
    OR strpos(t.own_address, ':') = 0 AND a.scope IN ('internet', 'aws')
),
-- The far half of what passes a gateway: the gateway itself calls the same server, for somebody else, and so is no client.
through AS (SELECT hour_at, interface_id, protocol, server, server_port FROM passing GROUP BY 1, 2, 3, 4, 5),
gateways AS (SELECT hour_at, interface_id FROM passing GROUP BY 1, 2),
-- Several interfaces may see a conversation. Best is to count it at the client's, and at none where that is a gateway that hands on
-- what was counted before it.
preferred AS (
  SELECT t.*, g.interface_id IS NOT NULL AS gateway, CASE WHEN x.interface_id IS NOT NULL OR t.own = 'client' AND h.interface_id IS NOT NULL THEN 'transit' ELSE t.own END AS own_end,
    CASE
      WHEN x.interface_id IS NOT NULL THEN 5
      WHEN t.own = 'client' AND h.interface_id IS NOT NULL THEN 0
      WHEN t.own = 'client' THEN 1
      WHEN t.own = 'unknown' THEN 3
      WHEN g.interface_id IS NOT NULL THEN 4
      ELSE 2
    END AS preference
  FROM turned t
  LEFT JOIN passing x ON x.hour_at = t.hour_at AND x.interface_id = t.interface_id AND x.protocol = t.protocol AND x.client = t.client
    AND x.client_port = t.client_port AND x.server = t.server AND x.server_port = t.server_port
  LEFT JOIN gateways g ON g.hour_at = t.hour_at AND g.interface_id = t.interface_id
  LEFT JOIN through h ON h.hour_at = t.hour_at AND h.interface_id = t.interface_id AND h.protocol = t.protocol
    AND h.server = t.server AND h.server_port = t.server_port
),
-- The best is told by a number: of texts that are put together for each row the least is dear.
placed AS (
  SELECT p.*, k.hour, k.account_id, k.region, k.vpc_id, k.subnet_id, k.instance_id, k.interval_seconds,
    p.preference * 10000000000 + k.place AS standing
  FROM preferred p
  LEFT JOIN known k ON k.hour_at = p.hour_at AND k.interface_id = p.interface_id
),
shared AS (
  SELECT hour_at, protocol, client, client_port, server, server_port, min(standing) AS best
  FROM placed
  GROUP BY 1, 2, 3, 4, 5, 6
  HAVING count(*) > 1
),
judged AS (
  SELECT p.*,
    CASE preference WHEN 0 THEN false WHEN 1 THEN true
      ELSE m.best IS NULL OR m.best = p.standing END AS counted,
    CASE
      WHEN client_accepts + server_accepts = 0 THEN 0
      -- Resets that answer packets without anything in them are a refusal: none is longer than 100 bytes.
      WHEN p.protocol = 6 AND bitwise_and(server_passed, 6) = 4 AND server_bytes <= 60 * server_packets
        AND client_bytes <= 100 * client_packets THEN 2
      WHEN server_bytes >= 1000 AND server_packets >= 6 THEN 4
      WHEN p.protocol <> 6 THEN CASE WHEN server_accepts > 0 THEN 3 ELSE 1 END
      -- Without flags nobody knows what came back.
      WHEN server_passed IS NOT NULL AND server_accepts > 0 THEN 3
      ELSE 1
    END AS state_rank
  FROM placed p
  LEFT JOIN shared m ON m.hour_at = p.hour_at AND m.protocol = p.protocol AND m.client = p.client AND m.client_port = p.client_port
    AND m.server = p.server AND m.server_port = p.server_port
)
SELECT j.hour, account_id, region, vpc_id, subnet_id, instance_id, nullif(interface_id, '') AS interface_id,
  protocol, client, client_port, server, server_port, own_end AS own, side_evidence, role_evidence,
  CASE state_rank WHEN 0 THEN 'TRIED' WHEN 1 THEN 'REACHABLE' WHEN 2 THEN 'REFUSED' WHEN 3 THEN 'ANSWERED' ELSE 'SERVED' END AS state,
  CAST(state_rank AS integer) AS state_rank,
  CASE
    WHEN protocol = 6 AND state_rank >= 3 AND bitwise_and(server_passed, 2) = 2 OR state_rank = 2 THEN 'flags'
    WHEN state_rank >= 3 THEN 'bytes'
    WHEN protocol = 6 AND (client_flags IS NOT NULL OR server_flags IS NOT NULL) THEN 'flags'
    ELSE 'none'
  END AS state_evidence,
  client_bytes, client_packets, server_bytes, server_packets, client_accepts, client_rejects, server_accepts, server_rejects,
  rejected_packets,
  CAST(client_flags AS integer) AS client_flags, CAST(server_flags AS integer) AS server_flags,
  first_seen, last_seen, date_diff('second', first_seen, last_seen) AS seconds,
  c.scope AS client_scope, c.network AS client_network, c.zone AS client_zone, c.trusted AS client_trusted, c.list AS client_list,
  c.country AS client_country, c.asn AS client_asn, c.service AS client_service,
  s.scope AS server_scope, s.network AS server_network, s.zone AS server_zone, s.trusted AS server_trusted, s.list AS server_list,
  s.country AS server_country, s.asn AS server_asn, s.service AS server_service,
  traffic_path, reject_reason, encryption_status, gateway,
  counted, interval_seconds
FROM judged j
LEFT JOIN addresses c ON c.hour >= :since AND c.hour < :until AND c.hour = j.hour AND c.address = j.client
LEFT JOIN addresses s ON s.hour >= :since AND s.hour < :until AND s.hour = j.hour AND s.address = j.server
