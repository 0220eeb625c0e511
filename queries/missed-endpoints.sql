-- title: S3 and DynamoDB traffic that misses a gateway endpoint
-- group: Paths and cost
-- about: A gateway endpoint (path 7) is free; a NAT gateway is billed by the byte.
-- needs: pkt_dst_aws_service, traffic_path, flow_direction, bytes
SELECT vpc_id, subnet_id, pkt_dst_aws_service AS service, traffic_path, sum(bytes) AS bytes, count(DISTINCT interface_id) AS interfaces
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND flow_direction = 'egress' AND pkt_dst_aws_service IN ('S3', 'DYNAMODB') AND traffic_path <> 7
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3, 4
