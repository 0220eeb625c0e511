-- title: Records by delivered object
-- group: Data quality
-- needs: source_object
-- arg: top integer 100 "how many rows"
SELECT source_object, count(*) AS records, min(start_time) AS first_seen, max(start_time) AS last_seen, count(DISTINCT interface_id) AS interfaces
FROM flows
WHERE :scope
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT :top
