-- title: Traffic by account, Region and VPC
-- group: Traffic
-- needs: account_id, region, vpc_id, bytes
SELECT account_id, region, vpc_id, sum(bytes) AS bytes, count(*) AS records, count(DISTINCT interface_id) AS interfaces
FROM flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
