-- title: Everything an address did, by peer and port
-- group: Hunting
-- about: port is the lower of the two: the server's, nearly always.
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, action, bytes
-- arg: ip ip 10.0.2.10 "the address"
-- arg: top integer 200 "how many rows"
SELECT direction, peer, protocol, port, action, count(*) AS records, sum(bytes) AS bytes, min(start_time) AS first_seen, max(start_time) AS last_seen
FROM (
  SELECT CASE WHEN coalesce(pkt_srcaddr, srcaddr) = :ip THEN 'sent' ELSE 'got' END AS direction,
    CASE WHEN coalesce(pkt_srcaddr, srcaddr) = :ip THEN coalesce(pkt_dstaddr, dstaddr) ELSE coalesce(pkt_srcaddr, srcaddr) END AS peer,
    CASE WHEN srcport < dstport THEN srcport ELSE dstport END AS port, protocol, action, bytes, start_time
  FROM flows
  WHERE :scope AND log_status = 'OK' AND (coalesce(pkt_srcaddr, srcaddr) = :ip OR coalesce(pkt_dstaddr, dstaddr) = :ip)
) AS f
GROUP BY 1, 2, 3, 4, 5
ORDER BY 7 DESC, 1, 2, 3, 4, 5
LIMIT :top
