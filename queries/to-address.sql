-- title: What one address was sent, by whom
-- group: Traffic
-- needs: srcaddr, dstaddr, dstport, protocol
-- arg: ip ip 10.0.1.20 "the receiver"
-- arg: top integer 100 "how many rows"
SELECT srcaddr, protocol, dstport, action, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records,
  min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND (dstaddr = :ip OR pkt_dstaddr = :ip)
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3, 4
LIMIT :top
