-- title: Rejects on ports that few services use
-- group: Rejects
-- needs: srcaddr, dstport, action
-- arg: top integer 50 "how many rows"
SELECT protocol, dstport, srcaddr, dstaddr, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'REJECT'
  AND dstport NOT IN (0, 20, 21, 22, 23, 25, 53, 80, 110, 123, 143, 161, 389, 443, 445, 465, 587, 993, 995, 1433, 1521, 3306, 3389, 5432, 5900, 6379, 8080, 8443, 9200, 27017)
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3, 4
LIMIT :top
