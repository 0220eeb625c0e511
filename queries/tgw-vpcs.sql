-- title: Bytes from VPC to VPC through transit gateways
-- group: Transit gateway
-- about: Counted where the transit gateway takes them in, so that each byte counts once.
-- table: tgw_flows
-- needs: tgw_src_vpc_id, tgw_dst_vpc_id, bytes
SELECT tgw_src_vpc_account_id, tgw_src_vpc_id, tgw_dst_vpc_account_id, tgw_dst_vpc_id, sum(bytes) AS bytes, count(DISTINCT srcaddr) AS sources
FROM tgw_flows
WHERE :scope AND log_status = 'OK' AND flow_direction = 'ingress'
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3, 4
