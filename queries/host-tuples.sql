-- title: Bytes of one address, by peer and ports
-- group: Traffic
-- needs: srcaddr, dstaddr, srcport, dstport
-- arg: ip ip 10.0.1.20 "the address"
-- arg: top integer 100 "how many rows"
SELECT srcaddr, srcport, dstaddr, dstport, protocol, sum(bytes) AS bytes, sum(packets) AS packets
FROM flows
WHERE :scope AND log_status = 'OK' AND (srcaddr = :ip OR dstaddr = :ip)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 6 DESC, 1, 2, 3, 4, 5
LIMIT :top
