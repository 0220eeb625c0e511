-- title: Where an address occurs, in all four address columns
-- group: Exposure
-- needs: srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr
-- arg: ip ip 203.0.113.7 "the address"
-- arg: top integer 1000 "how many rows"
SELECT start_time, interface_id, flow_direction, srcaddr, srcport, dstaddr, dstport, pkt_srcaddr, pkt_dstaddr, protocol, bytes, action
FROM flows
WHERE :scope AND log_status = 'OK' AND (srcaddr = :ip OR dstaddr = :ip OR pkt_srcaddr = :ip OR pkt_dstaddr = :ip)
ORDER BY start_time, interface_id, srcaddr, srcport, dstaddr, dstport
LIMIT :top
