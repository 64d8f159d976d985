-- What a list shows beside the status: 24 digits for the worst status of each hour, and
-- uptime. Written for monitors that changed, that are down now, and for all when the hour
-- moves on; at most 5 000 a call. Returns how many: call again while it is not 0.
create or replace function work.figures() returns integer
language plpgsql volatile security definer set search_path = '' set work_mem = '32MB' as $$
#variable_conflict use_column
declare
    clock constant timestamptz := clock_timestamp();
    t     constant float8 := extract(epoch from clock);
    hour  constant timestamptz := date_trunc('hour', clock, 'UTC');
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
        select x.monitor, x.status, x.begins, x.ends, extract(epoch from x.ends)::float8 as e,
               extract(epoch from x.begins)::float8 as b
          from tocsin.spans(ids, clock - interval '90 days', clock) x
    ), seconds as (
        select s.monitor,
               sum(greatest(s.e - greatest(s.b, t - 86400), 0)) filter (where s.status = 1) as u1,
               sum(greatest(s.e - greatest(s.b, t - 86400), 0)) filter (where s.status = 2) as g1,
               sum(greatest(s.e - greatest(s.b, t - 86400), 0)) filter (where s.status = 3) as d1,
               sum(greatest(s.e - greatest(s.b, t - 604800), 0)) filter (where s.status = 1) as u7,
               sum(greatest(s.e - greatest(s.b, t - 604800), 0)) filter (where s.status = 2) as g7,
               sum(greatest(s.e - greatest(s.b, t - 604800), 0)) filter (where s.status = 3) as d7,
               sum(greatest(s.e - greatest(s.b, t - 2592000), 0)) filter (where s.status = 1) as u30,
               sum(greatest(s.e - greatest(s.b, t - 2592000), 0)) filter (where s.status = 2) as g30,
               sum(greatest(s.e - greatest(s.b, t - 2592000), 0)) filter (where s.status = 3) as d30,
               sum(s.e - s.b) filter (where s.status = 1) as u90,
               sum(s.e - s.b) filter (where s.status = 2) as g90,
               sum(s.e - s.b) filter (where s.status = 3) as d90
          from span s group by s.monitor
    ), today as (
        select s.monitor, s.status, s.begins, s.ends,
               s.begins <= first and s.ends = clock as whole
          from span s where s.ends > first
    ), bar as (
        select s.monitor, h.n,
               (array_agg(s.status order by tocsin.status_rank(s.status)))[1] as status
          from today s
         cross join lateral generate_series(
               greatest(floor(extract(epoch from s.begins - first) / 3600)::integer, 0),
               ceil(extract(epoch from s.ends - first) / 3600)::integer - 1) h (n)
         where not s.whole
         group by s.monitor, h.n
    ), bars as (
        select s.monitor, repeat(s.status::text, 24) as bars24 from today s where s.whole
        union all
        select i.monitor, string_agg(coalesce(b.status, 0::smallint)::text, '' order by g.n)
          from (select distinct b.monitor from bar b) i
         cross join generate_series(0, 23) g (n)
          left join bar b on b.monitor = i.monitor and b.n = g.n
         group by i.monitor
    )
    insert into tocsin.monitor_figures as f (monitor, at, seq, bars24, up24, up7, up30, up90)
    select s.monitor, clock, s.seq, coalesce(b.bars24, repeat('0', 24)),
           tocsin.uptime(x.u1, x.g1, x.d1), tocsin.uptime(x.u7, x.g7, x.d7),
           tocsin.uptime(x.u30, x.g30, x.d30), tocsin.uptime(x.u90, x.g90, x.d90)
      from tocsin.monitor_state s
      left join bars b on b.monitor = s.monitor
      left join seconds x on x.monitor = s.monitor
     where s.monitor = any (ids)
    on conflict (monitor) do update
       set at = excluded.at, seq = excluded.seq, bars24 = excluded.bars24, up24 = excluded.up24,
           up7 = excluded.up7, up30 = excluded.up30, up90 = excluded.up90;
    return cardinality(ids);
end $$;

-- Percent, from seconds that are not whole.
create or replace function tocsin.uptime(up float8, degraded float8, down float8) returns numeric
language sql immutable parallel safe as $$
    select tocsin.percent(coalesce(floor(up), 0)::bigint, coalesce(floor(degraded), 0)::bigint,
                          coalesce(ceil(down), 0)::bigint)
$$;
