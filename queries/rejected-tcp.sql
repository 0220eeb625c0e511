-- title: Rejected TCP with the day of the week
-- group: Rejects
-- about: Weekday 1 is Monday.
-- needs: srcaddr, action, protocol
-- arg: top integer 100 "how many rows"
SELECT day_of_week(start_time) AS weekday, CAST(start_time AS date) AS day, interface_id, srcaddr, dstaddr, dstport, action, protocol, packets
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'REJECT' AND protocol = 6
ORDER BY start_time, interface_id, srcaddr, srcport, dstaddr, dstport
LIMIT :top
