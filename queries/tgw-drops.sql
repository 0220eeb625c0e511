-- title: Packets that transit gateways lost, and why
-- group: Transit gateway
-- table: tgw_flows
-- needs: packets_lost_no_route, packets_lost_blackhole, packets_lost_mtu_exceeded, packets_lost_ttl_expired
-- arg: top integer 100 "how many rows"
SELECT tgw_id, tgw_attachment_id, srcaddr, dstaddr, sum(packets_lost_no_route) AS no_route, sum(packets_lost_blackhole) AS blackhole,
  sum(packets_lost_mtu_exceeded) AS mtu_exceeded, sum(packets_lost_ttl_expired) AS ttl_expired
FROM tgw_flows
WHERE :scope AND packets_lost_no_route + packets_lost_blackhole + packets_lost_mtu_exceeded + packets_lost_ttl_expired > 0
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
LIMIT :top
