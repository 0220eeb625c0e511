-- title: What one address sent, to whom
-- group: Traffic
-- needs: srcaddr, dstaddr, dstport, protocol
-- arg: ip ip 10.0.2.10 "the sender"
-- arg: top integer 100 "how many rows"
SELECT dstaddr, protocol, dstport, action, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records,
  min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND (srcaddr = :ip OR pkt_srcaddr = :ip)
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3, 4
LIMIT :top
