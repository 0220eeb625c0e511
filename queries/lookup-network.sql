-- title: Peers in a network, by bytes
-- group: Exposure
-- about: bytes_in came from the network, bytes_out went to it.
-- needs: srcaddr, dstaddr, bytes
-- arg: network cidr 203.0.113.0/24 "the network"
-- arg: top integer 100 "how many rows"
SELECT peer, sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out, sum(records) AS records, min(first_seen) AS first_seen, max(last_seen) AS last_seen
FROM (
  SELECT coalesce(pkt_srcaddr, srcaddr) AS peer, sum(bytes) AS bytes_in, 0 AS bytes_out, count(*) AS records, min(start_time) AS first_seen, max(start_time) AS last_seen
  FROM flows
  WHERE :scope AND log_status = 'OK' AND contains(:network, TRY_CAST(coalesce(pkt_srcaddr, srcaddr) AS IPADDRESS))
  GROUP BY 1
  UNION ALL
  SELECT coalesce(pkt_dstaddr, dstaddr), 0, sum(bytes), count(*), min(start_time), max(start_time)
  FROM flows
  WHERE :scope AND log_status = 'OK' AND contains(:network, TRY_CAST(coalesce(pkt_dstaddr, dstaddr) AS IPADDRESS))
  GROUP BY 1
) AS seen
GROUP BY 1
ORDER BY 2 DESC, 3 DESC, 1
LIMIT :top
