-- title: Pairs of addresses with the most bytes
-- group: Traffic
-- about: Each direction is a row, and traffic between two logged interfaces is seen by both.
-- needs: srcaddr, dstaddr, bytes
-- arg: top integer 50 "how many rows"
SELECT srcaddr, dstaddr, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT :top
