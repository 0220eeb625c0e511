-- title: Server ports that few hosts use
-- group: Hunting
-- needs: srcaddr, dstaddr, dstport, action
-- arg: sources integer 1 "at most so many sources"
-- arg: top integer 50 "how many rows"
SELECT protocol, dstport, count(DISTINCT srcaddr) AS sources, count(DISTINCT dstaddr) AS destinations, count(*) AS records, sum(bytes) AS bytes,
  min(srcaddr) AS a_source, min(dstaddr) AS a_destination
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND protocol IN (6, 17) AND dstport < 32768 AND dstport < srcport
GROUP BY 1, 2
HAVING count(DISTINCT srcaddr) <= :sources
ORDER BY 3, 5, 1, 2
LIMIT :top
