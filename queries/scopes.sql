-- title: Bytes by kind of path: internal, in, out, transit
-- group: Traffic
-- about: Private are RFC 1918, shared (RFC 6598), link-local and unique local addresses.
-- about: The IPv6 addresses of a VPC are public ones.
-- needs: srcaddr, dstaddr, bytes
SELECT CASE
    WHEN source_private AND destination_private THEN 'internal'
    WHEN source_private THEN 'to the internet'
    WHEN destination_private THEN 'from the internet'
    ELSE 'public to public'
  END AS scope,
  action, sum(bytes) AS bytes, sum(packets) AS packets, sum(records) AS records
FROM (
  SELECT :private(srcaddr) AS source_private, :private(dstaddr) AS destination_private, action, bytes, packets, records
  FROM (
    SELECT srcaddr, dstaddr, action, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
    FROM flows
    WHERE :scope AND log_status = 'OK'
    GROUP BY 1, 2, 3
  ) AS pairs
) AS f
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
