-- title: Sources that tried one port of many targets in an hour
-- group: Rejects
-- needs: srcaddr, dstaddr, dstport
-- arg: targets integer 10 "more than so many"
-- arg: top integer 100 "how many rows"
SELECT date_trunc('hour', start_time) AS hour, srcaddr, protocol, dstport, count(DISTINCT dstaddr) AS targets, count(*) AS records,
  count_if(action = 'REJECT') AS rejected
FROM flows
WHERE :scope AND log_status = 'OK' AND protocol IN (1, 6, 17) AND dstport < 32768
GROUP BY 1, 2, 3, 4
HAVING count(DISTINCT dstaddr) > :targets
ORDER BY 5 DESC, 1, 2, 3, 4
LIMIT :top
