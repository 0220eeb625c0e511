-- title: Ports that were rejected most
-- group: Rejects
-- needs: dstport, protocol, action
-- arg: top integer 50 "how many rows"
SELECT protocol, dstport, count(*) AS records, sum(packets) AS packets, count(DISTINCT srcaddr) AS sources, count(DISTINCT dstaddr) AS targets
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'REJECT'
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT :top
