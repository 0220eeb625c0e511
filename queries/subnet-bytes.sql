-- title: Destinations of a network, by bytes
-- group: Traffic
-- needs: srcaddr, dstaddr, bytes
-- arg: network cidr 10.0.0.0/16 "where the senders are"
-- arg: top integer 15 "how many rows"
SELECT dstaddr, sum(bytes) AS bytes, sum(packets) AS packets, count(DISTINCT srcaddr) AS sources
FROM flows
WHERE :scope AND log_status = 'OK' AND contains(:network, TRY_CAST(srcaddr AS IPADDRESS))
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT :top
