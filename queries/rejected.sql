-- title: What was rejected, by pair and port
-- group: Rejects
-- needs: srcaddr, dstaddr, dstport, protocol, action
-- arg: top integer 100 "how many rows"
SELECT srcaddr, dstaddr, protocol, dstport, count(*) AS records, sum(packets) AS packets, min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'REJECT'
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 6 DESC, 1, 2, 3, 4
LIMIT :top
