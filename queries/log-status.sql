-- title: Records by log status
-- group: Data quality
-- needs: log_status
SELECT log_status, count(*) AS records, count(DISTINCT interface_id) AS interfaces, min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope
GROUP BY 1
ORDER BY 2 DESC, 1
