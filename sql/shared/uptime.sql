-- Seconds in each status, from the transitions: every page's uptime is made of these.
-- Before the first transition there is no data, and that time is counted nowhere.

-- The statuses of some monitors as spans of time between `from` and `to`. What
-- held before the first transition of the span is in its `prev`; without any, it is the
-- status of now. So only transitions in the span are read.
create or replace function tocsin.spans(monitors bigint[], "from" timestamptz, "to" timestamptz)
returns table (monitor bigint, status smallint, begins timestamptz, ends timestamptz)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with later as (
        -- transitions after `from`, those after `to` too: they say what was before
        select t.monitor, t.seq, t.prev, t.status, t.at,
               lead(t.at, 1, 'infinity') over w as next, row_number() over w as n
          from tocsin.transition t
         where t.monitor = any (spans.monitors) and t.at > spans."from"
        window w as (partition by t.monitor order by t.seq)
    ), span as (
        select l.monitor, l.status, l.at as begins, l.next as ends from later l
        union all
        select l.monitor, l.prev, '-infinity', l.at from later l where l.n = 1 and l.seq > 1
        union all
        select s.monitor, s.status, s.since, 'infinity'
          from tocsin.monitor_state s
         where s.monitor = any (spans.monitors) and s.seq > 0 and s.since <= spans."from"
    )
    select s.monitor, s.status, greatest(s.begins, spans."from"), least(s.ends, spans."to")
      from span s
     where greatest(s.begins, spans."from") < least(s.ends, spans."to");
end $$;

-- One monitor's seconds. Outage is rounded up and all else down: never healthier than it was.
create or replace function tocsin.status_seconds(monitor bigint, "from" timestamptz,
                                                 "to" timestamptz)
returns table (up_s bigint, degraded_s bigint, down_s bigint, maintenance_s bigint,
               unknown_s bigint, paused_s bigint)
language sql stable security definer set search_path = '' as $$
    select coalesce(floor(sum(s) filter (where status = 1)), 0)::bigint,
           coalesce(floor(sum(s) filter (where status = 2)), 0)::bigint,
           coalesce(ceil(sum(s) filter (where status = 3)), 0)::bigint,
           coalesce(floor(sum(s) filter (where status = 4)), 0)::bigint,
           coalesce(floor(sum(s) filter (where status = 0)), 0)::bigint,
           coalesce(floor(sum(s) filter (where status = 5)), 0)::bigint
      from (select x.status, extract(epoch from x.ends - x.begins) as s
              from tocsin.spans(array[status_seconds.monitor], status_seconds."from",
                                least(status_seconds."to", now())) x) y
$$;
