-- title: Who uses the NAT gateways, by bytes
-- group: Paths and cost
-- about: What private addresses sent into a NAT gateway; the gateway processes, and bills, both directions.
-- needs: interface_type, pkt_srcaddr, pkt_dstaddr, flow_direction, bytes
-- arg: top integer 50 "how many rows"
SELECT interface_id AS nat_interface, pkt_srcaddr AS source, sum(bytes) AS bytes, count(DISTINCT pkt_dstaddr) AS destinations
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND interface_type IN ('nat_gateway', 'regional_nat_gateway')
  AND flow_direction = 'ingress' AND :private(pkt_srcaddr)
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT :top
