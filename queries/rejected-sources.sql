-- title: Sources that were rejected most
-- group: Rejects
-- needs: srcaddr, dstaddr, dstport, action
-- arg: records integer 1 "at least so many rejected records"
-- arg: top integer 20 "how many rows"
SELECT srcaddr, count(*) AS records, sum(packets) AS packets, count(DISTINCT dstaddr) AS targets, count(DISTINCT dstport) AS ports,
  min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'REJECT'
GROUP BY 1
HAVING count(*) >= :records
ORDER BY 2 DESC, 1
LIMIT :top
