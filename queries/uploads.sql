-- title: Hosts that send far more than they get, by peer
-- group: Hunting
-- about: NAT gateways are left out, since their hosts are here; without interface_type in the log they are listed, too.
-- needs: srcaddr, dstaddr, flow_direction, bytes, action
-- arg: bytes integer 10000 "sent at least so many"
-- arg: top integer 50 "how many rows"
WITH up AS (
  SELECT coalesce(pkt_srcaddr, srcaddr) AS host, dstaddr AS peer, sum(bytes) AS bytes_up
  FROM flows
  WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND flow_direction = 'egress' AND NOT :private(dstaddr)
    AND coalesce(interface_type NOT IN ('nat_gateway', 'regional_nat_gateway'), true)
  GROUP BY 1, 2
), down AS (
  SELECT coalesce(pkt_dstaddr, dstaddr) AS host, srcaddr AS peer, sum(bytes) AS bytes_down
  FROM flows
  WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND flow_direction = 'ingress' AND NOT :private(srcaddr)
  GROUP BY 1, 2
)
SELECT up.host, up.peer, bytes_up, coalesce(bytes_down, 0) AS bytes_down, round(1e0 * bytes_up / greatest(coalesce(bytes_down, 0), 1), 1) AS ratio
FROM up LEFT JOIN down ON down.host = up.host AND down.peer = up.peer
WHERE bytes_up >= :bytes
ORDER BY 5 DESC, 3 DESC, 1, 2
LIMIT :top
