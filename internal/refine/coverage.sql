-- What was logged of an interface in an hour, and what was not.
WITH :common,
legs AS (
  SELECT "start" - "start" % 3600 AS hour_at, coalesce(interface_id, resource_id, '') AS interface_id,
    interface_id IS NULL AND resource_id IS NOT NULL AS resource,
    coalesce(srcaddr, pkt_srcaddr) AS srcaddr, coalesce(dstaddr, pkt_dstaddr) AS dstaddr,
    coalesce(pkt_srcaddr, srcaddr) AS src, coalesce(pkt_dstaddr, dstaddr) AS dst, flow_direction,
    coalesce(action, 'ACCEPT') <> 'REJECT' AS accepted, min(start_time) AS first_start, count(*) AS n, sum(bytes) AS bytes, sum(packets) AS packets
  FROM flows
  WHERE start_time >= :since AND start_time < :until AND coalesce(pkt_srcaddr, srcaddr) IS NOT NULL
    AND coalesce(pkt_dstaddr, dstaddr) IS NOT NULL AND coalesce(log_status, 'OK') = 'OK'
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
),
directed AS (
  SELECT l.*,
    CASE WHEN flow_direction = 'egress' OR cs.address IS NOT NULL AND cd.address IS NULL THEN 'out'
      WHEN flow_direction = 'ingress' OR cd.address IS NOT NULL AND cs.address IS NULL THEN 'in' END AS way
  FROM legs l
  LEFT JOIN common cs ON cs.hour_at = l.hour_at AND cs.interface_id = l.interface_id
    AND cs.address = CASE WHEN l.flow_direction IS NULL THEN l.srcaddr END
  LEFT JOIN common cd ON cd.hour_at = l.hour_at AND cd.interface_id = l.interface_id
    AND cd.address = CASE WHEN l.flow_direction IS NULL THEN l.dstaddr END
),
scoped AS (
  SELECT d.*, a.scope = 'internet' AS outside, CASE WHEN resource THEN NULL WHEN way = 'out' THEN srcaddr WHEN way = 'in' THEN dstaddr END AS own
  FROM directed d
  LEFT JOIN addresses a ON a.hour >= :since AND a.hour < :until
    AND a.hour = date_trunc('hour', d.first_start)
    AND a.address = CASE WHEN d.way = 'out' THEN d.dst ELSE d.src END
),
volumes AS (
  SELECT hour_at, interface_id,
    sum(CASE WHEN accepted AND way = 'in' THEN bytes END) AS bytes_in, sum(CASE WHEN accepted AND way = 'out' THEN bytes END) AS bytes_out,
    sum(CASE WHEN accepted AND way = 'in' THEN packets END) AS packets_in,
    sum(CASE WHEN accepted AND way = 'out' THEN packets END) AS packets_out,
    sum(CASE WHEN accepted AND way = 'in' AND outside THEN bytes END) AS internet_bytes_in,
    sum(CASE WHEN accepted AND way = 'out' AND outside THEN bytes END) AS internet_bytes_out,
    sum(CASE WHEN NOT accepted AND way = 'in' AND outside THEN n END) AS rejects_in,
    sum(CASE WHEN NOT accepted AND way = 'out' AND outside THEN n END) AS rejects_out
  FROM scoped
  GROUP BY 1, 2
),
owners AS (
  SELECT hour_at, interface_id, own, row_number() OVER (PARTITION BY hour_at, interface_id ORDER BY sum(n) DESC, own) AS place
  FROM scoped
  WHERE own IS NOT NULL
  GROUP BY hour_at, interface_id, own
),
objects AS (
  SELECT "start" - "start" % 3600 AS hour_at, coalesce(interface_id, resource_id, '') AS interface_id, source_object,
    count(*) AS records, sum(CASE WHEN log_status = 'NODATA' THEN 1 ELSE 0 END) AS nodata, sum(CASE WHEN log_status = 'SKIPDATA' THEN 1 ELSE 0 END) AS skipdata,
    sum(CASE WHEN action = 'ACCEPT' THEN 1 ELSE 0 END) AS accepts, sum(CASE WHEN action = 'REJECT' THEN 1 ELSE 0 END) AS rejects,
    max(account_id) AS account_id, max(CASE WHEN account_id <> 'unknown' THEN account_id END) AS known_account, max(region) AS region,
    max(vpc_id) AS vpc_id, max(subnet_id) AS subnet_id, count(instance_id) AS instance_id, count(encryption_status) AS encryption_status,
    count(flow_direction) AS flow_direction, count(pkt_dst_aws_service) AS pkt_dst_aws_service, count(pkt_srcaddr) AS pkt_srcaddr,
    count(reject_reason) AS reject_reason, count(tcp_flags) AS tcp_flags, count(traffic_path) AS traffic_path, count(type) AS type,
    sum(CASE WHEN coalesce(log_status, '') <> 'SKIPDATA' THEN "end" - "start" END) AS length,
    sum(CASE WHEN coalesce(log_status, '') <> 'SKIPDATA' AND "end" >= "start" THEN 1 ELSE 0 END) AS lengths,
    sum(CASE WHEN coalesce(log_status, '') <> 'SKIPDATA' AND "end" - "start" > 120 THEN 1 ELSE 0 END) AS long,
    min(start_time) AS first_seen, max(coalesce(end_time, start_time)) AS last_seen, min("end") AS first_end
  FROM flows
  WHERE start_time >= :since AND start_time < :until
  GROUP BY 1, 2, 3
),
-- The time in an object's name is the begin of the five minutes in which its records ended.
delays AS (
  SELECT o.*, to_unixtime(date_parse(regexp_extract(source_object, '_([0-9]{8}T[0-9]{4})Z_', 1), '%Y%m%dT%H%i')) - first_end AS delay
  FROM objects o
),
described AS (
  SELECT hour_at, interface_id, coalesce(max(known_account), max(account_id)) AS account_id, max(region) AS region, max(vpc_id) AS vpc_id,
    max(subnet_id) AS subnet_id, sum(records) AS records, sum(nodata) AS nodata, sum(skipdata) AS skipdata, sum(accepts) AS accepts,
    sum(rejects) AS rejects,
    substr(CASE WHEN max(account_id) IS NULL THEN '' ELSE ',account_id' END
      || CASE WHEN max(encryption_status) = 0 THEN '' ELSE ',encryption_status' END
      || CASE WHEN max(flow_direction) = 0 THEN '' ELSE ',flow_direction' END
      || CASE WHEN max(instance_id) = 0 THEN '' ELSE ',instance_id' END
      || CASE WHEN max(pkt_dst_aws_service) = 0 THEN '' ELSE ',pkt_dst_aws_service' END
      || CASE WHEN max(pkt_srcaddr) = 0 THEN '' ELSE ',pkt_srcaddr' END
      || CASE WHEN max(region) IS NULL THEN '' ELSE ',region' END
      || CASE WHEN max(reject_reason) = 0 THEN '' ELSE ',reject_reason' END
      || CASE WHEN max(subnet_id) IS NULL THEN '' ELSE ',subnet_id' END
      || CASE WHEN max(tcp_flags) = 0 THEN '' ELSE ',tcp_flags' END
      || CASE WHEN max(traffic_path) = 0 THEN '' ELSE ',traffic_path' END
      || CASE WHEN max(type) = 0 THEN '' ELSE ',type' END
      || CASE WHEN max(vpc_id) IS NULL THEN '' ELSE ',vpc_id' END, 2) AS fields,
    CASE WHEN sum(length) > 75 * sum(lengths) OR sum(long) * 100 >= greatest(sum(lengths), 1) THEN 600 ELSE 60 END AS interval_seconds,
    max(delay) AS delay, min(first_seen) AS first_seen, max(last_seen) AS last_seen
  FROM delays
  GROUP BY 1, 2
),
versions AS (
  SELECT hour_at, interface_id, array_join(array_agg(CAST(version AS varchar) ORDER BY version), ',') AS versions
  FROM (
    SELECT DISTINCT "start" - "start" % 3600 AS hour_at, coalesce(interface_id, resource_id, '') AS interface_id, version
    FROM flows
    WHERE start_time >= :since AND start_time < :until AND version IS NOT NULL
  ) AS v
  GROUP BY 1, 2
),
extras AS (
  SELECT hour_at, interface_id, array_join(array_agg(name ORDER BY name), ',') AS extra_fields
  FROM (
    SELECT DISTINCT f.hour_at, f.interface_id, t.name
    FROM (
      SELECT DISTINCT "start" - "start" % 3600 AS hour_at, coalesce(interface_id, resource_id, '') AS interface_id, map_keys(extra) AS names
      FROM flows
      WHERE start_time >= :since AND start_time < :until AND extra IS NOT NULL
    ) AS f
    CROSS JOIN UNNEST(f.names) AS t(name)
  ) AS e
  GROUP BY 1, 2
)
SELECT date_trunc('hour', d.first_seen) AS hour, d.account_id, d.region, d.vpc_id, d.subnet_id,
  nullif(d.interface_id, '') AS interface_id, o.own AS own_address,
  CAST(d.records AS bigint) AS records, CAST(d.nodata AS bigint) AS nodata, CAST(d.skipdata AS bigint) AS skipdata,
  CAST(d.accepts AS bigint) AS accepts, CAST(d.rejects AS bigint) AS rejects,
  CAST(coalesce(v.bytes_in, 0) AS bigint) AS bytes_in, CAST(coalesce(v.bytes_out, 0) AS bigint) AS bytes_out,
  CAST(coalesce(v.packets_in, 0) AS bigint) AS packets_in, CAST(coalesce(v.packets_out, 0) AS bigint) AS packets_out,
  CAST(coalesce(v.internet_bytes_in, 0) AS bigint) AS internet_bytes_in,
  CAST(coalesce(v.internet_bytes_out, 0) AS bigint) AS internet_bytes_out,
  CAST(coalesce(v.rejects_in, 0) AS bigint) AS rejects_in, CAST(coalesce(v.rejects_out, 0) AS bigint) AS rejects_out,
  d.fields, d.interval_seconds, CAST(d.delay AS bigint) AS delay_seconds, coalesce(x.extra_fields, '') AS extra_fields, w.versions,
  d.first_seen, d.last_seen
FROM described d
LEFT JOIN volumes v ON v.hour_at = d.hour_at AND v.interface_id = d.interface_id
LEFT JOIN owners o ON o.hour_at = d.hour_at AND o.interface_id = d.interface_id AND o.place = 1
LEFT JOIN versions w ON w.hour_at = d.hour_at AND w.interface_id = d.interface_id
LEFT JOIN extras x ON x.hour_at = d.hour_at AND x.interface_id = d.interface_id
ORDER BY d.interface_id, d.hour_at
