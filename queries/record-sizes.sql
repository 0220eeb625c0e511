-- title: Spread of bytes per record, by server port
-- group: Traffic
-- needs: dstport, bytes
-- arg: records integer 2 "at least so many records"
-- arg: top integer 50 "how many rows"
SELECT dstport, count(*) AS records, min(bytes) AS min_bytes, round(avg(bytes), 1) AS avg_bytes, approx_percentile(bytes, 0.95) AS p95_bytes, max(bytes) AS max_bytes
FROM flows
WHERE :scope AND log_status = 'OK' AND dstport < 32768
GROUP BY 1
HAVING count(*) >= :records
ORDER BY 2 DESC, 1
LIMIT :top
