-- title: Minutes with the most bytes
-- group: Traffic
-- needs: bytes
-- arg: bytes integer 10000 "at least so many"
-- arg: top integer 50 "how many rows"
SELECT date_trunc('minute', start_time) AS minute, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records,
  max_by(srcaddr, ROW(bytes, srcaddr)) AS largest_sender
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1
HAVING sum(bytes) >= :bytes
ORDER BY 2 DESC, 1
LIMIT :top
