-- title: Traffic by protocol
-- group: Traffic
-- needs: protocol, bytes
SELECT protocol, CASE protocol WHEN 1 THEN 'ICMP' WHEN 6 THEN 'TCP' WHEN 17 THEN 'UDP' WHEN 47 THEN 'GRE' WHEN 50 THEN 'ESP' WHEN 58 THEN 'ICMPv6' END AS name,
  sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records, count_if(action = 'REJECT') AS rejected
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1, 2
ORDER BY 3 DESC, 1
