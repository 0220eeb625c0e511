-- title: Inbound from the internet that was not seen before
-- group: Exposure
-- needs: srcaddr, dstaddr, dstport, action
-- arg: day timestamp 24h "first seen then or later; what was before is what since covers"
-- arg: top integer 100 "how many rows"
SELECT coalesce(pkt_srcaddr, srcaddr) AS source, dstaddr, protocol, dstport, min(start_time) AS first_seen, count(*) AS records, sum(bytes) AS bytes
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND dstport < 32768
  AND NOT :private(coalesce(pkt_srcaddr, srcaddr)) AND coalesce(flow_direction = 'ingress', :private(dstaddr))
GROUP BY 1, 2, 3, 4
HAVING min(start_time) >= :day
ORDER BY 5, 1, 2, 3, 4
LIMIT :top
