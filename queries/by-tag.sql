-- title: Bytes by instance tag, accepted and rejected
-- group: Paths and cost
-- needs: instance_tag, action, bytes
SELECT url_decode(instance_tag) AS instance_tag, action, sum(bytes) AS bytes, count(DISTINCT interface_id) AS interfaces, count(*) AS records
FROM flows
WHERE :scope AND log_status = 'OK' AND instance_tag IS NOT NULL
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2
