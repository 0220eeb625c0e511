-- title: Who sends most to the internet
-- group: Paths and cost
-- about: NAT gateways are left out, since their hosts are here, so that bytes are counted once: hosts must be logged, too.
-- about: Without interface_type in the log a gateway cannot be told, and is listed beside the hosts behind it.
-- needs: srcaddr, dstaddr, bytes, action
-- arg: top integer 50 "how many rows"
SELECT interface_id, coalesce(pkt_srcaddr, srcaddr) AS source, sum(bytes) AS bytes, count(DISTINCT dstaddr) AS destinations,
  max_by(dstaddr, ROW(bytes, dstaddr)) AS largest_destination
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND coalesce(flow_direction = 'egress', :private(srcaddr)) AND NOT :private(dstaddr)
  AND coalesce(interface_type NOT IN ('nat_gateway', 'regional_nat_gateway'), true)
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT :top
