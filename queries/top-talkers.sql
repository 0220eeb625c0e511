-- title: Addresses that send the most bytes
-- group: Traffic
-- about: By the addresses of the interfaces; behind NAT see top-talkers-packet.
-- needs: srcaddr, bytes, packets
-- arg: top integer 50 "how many"
SELECT srcaddr, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT :top
