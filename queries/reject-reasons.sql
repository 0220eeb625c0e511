-- title: Rejects by reason
-- group: Rejects
-- needs: action, reject_reason
SELECT CASE
    WHEN reject_reason = 'BPA' THEN 'VPC Block Public Access'
    WHEN reject_reason = 'EC' THEN 'VPC Encryption Controls'
    WHEN reject_reason IS NOT NULL THEN reject_reason
    WHEN protocol = 6 AND bitwise_and(tcp_flags, 2) = 0 THEN 'security group, network ACL, or after the connection was closed'
    ELSE 'security group or network ACL'
  END AS reason,
  count(*) AS records, sum(packets) AS packets, count(DISTINCT srcaddr) AS sources
FROM flows
WHERE :scope AND log_status = 'OK' AND action = 'REJECT'
GROUP BY 1
ORDER BY 2 DESC, 1
