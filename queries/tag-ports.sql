-- title: Ports that a tag's interfaces were asked on
-- group: Paths and cost
-- needs: instance_tag, dstport, flow_direction, action
-- arg: top integer 200 "how many rows"
SELECT url_decode(instance_tag) AS instance_tag, protocol, dstport, action, count(DISTINCT srcaddr) AS sources, sum(bytes) AS bytes
FROM flows
WHERE :scope AND log_status = 'OK' AND instance_tag IS NOT NULL AND flow_direction = 'ingress' AND dstport < 32768
GROUP BY 1, 2, 3, 4
ORDER BY 1, 6 DESC, 2, 3, 4
LIMIT :top
