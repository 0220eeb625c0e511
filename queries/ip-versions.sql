-- title: Bytes over IPv4 and over IPv6
-- group: Traffic
-- about: type is NULL where the log format does not have the field (v3).
-- needs: type, bytes
SELECT type, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1
ORDER BY 2 DESC, 1
