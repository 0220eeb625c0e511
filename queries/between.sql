-- title: What two addresses said to each other
-- group: Traffic
-- needs: srcaddr, dstaddr, srcport, dstport, protocol
-- arg: a ip 203.0.113.7 "one address"
-- arg: b ip 10.0.1.20 "the other"
-- arg: top integer 1000 "how many rows"
SELECT start_time, interface_id, flow_direction, srcaddr, srcport, dstaddr, dstport, protocol, packets, bytes, tcp_flags, action
FROM flows
WHERE :scope AND log_status = 'OK' AND (srcaddr = :a AND dstaddr = :b OR srcaddr = :b AND dstaddr = :a)
ORDER BY start_time, interface_id, srcaddr, srcport, dstport
LIMIT :top
