-- title: Rejected records as they were delivered
-- group: Rejects
-- about: Newest first.
-- needs: action
-- arg: top integer 100 "how many rows"
SELECT start_time, interface_id, flow_direction, srcaddr, srcport, dstaddr, dstport, protocol, packets, bytes, tcp_flags, reject_reason
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'REJECT'
ORDER BY start_time DESC, interface_id, srcaddr, srcport, dstaddr, dstport
LIMIT :top
