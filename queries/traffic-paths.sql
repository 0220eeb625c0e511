-- title: Egress by the path that it took
-- group: Paths and cost
-- needs: traffic_path, bytes
SELECT traffic_path, CASE traffic_path
    WHEN 1 THEN 'in the VPC' WHEN 2 THEN 'internet gateway or gateway endpoint' WHEN 3 THEN 'virtual private gateway'
    WHEN 4 THEN 'peering in the Region' WHEN 5 THEN 'peering between Regions' WHEN 6 THEN 'Local Zone or Wavelength Zone'
    WHEN 7 THEN 'gateway endpoint' WHEN 8 THEN 'internet gateway' ELSE 'not said'
  END AS path,
  sum(bytes) AS bytes, count(DISTINCT interface_id) AS interfaces, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND flow_direction = 'egress'
GROUP BY 1, 2
ORDER BY 3 DESC, 1
