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
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select x.monitor, d.day, floor(coalesce(sum(d.s) filter (where x.status = 1), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 2), 0))::integer,
           ceil(coalesce(sum(d.s) filter (where x.status = 3), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 4), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 0), 0))::integer,
           floor(coalesce(sum(d.s) filter (where x.status = 5), 0))::integer
      from tocsin.spans(page_live.monitors, page_live."from", page_live."to") x
     cross join lateral tocsin.span_days(x.begins, x.ends) d
     group by x.monitor, d.day;
end $$;

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

-- Figures as columns side by side, each a text; one of nothing but zeros is null.
create or replace function tocsin.day_columns(at integer[], up integer[], degraded integer[],
    down integer[], maintenance integer[], unknown integer[], paused integer[], checks integer[],
    failed integer[], sum_ms bigint[], p95_ms integer[])
returns json
language sql stable parallel safe as $$
    select json_build_object('at', array_to_string(at, ' '), 'up', array_to_string(up, ' '),
        'degraded', array_to_string(degraded, ' '), 'down', array_to_string(down, ' '),
        'maintenance', array_to_string(maintenance, ' '),
        'unknown', array_to_string(unknown, ' '), 'paused', array_to_string(paused, ' '),
        'checks', array_to_string(checks, ' '), 'failed', array_to_string(failed, ' '),
        'sum_ms', array_to_string(sum_ms, ' '), 'p95_ms', array_to_string(p95_ms, ' '))
$$;

-- The past of single monitors, for tocsin.monitor_past.
create or replace function tocsin.page_past(monitors bigint[], first date, upto date)
returns table (monitor bigint, days json)
language sql stable security definer set search_path = '' as $$
    select d.monitor, tocsin.day_columns(
               array_agg(d.day - date '1970-01-01'), array_agg(d.up_s),
               case when max(d.degraded_s) > 0 then array_agg(d.degraded_s) end,
               case when max(d.down_s) > 0 then array_agg(d.down_s) end,
               case when max(d.maintenance_s) > 0 then array_agg(d.maintenance_s) end,
               case when max(d.unknown_s) > 0 then array_agg(d.unknown_s) end,
               case when max(d.paused_s) > 0 then array_agg(d.paused_s) end,
               array_agg(d.checks), case when max(d.failed) > 0 then array_agg(d.failed) end,
               array_agg(d.sum_us / 1000), array_agg(coalesce(d.p95_ms, -1)))
      from tocsin.monitor_day d
     where d.monitor = any (page_past.monitors)
       and d.day >= page_past.first and d.day < page_past.upto
     group by d.monitor
$$;

-- Days before this one are packed, of those that a page shows.
create or replace function tocsin.page_packed(today date) returns date
language sql stable security definer set search_path = '' as $$
    select least(today, greatest(today - 89, coalesce(
        (select (w.at at time zone 'UTC')::date from tocsin.watermark w where w.name = 'day'),
        today - 89)))
$$;

-- The days of all components at once: for each a list of columns side by side. `at` is the day
-- since 1970 and may come more than once; what stands beside the same one adds up (of p95_ms
-- the greatest counts). Past days come from monitor_past and monitor_day, those from `live` on
-- from the transitions.
create or replace function tocsin.page_days(ns integer[], monitors bigint[], grouped boolean[],
                                            today date, at timestamptz)
returns table (n integer, days json)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    first constant date := page_days.today - 89;
    live  constant date := tocsin.page_packed(page_days.today);
    epoch constant date := '1970-01-01';
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
        select m.n, m.monitor, m.grouped, p.days, coalesce(p.upto, first) as since
          from unnest(page_days.ns, page_days.monitors, page_days.grouped) m (n, monitor, grouped)
          left join tocsin.monitor_past p on p.monitor = m.monitor and p.upto <= live
                                         and not m.grouped
    ), figure as (
        -- of single monitors all, of groups what can be added up
        select m.n, d.day - epoch as at, case when m.grouped then 0 else d.up_s end as up_s,
               case when m.grouped then 0 else d.degraded_s end as degraded_s,
               case when m.grouped then 0 else d.down_s end as down_s,
               case when m.grouped then 0 else d.maintenance_s end as maintenance_s,
               case when m.grouped then 0 else d.unknown_s end as unknown_s,
               case when m.grouped then 0 else d.paused_s end as paused_s,
               d.checks, d.failed, d.sum_us / 1000 as sum_ms, coalesce(d.p95_ms, -1) as p95_ms
          from member m
          join tocsin.monitor_day d on d.monitor = m.monitor and d.day between m.since and live - 1
        union all
        select m.n, l.day - epoch, l.up_s, l.degraded_s, l.down_s, l.maintenance_s, l.unknown_s,
               l.paused_s, 0, 0, 0, -1
          from tocsin.page_live(singles, live::timestamp at time zone 'UTC', page_days.at) l
          join member m on m.monitor = l.monitor and not m.grouped
        union all
        select u.n, u.day - epoch, u.up_s, u.degraded_s, u.down_s, u.maintenance_s, u.unknown_s,
               u.paused_s, 0, 0, 0, -1
          from tocsin.page_union(group_ns, group_monitors, first::timestamp at time zone 'UTC',
                                 page_days.at) u
         where group_ns is not null
        union all
        select m.n, t.day - epoch, 0, 0, 0, 0, 0, 0, t.checks, t.failed, t.sum_us / 1000,
               coalesce(t.p95_ms, -1)
          from member m
          join tocsin.monitor_today t on t.monitor = m.monitor and t.day = page_days.today
    ), fresh as (
        select f.n, tocsin.day_columns(array_agg(f.at), array_agg(f.up_s),
               case when max(f.degraded_s) > 0 then array_agg(f.degraded_s) end,
               case when max(f.down_s) > 0 then array_agg(f.down_s) end,
               case when max(f.maintenance_s) > 0 then array_agg(f.maintenance_s) end,
               case when max(f.unknown_s) > 0 then array_agg(f.unknown_s) end,
               case when max(f.paused_s) > 0 then array_agg(f.paused_s) end,
               case when max(f.checks) > 0 then array_agg(f.checks) end,
               case when max(f.failed) > 0 then array_agg(f.failed) end,
               case when max(f.sum_ms) > 0 then array_agg(f.sum_ms) end,
               case when max(f.p95_ms) >= 0 then array_agg(f.p95_ms) end) as days
          from figure f group by f.n
    )
    select coalesce(p.n, f.n),
           case when p.days is null then json_build_array(f.days)
                when f.days is null then json_build_array(p.days)
                else json_build_array(p.days, f.days) end
      from (select m.n, m.days from member m where m.days is not null) p
      full join fresh f on f.n = p.n;
end $$;
