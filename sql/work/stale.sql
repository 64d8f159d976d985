-- When nothing has been measured for two intervals and half a minute, nobody knows.
create or replace function tocsin.silence(interval_s integer) returns interval
language sql immutable parallel safe as $$
    select make_interval(secs => 2 * interval_s + 30)
$$;

-- Monitors whose newest check, in any region, is too old become `unknown`. Called each few
-- seconds. After a pause of these calls (the database or the daemon was away) it waits half
-- a minute, so that what checkers kept meanwhile is settled first. The table of the newest
-- checks is empty after a crash; then silence counts from the first call.
create or replace function work.mark_stale() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    clock constant timestamptz := clock_timestamp();
    awake timestamptz; -- called without a pause since then
    stale bigint[];
    d     record;
begin
    if not pg_try_advisory_xact_lock(20261, 5) then
        return 0;
    end if;
    insert into tocsin.awake as a (id, since, beat_at) values (1, clock, clock)
    on conflict (id) do update
       set since = case when a.beat_at < clock - interval '20 seconds' or a.beat_at > clock
                        then clock else a.since end,
           beat_at = clock
    returning since into awake;
    if awake > clock - interval '30 seconds' then
        return 0;
    end if;

    stale := array(select monitor from tocsin.stale(clock, awake));
    if cardinality(stale) = 0 then
        return 0;
    end if;
    perform 1 from tocsin.monitor_state s
      where s.monitor = any (stale) order by s.monitor for update;
    -- a check may have come in while we waited for the locks
    select array_agg(x.monitor) as monitor, array_agg(x.at) as at, count(*)::integer as n
      into d
      from tocsin.stale(clock, awake) x where x.monitor = any (stale);
    if d.n = 0 then
        return 0;
    end if;
    update tocsin.monitor_state s set down_mask = 0, degraded_mask = 0
     where s.monitor = any (d.monitor);
    return tocsin.transit_all(d.monitor, array_fill(0::smallint, array[d.n]), d.at,
                              array_fill(25::smallint, array[d.n]), array_fill(0, array[d.n]),
                              array_fill(''::text, array[d.n]));
end $$;

-- Which they are, and when they became so.
create or replace function tocsin.stale(clock timestamptz, awake timestamptz)
returns table (monitor bigint, at timestamptz)
language sql volatile set search_path = '' as $$
    select s.monitor, coalesce(l.at, greatest(awake, s.since)) + tocsin.silence(m.interval_s)
      from tocsin.monitor_state s
      join tocsin.monitor m on m.id = s.monitor
      left join lateral (select max(x.at) as at from tocsin.monitor_latest x
                          where x.monitor = s.monitor) l on true
     where m.type = 'http' and (s.status in (1, 2, 3) or s.raw in (1, 2, 3)) and m.paused_at is null and m.deleted_at is null
       and coalesce(l.at, greatest(awake, s.since)) < clock - tocsin.silence(m.interval_s)
$$;
