-- title: Which fields the records have
-- group: Data quality
-- about: Counts of values that are not NULL; a column of zeros is a field that the log format lacks, or that never applied.
-- needs: version
SELECT version, count(*) AS records, count(vpc_id) AS vpc_id, count(tcp_flags) AS tcp_flags, count(pkt_srcaddr) AS pkt_srcaddr, count(az_id) AS az_id,
  count(flow_direction) AS flow_direction, count(traffic_path) AS traffic_path, count(reject_reason) AS reject_reason, count(instance_tag) AS instance_tag,
  count(next_hop_az_id) AS next_hop_az_id
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1
ORDER BY 1
