-- title: Bytes to and from AWS's public services
-- group: Paths and cost
-- needs: pkt_src_aws_service, pkt_dst_aws_service, flow_direction, bytes
SELECT coalesce(pkt_dst_aws_service, pkt_src_aws_service) AS service, flow_direction, sum(bytes) AS bytes, count(DISTINCT interface_id) AS interfaces
FROM flows
WHERE :scope AND log_status = 'OK' AND (pkt_dst_aws_service IS NOT NULL OR pkt_src_aws_service IS NOT NULL)
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
