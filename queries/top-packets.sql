-- title: Pairs of addresses with the most packets
-- group: Traffic
-- needs: srcaddr, dstaddr, packets
-- arg: top integer 15 "how many rows"
SELECT srcaddr, dstaddr, sum(packets) AS packets, sum(bytes) AS bytes
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT :top
