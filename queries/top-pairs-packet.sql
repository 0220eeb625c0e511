-- title: Pairs of original addresses with the most bytes
-- group: Traffic
-- about: By the addresses in the packets: who is behind a NAT gateway, a transit gateway or a pod's second address.
-- needs: pkt_srcaddr, pkt_dstaddr, bytes
-- arg: top integer 50 "how many rows"
SELECT pkt_srcaddr, pkt_dstaddr, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND pkt_srcaddr IS NOT NULL AND pkt_dstaddr IS NOT NULL
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
LIMIT :top
