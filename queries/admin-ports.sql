-- title: Traffic to ports of administration and databases
-- group: Exposure
-- needs: srcaddr, dstaddr, dstport, action
-- arg: top integer 10 "how many rows"
SELECT dstport, dstaddr, action, count(DISTINCT srcaddr) AS sources, sum(bytes) AS bytes, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND dstport IN (21, 22, 23, 135, 139, 445, 1433, 1521, 2375, 3306, 3389, 5432, 5601, 5900, 5985, 5986, 6379, 6443, 9200, 10250, 11211, 27017)
GROUP BY 1, 2, 3
ORDER BY 5 DESC, 1, 2, 3
LIMIT :top
