-- The address that all records of an interface have in common is its own, where they do not say their direction. Of two that all
-- of them have, as where there is one peer, neither is known to be it.
pairs AS (
  SELECT "start" - "start" % 3600 AS hour_at, coalesce(interface_id, resource_id, '') AS interface_id, srcaddr, dstaddr, count(*) AS n
  FROM flows
  WHERE start_time >= :since AND start_time < :until AND flow_direction IS NULL AND srcaddr IS NOT NULL AND dstaddr IS NOT NULL
    AND coalesce(log_status, 'OK') = 'OK'
  GROUP BY 1, 2, 3, 4
),
common AS (
  SELECT hour_at, interface_id, max(address) AS address
  FROM (
    SELECT hour_at, interface_id, v6, address, n, sum(n) OVER (PARTITION BY hour_at, interface_id, v6) AS both_ends
    FROM (
      SELECT hour_at, interface_id, strpos(address, ':') > 0 AS v6, address, sum(n) AS n
      FROM (
        SELECT hour_at, interface_id, srcaddr AS address, n FROM pairs
        UNION ALL
        SELECT hour_at, interface_id, dstaddr AS address, n FROM pairs
      ) AS ends
      GROUP BY 1, 2, 3, 4
    ) AS counted
  ) AS compared
  WHERE n * 2 = both_ends
  GROUP BY hour_at, interface_id, v6
  HAVING count(*) = 1
)
