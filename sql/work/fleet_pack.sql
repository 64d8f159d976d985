-- From hot to cold: segments of hosts become a row per monitor, part and hour, hours a row per
-- monitor, part and day.

-- Pack what hosts said in hours that are over. How far a host is packed is written in the same
-- transaction: whoever dies has packed nothing, and two pack nothing twice. What came late is
-- merged into the hour it belongs to. Returns how many hosts were packed: call again while it
-- is not 0.
create or replace function work.fleet_pack_hours() returns integer
language plpgsql volatile security definer set search_path = '' set work_mem = '64MB' as $$
declare
    till constant timestamptz := date_trunc('hour', now() - interval '1 minute', 'UTC');
    stop constant timestamptz := clock_timestamp() + interval '3 seconds';
    h    record;
    n    integer := 0;
begin
    if not pg_try_advisory_xact_lock(20261, 21) then
        return 0;
    end if;
    for h in select x.monitor from tocsin.host x left join tocsin.fleet_packed p on p.host = x.monitor
              where coalesce(p.at, '-infinity') < till order by p.at nulls first, x.monitor loop
        perform tocsin.fleet_pack_host(h.monitor, till);
        n := n + 1;
        exit when clock_timestamp() > stop;
    end loop;
    return n;
end $$;

create or replace function tocsin.fleet_pack_host(host bigint, till timestamptz) returns void
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    horizon constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
    was     tocsin.fleet_packed;
    last    timestamptz; -- days before this one are packed
begin
    select * into was from tocsin.fleet_packed p where p.host = fleet_pack_host.host;
    was.at := coalesce(was.at, '-infinity');
    was.xid := coalesce(was.xid, '0');
    select w.at into last from tocsin.watermark w where w.name = 'fleet_day';

    with hot as materialized (
        select s.at - tocsin.ms(s.age_ms) as at, s.host_v, s.parts, s.part_v, s.apps, s.app_v
          from tocsin.fleet_segment s
         where s.host = fleet_pack_host.host and s.at < fleet_pack_host.till and s.changed < horizon
           and s.at >= was.at - interval '1 hour' and (s.at >= was.at or s.changed >= was.xid)
    ), sample as (
        select fleet_pack_host.host as monitor, 0::smallint as part, h.at, h.host_v as v from hot h
        union all
        select fleet_pack_host.host, p.part, h.at, h.part_v[p.n * 5 - 4 : p.n * 5]
          from hot h cross join lateral unnest(h.parts) with ordinality p (part, n)
        union all
        select a.app, 0, h.at, h.app_v[a.n * 6 - 5 : a.n * 6]
          from hot h cross join lateral unnest(h.apps) with ordinality a (app, n)
    ), cell as (
        select s.monitor, s.part, x.hour, s.at, extract(epoch from s.at - x.hour)::real / 600 as ten, u.f, u.v
          from sample s
         cross join lateral (select date_trunc('hour', s.at, 'UTC') as hour) x
         cross join lateral unnest(s.v) with ordinality u (v, f)
    ), field as (
        select c.monitor, c.part, c.hour, c.f, array_agg(c.v order by c.at) as val,
               case when c.f = 1 then array_agg(floor(c.ten * 600)::smallint order by c.at) end as at_s,
               array[avg(c.v) filter (where c.ten < 1), avg(c.v) filter (where c.ten >= 1 and c.ten < 2),
                     avg(c.v) filter (where c.ten >= 2 and c.ten < 3), avg(c.v) filter (where c.ten >= 3 and c.ten < 4),
                     avg(c.v) filter (where c.ten >= 4 and c.ten < 5), avg(c.v) filter (where c.ten >= 5)] as ten_avg,
               array[max(c.v) filter (where c.ten < 1), max(c.v) filter (where c.ten >= 1 and c.ten < 2),
                     max(c.v) filter (where c.ten >= 2 and c.ten < 3), max(c.v) filter (where c.ten >= 3 and c.ten < 4),
                     max(c.v) filter (where c.ten >= 4 and c.ten < 5), max(c.v) filter (where c.ten >= 5)] as ten_max,
               round(avg(c.v)::numeric, 1)::real as hour_avg, max(c.v) as hour_max
          from cell c group by c.monitor, c.part, c.hour, c.f
    ), fresh as (
        select f.monitor, f.part, f.hour, (array_agg(f.at_s order by f.f) filter (where f.f = 1)) as at_s,
               array_agg(f.val order by f.f) as val, array_agg(f.ten_avg order by f.f) as ten_avg, array_agg(f.ten_max order by f.f) as ten_max,
               array_agg(f.hour_avg order by f.f) as hour_avg, array_agg(f.hour_max order by f.f) as hour_max
          from field f group by f.monitor, f.part, f.hour
    ), kept as (
        insert into tocsin.fleet_hour as h (monitor, part, hour, at_s, val, ten_avg, ten_max, hour_avg, hour_max)
        -- fields one after the other
        select f.monitor, f.part, f.hour, array(select unnest(f.at_s)), array(select unnest(f.val)),
               array(select round(x::numeric, 1)::real from unnest(f.ten_avg) x), array(select unnest(f.ten_max)),
               f.hour_avg, f.hour_max
          from fresh f
          join tocsin.monitor m on m.id = f.monitor
        on conflict (monitor, hour, part) do update
           set (at_s, val, ten_avg, ten_max, hour_avg, hour_max) =
               (select x.at_s, x.val, t.ten_avg, t.ten_max, t.hour_avg, t.hour_max
                  from tocsin.hours_merged(h.at_s, h.val, excluded.at_s, excluded.val) x
                 cross join lateral tocsin.tens(x.at_s, x.val) t)
        returning h.monitor, h.hour
    )
    insert into tocsin.fleet_day_late (monitor, day)
    select distinct k.monitor, (k.hour at time zone 'UTC')::date from kept k where k.hour < last
    on conflict do nothing;

    insert into tocsin.fleet_packed (host, at, xid) values (fleet_pack_host.host, fleet_pack_host.till, horizon)
    on conflict (host) do update set at = excluded.at, xid = excluded.xid;
