-- Last year's orders, read in once, when the volume is new. It takes its time, as such things do.
CREATE TABLE last_year AS SELECT number AS id, 'soup' AS dish FROM generate_series(1, 1000) AS number;
SELECT pg_sleep(5);
