-- title: Subnets with the most bytes, in and out
-- group: Traffic
-- needs: subnet_id, flow_direction, bytes
-- arg: top integer 50 "how many rows"
SELECT subnet_id, sum(CASE WHEN flow_direction = 'ingress' THEN bytes ELSE 0 END) AS bytes_in,
  sum(CASE WHEN flow_direction = 'egress' THEN bytes ELSE 0 END) AS bytes_out, sum(bytes) AS bytes,
  count(DISTINCT interface_id) AS interfaces
FROM flows
WHERE :scope AND log_status = 'OK' AND subnet_id IS NOT NULL
GROUP BY 1
ORDER BY 4 DESC, 1
LIMIT :top
