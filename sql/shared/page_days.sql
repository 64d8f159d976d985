-- The 90 days of the components of a page.
--
-- Time. The seconds of past days are those that the keeper has packed (monitor_day); of
-- days that are not packed yet, today always, they are counted from the transitions. A
-- group is as bad as the worst of its monitors at each moment (down, degraded, unknown,
-- maintenance, up, paused): its seconds are those of that union, for all 90 days out of the
-- transitions, as sums of its monitors' days would count an outage of two monitors twice or
-- two half outages once. Maintenance has seconds of its own, neither up nor down. Outage is
-- rounded up, all else down. Before a monitor's first transition there is no data.
--
-- Times of answers. A group has the checks of all its monitors: their mean weighs each check
-- alike, its p95 is the worst one of its monitors' (an upper bound of the true one). Those of
-- today are a few minutes old (tocsin.monitor_today).

-- Seconds of a span of time in each day that it touches.
create or replace function tocsin.span_days(begins timestamptz, ends timestamptz)
returns table (day date, s double precision)
language sql immutable parallel safe as $$
    select (d at time zone 'UTC')::date,
           extract(epoch from least(ends, d + interval '24 hours') - greatest(begins, d))::float8
      from generate_series(date_trunc('day', begins, 'UTC'), ends, interval '24 hours') d
     where d < ends
$$;

-- The seconds of single monitors on days that are not packed.
create or replace function tocsin.page_live(monitors bigint[], "from" timestamptz,
                                            "to" timestamptz)
returns table (monitor bigint, day date, up_s integer, degraded_s integer, down_s integer,
               maintenance_s integer, unknown_s integer, paused_s integer)
language sql stable security definer set search_path = '' as $$
    select x.monitor, d.day, floor(coalesce(sum(d.s) filter (where x.status = 1), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 2), 0))::integer,
           ceil(coalesce(sum(d.s) filter (where x.status = 3), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 4), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 0), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 5), 0))::integer
      from tocsin.spans(page_live.monitors, page_live."from", page_live."to") x
     cross join lateral tocsin.span_days(x.begins, x.ends) d
     group by x.monitor, d.day
$$;

-- The seconds of groups: `ns` and `monitors` side by side say who is in which. Each status
-- that begins or ends is a step of a count; between two steps the worst one that is not at
-- zero holds.
create or replace function tocsin.page_union(ns integer[], monitors bigint[],
                                             "from" timestamptz, "to" timestamptz)
returns table (n integer, day date, up_s integer, degraded_s integer, down_s integer,
               maintenance_s integer, unknown_s integer, paused_s integer)
language sql stable security definer set search_path = '' as $$
    with span as materialized (
        select * from tocsin.spans(page_union.monitors, page_union."from", page_union."to")
    ), step as (
        select m.n, e.at, x.status, e.delta
          from unnest(page_union.ns, page_union.monitors) m (n, monitor)
          join span x on x.monitor = m.monitor
         cross join lateral (values (x.begins, 1), (x.ends, -1)) e (at, delta)
    ), held as (
        select s.n, s.at as begins, lead(s.at) over w as ends,
               sum(s.delta) filter (where s.status = 0) over w as unknown,
               sum(s.delta) filter (where s.status = 1) over w as up,
               sum(s.delta) filter (where s.status = 2) over w as degraded,
               sum(s.delta) filter (where s.status = 3) over w as down,
               sum(s.delta) filter (where s.status = 4) over w as maintenance,
               sum(s.delta) filter (where s.status = 5) over w as paused
          from step s window w as (partition by s.n order by s.at)
    ), worst as (
        select h.n, h.begins, h.ends,
               case when h.down > 0 then 3 when h.degraded > 0 then 2 when h.unknown > 0 then 0
                    when h.maintenance > 0 then 4 when h.up > 0 then 1
                    when h.paused > 0 then 5 end as status
          from held h where h.ends > h.begins
    )
    select x.n, d.day, floor(coalesce(sum(d.s) filter (where x.status = 1), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 2), 0))::integer,
           ceil(coalesce(sum(d.s) filter (where x.status = 3), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 4), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 0), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 5), 0))::integer
      from worst x cross join lateral tocsin.span_days(x.begins, x.ends) d
     group by x.n, d.day
