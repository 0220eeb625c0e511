-- title: When a source was seen, and on which ports
-- group: Traffic
-- needs: srcaddr, dstport
-- arg: below integer 32768 "only ports below: those above are mostly those of clients"
-- arg: top integer 50 "how many rows"
SELECT srcaddr, min(start_time) AS first_seen, max(start_time) AS last_seen, count(*) AS records,
  count(DISTINCT dstport) AS ports, array_join(array_agg(DISTINCT dstport ORDER BY dstport), ',') AS port_list
FROM flows
WHERE :scope AND log_status = 'OK' AND dstport < :below
GROUP BY 1
ORDER BY 5 DESC, 4 DESC, 1
LIMIT :top
