-- title: Attachments with the most bytes between them
-- group: Transit gateway
-- table: tgw_flows
-- needs: tgw_attachment_id, tgw_pair_attachment_id, bytes
-- arg: top integer 50 "how many rows"
SELECT tgw_id, tgw_attachment_id, tgw_pair_attachment_id, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS records
FROM tgw_flows
WHERE :scope AND log_status = 'OK'
GROUP BY 1, 2, 3
ORDER BY 4 DESC, 1, 2, 3
LIMIT :top
