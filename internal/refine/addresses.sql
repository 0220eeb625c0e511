-- The addresses of an hour: whether one is an interface's own, and what AWS says that it is.
WITH :common,
legs AS (
  SELECT "start" - "start" % 3600 AS hour_at, coalesce(interface_id, resource_id, '') AS interface_id, interface_id IS NULL AND resource_id IS NOT NULL AS resource,
    coalesce(srcaddr, pkt_srcaddr) AS srcaddr, coalesce(dstaddr, pkt_dstaddr) AS dstaddr,
    coalesce(pkt_srcaddr, srcaddr) AS src, coalesce(pkt_dstaddr, dstaddr) AS dst, flow_direction,
    max(pkt_src_aws_service) AS src_service, max(pkt_dst_aws_service) AS dst_service,
    min(start_time) AS first_start, bool_or(coalesce(action, 'ACCEPT') <> 'REJECT') AS accepted
  FROM flows
  WHERE start_time >= :since AND start_time < :until AND coalesce(pkt_srcaddr, srcaddr) IS NOT NULL
    AND coalesce(pkt_dstaddr, dstaddr) IS NOT NULL
    AND coalesce(log_status, 'OK') = 'OK'
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),
ends AS (
  SELECT l.hour_at, l.first_start, l.interface_id, l.resource, l.src AS address, l.src_service AS service, l.accepted,
    l.flow_direction = 'egress' AND l.src = l.srcaddr OR c.address IS NOT NULL AS own,
    l.flow_direction = 'ingress' AS other
  FROM legs l
  LEFT JOIN common c ON c.hour_at = l.hour_at AND c.interface_id = l.interface_id
    AND c.address = CASE WHEN l.flow_direction IS NULL THEN l.src END
  UNION ALL
  SELECT l.hour_at, l.first_start, l.interface_id, l.resource, l.dst, l.dst_service, l.accepted,
    l.flow_direction = 'ingress' AND l.dst = l.dstaddr OR c.address IS NOT NULL,
    l.flow_direction = 'egress'
  FROM legs l
  LEFT JOIN common c ON c.hour_at = l.hour_at AND c.interface_id = l.interface_id
    AND c.address = CASE WHEN l.flow_direction IS NULL THEN l.dst END
),
-- What an interface also sends to or hears from is behind it and not its own: a gateway is seen with both. Of a gateway without an
-- interface every end has this look when it is refused.
seen AS (
  SELECT hour_at, min(first_start) AS first_start, address, max(service) AS service,
    bool_or(own AND (accepted OR NOT resource)) AND NOT coalesce(bool_or(other), false) AS own
  FROM ends
  GROUP BY hour_at, interface_id, address
)
SELECT date_trunc('hour', min(first_start)) AS hour, address, coalesce(bool_or(own), false) AS own,
  max(service) AS service
FROM seen
GROUP BY hour_at, address
ORDER BY 1, 2
