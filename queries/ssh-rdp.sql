-- title: SSH and RDP, by source
-- group: Exposure
-- needs: srcaddr, dstaddr, dstport, action
-- arg: top integer 100 "how many rows"
SELECT CASE dstport WHEN 22 THEN 'ssh' ELSE 'rdp' END AS service, srcaddr, NOT :private(srcaddr) AS from_internet, dstaddr, action,
  count(*) AS records, sum(packets) AS packets, sum(bytes) AS bytes, min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND protocol = 6 AND dstport IN (22, 3389)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 6 DESC, 2, 4, 1, 5
LIMIT :top
