-- title: Servers that got most packets on a port
-- group: Paths and cost
-- needs: dstaddr, dstport, packets
-- arg: port integer 443 "port of the server"
-- arg: top integer 10 "how many rows"
SELECT dstaddr, sum(packets) AS packets, sum(bytes) AS bytes, count(DISTINCT srcaddr) AS clients
FROM flows
WHERE :scope AND log_status = 'OK' AND dstport = :port
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT :top
