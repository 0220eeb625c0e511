-- title: Hours in which AWS lost records
-- group: Data quality
-- about: A SKIPDATA line stands for an unknown number of flows: do not read silence there as no traffic.
-- needs: log_status, interface_id
-- arg: top integer 100 "how many rows"
SELECT date_trunc('hour', start_time) AS hour, interface_id, count_if(log_status = 'SKIPDATA') AS skipdata, count(*) AS records
FROM flows
WHERE :scope
GROUP BY 1, 2
HAVING count_if(log_status = 'SKIPDATA') > 0
ORDER BY 3 DESC, 1, 2
LIMIT :top
