-- The six states of a monitor as words and as numbers (lib/status.h), and the words for
-- reasons. Those without a search path of their own are put in place by the planner; whoever
-- calls them has an empty one.
create or replace function tocsin.status_word(status smallint) returns text
language sql immutable parallel safe as $$
    select coalesce((array['unknown', 'up', 'degraded', 'down', 'maintenance', 'paused'])
                    [status + 1], 'unknown')
$$;

create or replace function tocsin.status_code(word text) returns smallint
language sql immutable parallel safe as $$
    select (array_position(array['unknown', 'up', 'degraded', 'down', 'maintenance', 'paused'],
                           word) - 1)::smallint
$$;

-- How bad a status is, the worst first: down 1, degraded, unknown, maintenance, up, paused 6.
create or replace function tocsin.status_rank(status smallint) returns integer
language sql immutable parallel safe as $$
    select coalesce((array[3, 5, 2, 1, 4, 6])[status + 1], 3)
$$;

-- "connect_timeout", for programs.
create or replace function tocsin.reason_word(reason smallint) returns text
language sql stable parallel safe security definer set search_path = '' as $$
    select coalesce((select r.name from tocsin.reason r where r.code = reason), 'internal')
$$;

-- "no connection within the time limit", for people.
create or replace function tocsin.reason_text(reason smallint) returns text
language sql stable parallel safe security definer set search_path = '' as $$
    select coalesce((select r.text from tocsin.reason r where r.code = reason), 'unknown')
$$;

-- Uptime in percent of the time that counts, cut to two decimals: 100 only without a
-- second of outage; null when nothing was measured.
create or replace function tocsin.percent(up bigint, degraded bigint, down bigint)
returns numeric
language sql immutable parallel safe as $$
    select case
        when coalesce(up + degraded + down, 0) = 0 then null
        when down = 0 then 100.00
        else least(trunc((up + degraded) * 100::numeric / (up + degraded + down), 2), 99.99)
    end
$$;
