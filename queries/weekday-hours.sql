-- title: Traffic by day of the week and hour
-- group: Traffic
-- about: Weekday 1 is Monday; hours are UTC.
-- needs: bytes
SELECT day_of_week(start_time) AS weekday, hour(start_time) AS hour, sum(bytes) AS bytes, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1, 2
ORDER BY 1, 2
