-- title: Minutes with unusually many rejects
-- group: Rejects
-- about: Minutes without a reject do not count towards the mean.
-- needs: action
-- arg: sigmas integer 2 "standard deviations above the mean that are still usual"
-- arg: top integer 60 "how many rows"
WITH minutes AS (
  SELECT date_trunc('minute', start_time) AS minute, count(*) AS rejects
  FROM flows
  WHERE :scope AND log_status = 'OK' AND action = 'REJECT'
  GROUP BY 1
), band AS (
  SELECT avg(rejects) AS mean, coalesce(stddev_samp(rejects), 0e0) AS spread
  FROM minutes
)
SELECT minute, rejects, round(mean, 1) AS mean, round(mean + :sigmas * spread, 1) AS upper, rejects > mean + :sigmas * spread AS unusual
FROM minutes CROSS JOIN band
ORDER BY rejects DESC, minute
LIMIT :top
