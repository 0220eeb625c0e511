-- title: Remote access at night
-- group: Exposure
-- needs: srcaddr, dstaddr, dstport, action
-- arg: from_hour integer 20 "the night begins, hour in UTC"
-- arg: to_hour integer 6 "and ends before"
-- arg: top integer 100 "how many rows"
SELECT CAST(start_time AS date) AS day, hour(start_time) AS hour, srcaddr, dstaddr, dstport, count(*) AS records, sum(bytes) AS bytes
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND protocol = 6 AND dstport IN (22, 3389, 5900, 5985, 5986)
  AND (hour(start_time) >= :from_hour OR hour(start_time) < :to_hour)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 7 DESC, 3, 4, 5
LIMIT :top
