-- title: Ports that answered the internet
-- group: Exposure
-- about: A port is a server's if it is the lower of the two; a bare SYN or RST is no answer.
-- about: Without flow_direction in the log, servers are found by their private address, and those of IPv6 are missed.
-- needs: interface_id, srcaddr, dstaddr, srcport, action, bytes, tcp_flags
-- arg: below integer 32768 "ports of servers are below"
-- arg: top integer 100 "how many rows"
SELECT interface_id, srcaddr AS server, protocol, srcport AS port, count(DISTINCT coalesce(pkt_dstaddr, dstaddr)) AS clients, sum(bytes) AS bytes_out,
  max(CASE WHEN bitwise_and(tcp_flags, 18) = 18 THEN 'yes' ELSE 'no' END) AS syn_ack, min(start_time) AS first_seen, max(start_time) AS last_seen
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND protocol IN (6, 17) AND srcport < :below AND srcport < dstport
  AND coalesce(flow_direction = 'egress', :private(srcaddr)) AND NOT :private(coalesce(pkt_dstaddr, dstaddr))
  AND (protocol = 17 OR tcp_flags IS NULL OR bitwise_and(tcp_flags, 18) = 18 OR bitwise_and(tcp_flags, 6) = 0)
GROUP BY 1, 2, 3, 4
ORDER BY 6 DESC, 1, 2, 3, 4
LIMIT :top
