-- title: The largest records
-- group: Traffic
-- needs: srcaddr, dstaddr, bytes
-- arg: top integer 10 "how many rows"
SELECT start_time, interface_id, srcaddr, srcport, dstaddr, dstport, protocol, bytes, packets, action
FROM flows
WHERE :scope AND log_status = 'OK'
ORDER BY bytes DESC, start_time, interface_id, srcaddr, srcport, dstaddr, dstport
LIMIT :top
