-- title: Different sources and destinations, by hour
-- group: Traffic
-- needs: srcaddr, dstaddr
SELECT date_trunc('hour', start_time) AS hour, count(DISTINCT srcaddr) AS sources, count(DISTINCT dstaddr) AS destinations, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1
ORDER BY 1
