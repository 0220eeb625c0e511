-- title: Who on the internet reached a port, and did it answer
-- group: Exposure
-- about: TRIED: rejected. REACHABLE: let in, no answer was logged. REFUSED: answered with RST only. ANSWERED: SYN-ACK or reply bytes.
-- about: SERVED: 1000 bytes and 6 packets or more went out. Without tcp_flags in the log a refusal looks like an answer.
-- needs: interface_id, srcaddr, dstaddr, srcport, dstport, action, bytes, tcp_flags
-- arg: port integer 6379 "port of the server"
-- arg: top integer 100 "how many rows"
WITH asked AS (
  SELECT interface_id, coalesce(pkt_srcaddr, srcaddr) AS client, dstaddr AS server, count_if(action = 'ACCEPT') AS accepted,
    sum(bytes) AS bytes_in, min(start_time) AS first_seen, max(start_time) AS last_seen
  FROM flows
  WHERE :scope AND log_status = 'OK' AND dstport = :port AND protocol IN (6, 17)
    AND coalesce(flow_direction, 'ingress') = 'ingress' AND NOT :private(coalesce(pkt_srcaddr, srcaddr))
  GROUP BY 1, 2, 3
), answered AS (
  SELECT interface_id, coalesce(pkt_dstaddr, dstaddr) AS client, srcaddr AS server, sum(bytes) AS bytes_out, sum(packets) AS packets_out,
    bitwise_or_agg(coalesce(tcp_flags, 0)) AS flags
  FROM flows
  WHERE :scope AND log_status = 'OK' AND srcport = :port AND protocol IN (6, 17) AND action = 'ACCEPT'
    AND coalesce(flow_direction, 'egress') = 'egress' AND NOT :private(coalesce(pkt_dstaddr, dstaddr))
  GROUP BY 1, 2, 3
)
SELECT asked.interface_id, asked.server, asked.client,
  CASE
    WHEN accepted = 0 THEN 'TRIED'
    WHEN bytes_out IS NULL THEN 'REACHABLE'
    WHEN bitwise_and(flags, 4) = 4 AND bitwise_and(flags, 18) <> 18 THEN 'REFUSED'
    WHEN bytes_out >= 1000 AND packets_out >= 6 THEN 'SERVED'
    ELSE 'ANSWERED'
  END AS state,
  bytes_in, coalesce(bytes_out, 0) AS bytes_out, first_seen, last_seen
FROM asked LEFT JOIN answered ON answered.interface_id = asked.interface_id AND answered.client = asked.client AND answered.server = asked.server
ORDER BY 6 DESC, 4, 3, 1, 2
LIMIT :top
