-- title: Sources that tried many ports of one target
-- group: Rejects
-- needs: srcaddr, dstaddr, dstport
-- arg: ports integer 20 "at least so many"
-- arg: top integer 100 "how many rows"
SELECT srcaddr, dstaddr, count(DISTINCT dstport) AS ports, count(*) AS records, count_if(action = 'REJECT') AS rejected,
  min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND protocol IN (6, 17) AND dstport < 32768
GROUP BY 1, 2
HAVING count(DISTINCT dstport) >= :ports
ORDER BY 3 DESC, 1, 2
LIMIT :top
