-- title: Pairs and ports that were not seen before
-- group: Hunting
-- needs: srcaddr, dstaddr, dstport, action
-- arg: day timestamp 24h "first seen then or later; what was before is what since covers"
-- arg: top integer 200 "how many rows"
SELECT srcaddr, dstaddr, protocol, dstport, min(start_time) AS first_seen, count(*) AS records, sum(bytes) AS bytes
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND dstport < 32768
GROUP BY 1, 2, 3, 4
HAVING min(start_time) >= :day
ORDER BY 5, 1, 2, 3, 4
LIMIT :top
