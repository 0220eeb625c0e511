-- title: Sources that use UDP
-- group: Paths and cost
-- needs: srcaddr, protocol, dstport
-- arg: top integer 50 "how many rows"
SELECT srcaddr, dstport, count(DISTINCT dstaddr) AS destinations, sum(bytes) AS bytes, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND protocol = 17
GROUP BY 1, 2
ORDER BY 4 DESC, 1, 2
LIMIT :top
