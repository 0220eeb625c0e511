-- title: Longest connections
-- group: Hunting
-- about: By the 5-tuple: a client that takes the same port again looks like one long connection.
-- needs: srcaddr, dstaddr, srcport, dstport, protocol, start, end
-- arg: longer duration 1h "at least so long"
-- arg: top integer 50 "how many rows"
SELECT srcaddr, srcport, dstaddr, dstport, protocol, max("end") - min("start") AS seconds, sum(bytes) AS bytes, count(*) AS records,
  min(start_time) AS first_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND protocol IN (6, 17)
GROUP BY 1, 2, 3, 4, 5
HAVING max("end") - min("start") >= :longer
ORDER BY 6 DESC, 1, 2, 3, 4, 5
LIMIT :top
