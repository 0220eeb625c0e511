-- title: Aggregation interval of the records
-- group: Data quality
-- about: Judged by the longest record of each interface; 600 s is the default of AWS and too coarse for some detections.
-- needs: start, end, interface_id
SELECT CASE WHEN longest <= 60 THEN '60 s' ELSE '600 s' END AS aggregation, count(*) AS interfaces, max(longest) AS longest_seconds
FROM (
  SELECT interface_id, max("end" - "start") AS longest
  FROM flows
  WHERE :scope AND log_status = 'OK'
  GROUP BY 1
) AS f
GROUP BY 1
ORDER BY 1
