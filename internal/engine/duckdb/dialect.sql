-- What DuckDB lacks of the SQL that Athena and Trino speak, or does otherwise. docs/sql.md lists all of it.
-- A macro hides a built-in function of its name; system.main.f is the hidden one.

-- Text.
CREATE MACRO regexp_like(s, p) AS regexp_matches(s, p);
CREATE MACRO regexp_extract
	(s, p) AS CASE WHEN regexp_matches(s, p) THEN system.main.regexp_extract(s, p) END,
	(s, p, g) AS CASE WHEN regexp_matches(s, p) THEN system.main.regexp_extract(s, p, g) END;
CREATE MACRO regexp_replace
	(s, p) AS system.main.regexp_replace(s, p, '', 'g'),
	(s, p, r) AS system.main.regexp_replace(s, p, system.main.regexp_replace(r, '\$(\d)', '\\\1', 'g'), 'g');
CREATE MACRO split_part(s, d, n) AS CASE WHEN n <= len(string_split(s, d)) THEN system.main.split_part(s, d, n) END;
CREATE MACRO to_hex(b) AS hex(b);
CREATE MACRO from_hex(s) AS unhex(s);
CREATE MACRO to_utf8(s) AS encode(s);
CREATE MACRO from_utf8(b) AS decode(b);
CREATE MACRO json_extract_scalar(j, p) AS json_extract_string(j, p);
CREATE MACRO json_parse(s) AS CAST(s AS JSON);
CREATE MACRO url_encode(s) AS replace(replace(replace(system.main.url_encode(s), '%20', '+'), '%2A', '*'), '~', '%7E');
CREATE MACRO url_decode(s) AS system.main.url_decode(replace(s, '+', ' '));
CREATE MACRO url_extract_protocol(u) AS nullif(system.main.regexp_extract(u, '^([A-Za-z][A-Za-z0-9+.-]*):', 1), '');
CREATE MACRO url_extract_host(u) AS nullif(system.main.regexp_extract(u, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)', 1), '');
CREATE MACRO url_extract_port(u) AS TRY_CAST(system.main.regexp_extract(u, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?:\[[^\]]*\]|[^/?#:]*):([0-9]+)', 1) AS BIGINT);
CREATE MACRO url_extract_path(u) AS system.main.regexp_extract(u, '^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)?([^?#]*)', 1);
CREATE MACRO url_extract_query(u) AS nullif(system.main.regexp_extract(u, '\?([^#]*)', 1), '');
CREATE MACRO url_extract_fragment(u) AS nullif(system.main.regexp_extract(u, '#(.*)$', 1), '');

-- Numbers and bits.
CREATE MACRO bitwise_and(a, b) AS (CAST(a AS BIGINT) & CAST(b AS BIGINT));
CREATE MACRO bitwise_or(a, b) AS (CAST(a AS BIGINT) | CAST(b AS BIGINT));
CREATE MACRO bitwise_xor(a, b) AS xor(CAST(a AS BIGINT), CAST(b AS BIGINT));
CREATE MACRO bitwise_not(a) AS (~CAST(a AS BIGINT));
CREATE MACRO bitwise_left_shift(a, n) AS (CAST(a AS BIGINT) << CAST(n AS BIGINT));
CREATE MACRO bitwise_right_shift(a, n) AS (CAST(a AS BIGINT) >> CAST(n AS BIGINT));
CREATE MACRO bit_count(a, n) AS CAST(system.main.bit_count(CAST(a AS BIGINT)) AS BIGINT);
CREATE MACRO truncate(x) AS trunc(x);
CREATE MACRO rand() AS random();
CREATE MACRO is_nan(x) AS isnan(x);
CREATE MACRO is_finite(x) AS isfinite(x);
CREATE MACRO is_infinite(x) AS isinf(x);

-- Times. Every zone is UTC.
CREATE MACRO from_unixtime(x) AS to_timestamp(x);
CREATE MACRO to_unixtime(t) AS epoch(t);
CREATE MACRO to_iso8601(t) AS CASE typeof(t)
	WHEN 'DATE' THEN strftime(CAST(t AS TIMESTAMP), '%Y-%m-%d')
	WHEN 'TIMESTAMP' THEN strftime(CAST(t AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%f')
	ELSE strftime(CAST(t AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%fZ') END;
CREATE MACRO from_iso8601_timestamp(s) AS CAST(s AS TIMESTAMPTZ);
CREATE MACRO from_iso8601_date(s) AS CAST(s AS DATE);
CREATE MACRO date_add(unit, n, t) AS t + CASE lower(unit)
	WHEN 'millisecond' THEN to_milliseconds(n) WHEN 'second' THEN to_seconds(n) WHEN 'minute' THEN to_minutes(n)
	WHEN 'hour' THEN to_hours(n) WHEN 'day' THEN to_days(CAST(n AS INTEGER)) WHEN 'week' THEN to_weeks(CAST(n AS INTEGER))
	WHEN 'month' THEN to_months(CAST(n AS INTEGER)) WHEN 'quarter' THEN to_months(CAST(3 * n AS INTEGER))
	WHEN 'year' THEN to_years(CAST(n AS INTEGER)) ELSE error('date_add: unknown unit ' || unit) END;
CREATE MACRO date_diff(unit, a, b) AS date_sub(unit, a, b);
CREATE MACRO date_format(t, f) AS weir_date_format(CAST(t AS TIMESTAMP), f);
CREATE MACRO day_of_week(t) AS isodow(t);
CREATE MACRO dow(t) AS isodow(t);
CREATE MACRO day_of_month(t) AS day(t);
CREATE MACRO day_of_year(t) AS dayofyear(t);
CREATE MACRO doy(t) AS dayofyear(t);
CREATE MACRO week_of_year(t) AS week(t);
CREATE MACRO year_of_week(t) AS isoyear(t);
CREATE MACRO yow(t) AS isoyear(t);
CREATE MACRO millisecond(t) AS system.main.millisecond(t) % 1000;
CREATE MACRO last_day_of_month(t) AS last_day(t);

-- Arrays and maps.
CREATE MACRO element_at(x, k) AS x[k];
CREATE MACRO array_join
	(a, d) AS array_to_string(a, d),
	(a, d, n) AS array_to_string(list_transform(a, lambda x: coalesce(CAST(x AS VARCHAR), n)), d);
CREATE MACRO array_max(a) AS list_max(a);
CREATE MACRO array_min(a) AS list_min(a);
CREATE MACRO sequence
	(a, b) AS generate_series(a, b),
	(a, b, step) AS generate_series(a, b, step);

-- Aggregates.
CREATE MACRO approx_distinct
	(x) AS count(DISTINCT x),
	(x, e) AS count(DISTINCT x);
CREATE MACRO approx_percentile(x, p) AS approx_quantile(x, p);
CREATE MACRO bitwise_and_agg(x) AS bit_and(CAST(x AS BIGINT));
CREATE MACRO bitwise_or_agg(x) AS bit_or(CAST(x AS BIGINT));
CREATE MACRO every(x) AS bool_and(x);
CREATE MACRO map_agg(k, v) AS map(list(k), list(v));
