-- title: Connections at regular intervals
-- group: Hunting
-- about: regularity 1 is a clock. Aggregation intervals blur gaps below some minutes.
-- needs: srcaddr, dstaddr, dstport, start
-- arg: calls integer 6 "at least so many"
-- arg: top integer 50 "how many rows"
WITH calls AS (
  SELECT srcaddr, dstaddr, protocol, dstport, "start", bytes,
    "start" - lag("start") OVER (PARTITION BY srcaddr, dstaddr, protocol, dstport ORDER BY "start") AS gap
  FROM (
    SELECT srcaddr, dstaddr, protocol, dstport, "start", sum(bytes) AS bytes
    FROM flows
    WHERE :scope AND log_status = 'OK' AND action = 'ACCEPT' AND coalesce(flow_direction = 'egress', :private(srcaddr)) AND NOT :private(dstaddr) AND dstport < 32768
    GROUP BY 1, 2, 3, 4, 5
  ) AS starts
)
SELECT srcaddr, dstaddr, protocol, dstport, count(*) AS calls, round(avg(gap), 1) AS interval_seconds, round(stddev_pop(gap), 1) AS spread_seconds,
  round(1e0 - stddev_pop(gap) / avg(gap), 3) AS regularity, sum(bytes) AS bytes
FROM calls
GROUP BY 1, 2, 3, 4
HAVING count(*) >= :calls AND avg(gap) > 0 AND stddev_pop(gap) <= avg(gap) / 5
ORDER BY 8 DESC, 5 DESC, 1, 2, 3, 4
LIMIT :top
