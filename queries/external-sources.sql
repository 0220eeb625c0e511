-- title: Sources on the internet, by what they reached
-- group: Exposure
-- about: The side with the higher port is taken for the client, so that replies do not count.
-- needs: srcaddr, dstaddr, dstport, action, bytes
-- arg: top integer 50 "how many rows"
SELECT coalesce(pkt_srcaddr, srcaddr) AS source, count_if(action = 'ACCEPT') AS accepted, count_if(action = 'REJECT') AS rejected,
  count(DISTINCT dstaddr) AS targets, count(DISTINCT dstport) AS ports, sum(bytes) AS bytes
FROM flows
WHERE :scope AND log_status = 'OK' AND NOT :private(coalesce(pkt_srcaddr, srcaddr)) AND coalesce(flow_direction = 'ingress', :private(dstaddr))
  AND (dstport < srcport OR protocol IN (1, 58))
GROUP BY 1
ORDER BY 6 DESC, 1
LIMIT :top
