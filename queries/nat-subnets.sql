-- title: NAT gateway bytes by VPC and subnet
-- group: Paths and cost
-- needs: interface_type, vpc_id, subnet_id, flow_direction, bytes
SELECT vpc_id, subnet_id, interface_id AS nat_interface, sum(CASE WHEN :private(pkt_srcaddr) THEN bytes ELSE 0 END) AS bytes_out,
  sum(CASE WHEN :private(pkt_srcaddr) THEN 0 ELSE bytes END) AS bytes_back
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND interface_type IN ('nat_gateway', 'regional_nat_gateway') AND flow_direction = 'ingress'
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
