CASE WHEN avg("end" - "start") > 75 OR count_if("end" - "start" > 120) * 100 >= count(*) THEN 600 ELSE 60 END
