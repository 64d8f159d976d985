-- Expressions with a name. They have no search path of their own, so that the planner puts
-- them in place: whoever calls them has an empty one.

-- A time as the API says it: RFC 3339, UTC, milliseconds.
create or replace function tocsin.ts(t timestamptz) returns text
language sql stable parallel safe as $$
    select to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Milliseconds as an interval: ages and times to live come as integers.
create or replace function tocsin.ms(n bigint) returns interval
language sql immutable parallel safe as $$
    select n * interval '1 millisecond'
$$;

-- How long ago, in whole milliseconds; null for never.
create or replace function tocsin.age_ms(t timestamptz) returns bigint
language sql stable parallel safe as $$
    select (extract(epoch from clock_timestamp() - t) * 1000)::bigint
$$;