$$;

-- The days of all components at once, as columns side by side: `at` is the number of the day,
-- 0 … 89, and may come more than once; what stands beside the same one adds up (of p95_ms the
-- greatest counts). A column of nothing but zeros is null. Past days come from monitor_day,
-- those from `live` on from the transitions.
create or replace function tocsin.page_days(ns integer[], monitors bigint[], grouped boolean[],
                                            today date, at timestamptz)
returns table (n integer, days json)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    first constant date := page_days.today - 89;
    live  constant date := least(page_days.today, greatest(first,
        coalesce((select (w.at at time zone 'UTC')::date from tocsin.watermark w
                   where w.name = 'day'), first)));
    singles bigint[];
    group_ns integer[];
    group_monitors bigint[];
begin
    select array_agg(m.monitor) filter (where not m.grouped),
           array_agg(m.n) filter (where m.grouped), array_agg(m.monitor) filter (where m.grouped)
      into singles, group_ns, group_monitors
      from unnest(page_days.ns, page_days.monitors, page_days.grouped) m (n, monitor, grouped);

    return query
    with member as materialized (
        select * from unnest(page_days.ns, page_days.monitors, page_days.grouped)
                      m (n, monitor, grouped)
    ), figure as (
        -- of single monitors all, of groups what can be added up
        select m.n, d.day, case when m.grouped then 0 else d.up_s end as up_s,
               case when m.grouped then 0 else d.degraded_s end as degraded_s,
               case when m.grouped then 0 else d.down_s end as down_s,
               case when m.grouped then 0 else d.maintenance_s end as maintenance_s,
               case when m.grouped then 0 else d.unknown_s end as unknown_s,
               case when m.grouped then 0 else d.paused_s end as paused_s,
               d.checks, d.failed, d.sum_us / 1000 as sum_ms, coalesce(d.p95_ms, -1) as p95_ms
          from member m
          join tocsin.monitor_day d on d.monitor = m.monitor and d.day between first and live - 1
        union all
        select m.n, l.day, l.up_s, l.degraded_s, l.down_s, l.maintenance_s, l.unknown_s,
               l.paused_s, 0, 0, 0, -1
          from tocsin.page_live(singles, live::timestamp at time zone 'UTC', page_days.at) l
          join member m on m.monitor = l.monitor and not m.grouped
        union all
        select u.n, u.day, u.up_s, u.degraded_s, u.down_s, u.maintenance_s, u.unknown_s,
               u.paused_s, 0, 0, 0, -1
          from tocsin.page_union(group_ns, group_monitors, first::timestamp at time zone 'UTC',
                                 page_days.at) u
         where group_ns is not null
        union all
        select m.n, t.day, 0, 0, 0, 0, 0, 0, t.checks, t.failed, t.sum_us / 1000,
               coalesce(t.p95_ms, -1)
          from member m
          join tocsin.monitor_today t on t.monitor = m.monitor and t.day = page_days.today
    )
    select f.n, json_build_object(
               'at', array_agg(f.day - first),
               'up', case when max(f.up_s) > 0 then array_agg(f.up_s) end,
               'degraded', case when max(f.degraded_s) > 0 then array_agg(f.degraded_s) end,
               'down', case when max(f.down_s) > 0 then array_agg(f.down_s) end,
               'maintenance', case when max(f.maintenance_s) > 0 then array_agg(f.maintenance_s) end,
               'unknown', case when max(f.unknown_s) > 0 then array_agg(f.unknown_s) end,
               'paused', case when max(f.paused_s) > 0 then array_agg(f.paused_s) end,
               'checks', case when max(f.checks) > 0 then array_agg(f.checks) end,
               'failed', case when max(f.failed) > 0 then array_agg(f.failed) end,
               'sum_ms', case when max(f.sum_ms) > 0 then array_agg(f.sum_ms) end,
               'p95_ms', case when max(f.p95_ms) > 0 then array_agg(f.p95_ms) end)
      from figure f group by f.n;
end $$;
