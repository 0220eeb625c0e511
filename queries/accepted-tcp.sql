-- title: Accepted TCP by pair and server port
-- group: Traffic
-- needs: srcaddr, dstaddr, dstport, protocol, action
-- arg: top integer 100 "how many rows"
SELECT srcaddr, dstaddr, dstport, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND protocol = 6
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
LIMIT :top
