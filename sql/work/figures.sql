-- What a list shows beside the status: 24 digits for the worst status of each hour, and
-- uptime. Written for monitors that changed, that are down now, and for all when the hour
-- moves on; at most 5 000 a call. Returns how many: call again while it is not 0.
create or replace function work.figures() returns integer
language plpgsql volatile security definer set search_path = '' set work_mem = '32MB' as $$
#variable_conflict use_column
declare
    clock constant timestamptz := clock_timestamp();
    hour  constant timestamptz := date_trunc('hour', clock);
    first constant timestamptz := hour - interval '23 hours';
    ids   bigint[];
begin
    if not pg_try_advisory_xact_lock(20261, 10) then
        return 0;
    end if;
    ids := array(
        select s.monitor
          from tocsin.monitor_state s
          join tocsin.monitor m on m.id = s.monitor
          left join tocsin.monitor_figures f on f.monitor = s.monitor
         where m.deleted_at is null
           and (f.at is null or f.at < hour or f.seq <> s.seq
                or s.status in (2, 3) and f.at < clock - interval '50 seconds')
         order by s.monitor limit 5000);
    if cardinality(ids) = 0 then
        return 0;
    end if;

    with span as materialized (
        select x.* from tocsin.spans(ids, clock - interval '90 days', clock) x
    ), bar as (
        select s.monitor, h.n,
               (array_agg(s.status order by tocsin.status_rank(s.status)))[1] as status
          from span s
         cross join lateral generate_series(
               greatest(floor(extract(epoch from s.begins - first) / 3600)::integer, 0),
               ceil(extract(epoch from s.ends - first) / 3600)::integer - 1) h (n)
         where s.ends > first
         group by s.monitor, h.n
    ), bars as (
        select i.monitor, string_agg(coalesce(b.status, 0::smallint)::text, '' order by g.n) as bars24
          from unnest(ids) i (monitor)
         cross join generate_series(0, 23) g (n)
          left join bar b on b.monitor = i.monitor and b.n = g.n
         group by i.monitor
    ), part as (
        select s.monitor, s.status, w.days,
               extract(epoch from s.ends - greatest(s.begins, clock - make_interval(days => w.days)))
                   as s
          from span s
          join (values (1), (7), (30), (90)) w (days)
            on s.ends > clock - make_interval(days => w.days)
         where s.status in (1, 2, 3)
    ), up as (
        select p.monitor, p.days,
               tocsin.percent(coalesce(floor(sum(s) filter (where status = 1)), 0)::bigint,
                              coalesce(floor(sum(s) filter (where status = 2)), 0)::bigint,
                              coalesce(ceil(sum(s) filter (where status = 3)), 0)::bigint) as up
          from part p group by p.monitor, p.days
    ), ups as (
        select u.monitor, max(up) filter (where days = 1) as up24,
               max(up) filter (where days = 7) as up7, max(up) filter (where days = 30) as up30,
               max(up) filter (where days = 90) as up90
          from up u group by u.monitor
    )
    insert into tocsin.monitor_figures as f (monitor, at, seq, bars24, up24, up7, up30, up90)
    select b.monitor, clock, s.seq, b.bars24, u.up24, u.up7, u.up30, u.up90
      from bars b
      join tocsin.monitor_state s on s.monitor = b.monitor
      left join ups u on u.monitor = b.monitor
    on conflict (monitor) do update
       set at = excluded.at, seq = excluded.seq, bars24 = excluded.bars24, up24 = excluded.up24,
           up7 = excluded.up7, up30 = excluded.up30, up90 = excluded.up90;
    return cardinality(ids);
end $$;
