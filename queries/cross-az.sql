-- title: Bytes between Availability Zones
-- group: Paths and cost
-- needs: az_id, next_hop_az_id, flow_direction, bytes
-- arg: top integer 50 "how many rows"
SELECT az_id, next_hop_az_id, interface_id, next_hop_interface_id, sum(bytes) AS bytes, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND flow_direction = 'egress' AND next_hop_az_id IS NOT NULL AND az_id <> next_hop_az_id
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3, 4
LIMIT :top
