-- title: Who sends most to the internet
-- group: Paths and cost
-- needs: srcaddr, dstaddr, bytes, action
-- arg: top integer 50 "how many rows"
SELECT interface_id, coalesce(pkt_srcaddr, srcaddr) AS source, sum(bytes) AS bytes, count(DISTINCT dstaddr) AS destinations,
  max_by(dstaddr, ROW(bytes, dstaddr)) AS largest_destination
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND coalesce(flow_direction = 'egress', :private(srcaddr)) AND NOT :private(dstaddr)
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT :top
