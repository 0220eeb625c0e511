-- title: Which of ours answered an address
-- group: Exposure
-- needs: srcaddr, dstaddr, srcport, bytes, action
-- arg: ip ip 203.0.113.7 "the address on the internet"
-- arg: top integer 100 "how many rows"
SELECT interface_id, srcaddr AS server, protocol, srcport AS port, sum(bytes) AS bytes_out, sum(packets) AS packets_out,
  max(CASE WHEN bitwise_and(tcp_flags, 18) = 18 THEN 'yes' ELSE 'no' END) AS syn_ack, min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND (dstaddr = :ip OR pkt_dstaddr = :ip) AND srcport < dstport
GROUP BY 1, 2, 3, 4
ORDER BY 5 DESC, 1, 2, 3, 4
LIMIT :top
