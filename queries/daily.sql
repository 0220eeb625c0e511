-- title: Accepted and rejected, by day
-- group: Traffic
-- needs: action, bytes
SELECT CAST(start_time AS date) AS day, count(*) AS records, count_if(action = 'ACCEPT') AS accepted, count_if(action = 'REJECT') AS rejected,
  round(100e0 * count_if(action = 'REJECT') / count(*), 1) AS rejected_percent, sum(bytes) AS bytes
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1
ORDER BY 1
