-- title: Network interfaces with the most bytes
-- group: Traffic
-- needs: interface_id, bytes
-- arg: top integer 50 "how many rows"
SELECT interface_id, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records,
  count(DISTINCT srcaddr) AS sources, count(DISTINCT dstaddr) AS destinations
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT :top
