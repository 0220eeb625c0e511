-- title: Smallest, mean and largest record of a pair
-- group: Traffic
-- needs: srcaddr, dstaddr, bytes
-- arg: top integer 50 "how many rows"
SELECT srcaddr, dstaddr, count(*) AS records, min(bytes) AS min_bytes, round(avg(bytes), 1) AS avg_bytes, max(bytes) AS max_bytes
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1, 2
ORDER BY 6 DESC, 1, 2
LIMIT :top
