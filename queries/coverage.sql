-- title: Hours logged, by interface
-- group: Data quality
-- about: hours_logged below hours_between: the interface was not logged all the time. An idle interface has NODATA records.
-- needs: interface_id, log_status
-- arg: top integer 1000 "how many rows"
SELECT interface_id, min(start_time) AS first_seen, max(start_time) AS last_seen, count(DISTINCT date_trunc('hour', start_time)) AS hours_logged,
  date_diff('hour', date_trunc('hour', min(start_time)), date_trunc('hour', max(start_time))) + 1 AS hours_between,
  count(*) AS records, count_if(log_status = 'NODATA') AS nodata, count_if(log_status = 'SKIPDATA') AS skipdata
FROM flows
WHERE :scope
GROUP BY 1
ORDER BY 1
LIMIT :top
