-- title: Records, hours and interfaces, by day
-- group: Data quality
-- needs: interface_id, account_id
SELECT CAST(start_time AS date) AS day, count(*) AS records, count(DISTINCT hour(start_time)) AS hours, count(DISTINCT interface_id) AS interfaces,
  count(DISTINCT account_id) AS accounts, min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope
GROUP BY 1
ORDER BY 1
