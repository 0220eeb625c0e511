-- title: Destinations on the internet that few hosts talk to
-- group: Hunting
-- needs: srcaddr, dstaddr, bytes
-- arg: hosts integer 1 "at most so many"
-- arg: top integer 50 "how many rows"
SELECT dstaddr, count(DISTINCT coalesce(pkt_srcaddr, srcaddr)) AS hosts, min(coalesce(pkt_srcaddr, srcaddr)) AS a_host, sum(bytes) AS bytes,
  min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND coalesce(flow_direction = 'egress', :private(srcaddr)) AND NOT :private(dstaddr) AND dstport < srcport
GROUP BY 1
HAVING count(DISTINCT coalesce(pkt_srcaddr, srcaddr)) <= :hosts
ORDER BY 2, 4 DESC, 1
LIMIT :top
