-- title: Bytes in and out, by hour
-- group: Traffic
-- needs: flow_direction, bytes
SELECT date_trunc('hour', start_time) AS hour, sum(CASE WHEN flow_direction = 'ingress' THEN bytes ELSE 0 END) AS bytes_in,
  sum(CASE WHEN flow_direction = 'egress' THEN bytes ELSE 0 END) AS bytes_out, sum(bytes) AS bytes, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1
ORDER BY 1
