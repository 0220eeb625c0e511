CASE WHEN avg("end" - "start") > 75 OR sum(CASE WHEN "end" - "start" > 120 THEN 1 ELSE 0 END) * 100 >= count(*) THEN 600 ELSE 60 END
