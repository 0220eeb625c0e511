-- title: Largest transfers between private addresses, by day
-- group: Traffic
-- needs: srcaddr, dstaddr, bytes
-- arg: top integer 10 "how many of each day"
SELECT day, srcaddr, dstaddr, bytes
FROM (
  SELECT day, srcaddr, dstaddr, bytes, row_number() OVER (PARTITION BY day ORDER BY bytes DESC, srcaddr, dstaddr) AS place
  FROM (
    SELECT CAST(start_time AS date) AS day, srcaddr, dstaddr, sum(bytes) AS bytes
    FROM flows
    WHERE :scope AND log_status = 'OK' AND :private(srcaddr) AND :private(dstaddr)
    GROUP BY 1, 2, 3
  ) AS pairs
) AS places
WHERE place <= :top
ORDER BY day, bytes DESC, srcaddr, dstaddr