end $$;

-- The means and the greatest values of ten minutes, six of each field, and of the hour.
create or replace function tocsin.tens(at_s smallint[], val real[], out ten_avg real[], out ten_max real[],
                                       out hour_avg real[], out hour_max real[])
language sql immutable parallel safe set search_path = '' as $$
    select array_agg(x.mean::real order by x.f, x.ten), array_agg(x.most order by x.f, x.ten),
           (select array_agg(y.mean order by y.f)
              from (select (n - 1) / cardinality(at_s) as f, round(avg(v)::numeric, 1)::real as mean
                      from unnest(val) with ordinality u (v, n) group by 1) y),
           (select array_agg(y.most order by y.f)
              from (select (n - 1) / cardinality(at_s) as f, max(v) as most from unnest(val) with ordinality u (v, n) group by 1) y)
      from (select g.f, g.ten, round(avg(u.v)::numeric, 1) as mean, max(u.v) as most
              from (select f, ten from generate_series(1, cardinality(val) / greatest(cardinality(at_s), 1)) f, generate_series(0, 5) ten) g
              left join lateral (
                    select s.at, val[(g.f - 1) * cardinality(at_s) + s.n] as v
                      from unnest(at_s) with ordinality s (at, n) where s.at / 600 = g.ten) u on true
             group by g.f, g.ten) x
$$;

-- Two halves of an hour as one.
create or replace function tocsin.hours_merged(a_s smallint[], a_v real[], b_s smallint[], b_v real[],
                                               out at_s smallint[], out val real[])
language sql immutable parallel safe set search_path = '' as $$
    with mixed as (
        select s.at, 0 as half, s.n, cardinality(a_s) as size, cardinality(a_v) / cardinality(a_s) as fields from unnest(a_s) with ordinality s (at, n)
        union all
        select s.at, 1, s.n, cardinality(b_s), cardinality(b_v) / cardinality(b_s) from unnest(b_s) with ordinality s (at, n)
    )
    select array(select b.at from mixed b order by b.at, b.half, b.n),
           array(select case b.half when 0 then a_v[(f - 1) * b.size + b.n] else b_v[(f - 1) * b.size + b.n] end
                   from generate_series(1, (select max(x.fields) from mixed x)) f cross join mixed b order by f, b.at, b.half, b.n)
