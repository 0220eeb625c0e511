-- title: Original addresses that send the most bytes
-- group: Traffic
-- about: By the addresses in the packets, which differ from those of the interface behind NAT.
-- needs: pkt_srcaddr, bytes
-- arg: top integer 50 "how many rows"
SELECT pkt_srcaddr, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND pkt_srcaddr IS NOT NULL
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT :top
