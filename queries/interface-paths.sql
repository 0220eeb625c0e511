-- title: Bytes by kind of interface and of next hop
-- group: Paths and cost
-- about: Needs the fields of version 11: without them everything is 'instance or other'.
-- needs: interface_type, next_hop_interface_type, flow_direction, bytes
SELECT coalesce(interface_type, 'instance or other') AS interface_type, flow_direction,
  coalesce(next_hop_interface_type, 'instance or other') AS next_hop_interface_type, sum(bytes) AS bytes, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