$$;

-- ---------------------------------------------------------------- days

-- Write a day of some monitors out of their hours, as often as wanted. Hours that are dropped
-- by now are not held against what the day knew.
create or replace function tocsin.fleet_pack_day(day date, monitors bigint[]) returns integer
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    low constant timestamptz := fleet_pack_day.day::timestamp at time zone 'UTC';
    n   integer;
begin
    with field as (
        select h.monitor, h.part, f.f, count(u.v) as n, avg(u.v) as mean, min(u.v) as lowest, max(u.v) as highest,
               percentile_disc(0.95) within group (order by u.v) as p95
          from tocsin.fleet_hour h
         cross join lateral generate_series(1, cardinality(h.val) / cardinality(h.at_s)) f (f)
         cross join lateral unnest(h.val[(f.f - 1) * cardinality(h.at_s) + 1 : f.f * cardinality(h.at_s)]) u (v)
         where h.monitor = any (fleet_pack_day.monitors) and h.hour >= low and h.hour < low + interval '24 hours'
         group by h.monitor, h.part, f.f
    )
    insert into tocsin.fleet_day as d (monitor, part, day, n, avg_v, min_v, max_v, p95_v)
    select f.monitor, f.part, fleet_pack_day.day, max(f.n), array_agg(round(f.mean::numeric, 1)::real order by f.f),
           array_agg(f.lowest order by f.f), array_agg(f.highest order by f.f), array_agg(f.p95 order by f.f)
      from field f join tocsin.monitor m on m.id = f.monitor
     group by f.monitor, f.part
    on conflict (monitor, day, part) do update
       set (n, avg_v, min_v, max_v, p95_v) = (excluded.n, excluded.avg_v, excluded.min_v, excluded.max_v, excluded.p95_v)
     where excluded.n >= d.n;
    get diagnostics n = row_count;
    return n;
end $$;

-- Pack the days that are over and whose hours all are packed, a part of them a call, and those
-- again for which something came late. Returns how many rows were written, 1 at least where
-- there is more to do: call again while it is not 0.
create or replace function work.fleet_pack_days() returns integer
language plpgsql volatile security definer set search_path = '' set work_mem = '64MB' as $$
declare
    last  timestamptz; -- days before this one are packed
    ready timestamptz; -- hours before this one are packed
    late  record;
    ids   bigint[];
    n     integer := 0;
begin
    if not pg_try_advisory_xact_lock(20261, 22) then
        return 0;
    end if;
    select w.at into last from tocsin.watermark w where w.name = 'fleet_day';
    if last is null then
        select date_trunc('day', least(min(h.hour), now()), 'UTC') into last from tocsin.fleet_hour h;
        insert into tocsin.watermark (name, at) values ('fleet_day', last);
    end if;
    for late in delete from tocsin.fleet_day_late d returning d.day, d.monitor loop
        n := n + tocsin.fleet_pack_day(late.day, array[late.monitor]);
    end loop;
    -- a deleted host says nothing more: it is packed
    select min(coalesce(p.at, '-infinity')) into ready
      from tocsin.host h join tocsin.monitor m on m.id = h.monitor and m.deleted_at is null
      left join tocsin.fleet_packed p on p.host = h.monitor
     where exists (select from tocsin.fleet_segment s where s.host = h.monitor);
    if last + interval '24 hours' <= least(coalesce(ready, 'infinity'), now() - interval '5 minutes') then
        -- a few at a time: memory has a bound
        for ids in select array_agg(m.id) from tocsin.monitor m where m.type <> 'http' group by m.id / 100 loop
            n := n + tocsin.fleet_pack_day((last at time zone 'UTC')::date, ids);
        end loop;
        update tocsin.watermark w set at = last + interval '24 hours' where w.name = 'fleet_day';
        n := greatest(n, 1);
    end if;
    return n;
end $$;
