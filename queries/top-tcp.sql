-- title: TCP that one address sent
-- group: Traffic
-- needs: srcaddr, dstaddr, dstport, protocol, bytes
-- arg: ip ip 10.0.2.10 "the sender"
-- arg: top integer 50 "how many rows"
SELECT dstaddr, dstport, action, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND protocol = 6 AND (srcaddr = :ip OR pkt_srcaddr = :ip)
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
LIMIT :top
