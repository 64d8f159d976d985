-- From hot to cold: segments become a row per monitor and hour, hours a row per monitor
-- and day.

-- Pack what buckets settled in hours that are over. How far a bucket is packed is written
-- in the same transaction, so a keeper that dies has packed nothing, and two pack nothing
-- twice. Results that a checker had to keep for a while are merged into the hour they belong
-- to. Returns how many buckets were packed: call again while it is not 0.
create or replace function work.pack_hours() returns integer
language plpgsql volatile security definer set search_path = '' set work_mem = '64MB' as $$
declare
    till constant timestamptz := date_trunc('hour', now() - interval '1 minute', 'UTC');
    stop constant timestamptz := clock_timestamp() + interval '3 seconds';
    b    record;
    n    integer := 0;
begin
    if not pg_try_advisory_xact_lock(20261, 7) then
        return 0;
    end if;
    for b in select x.region, x.id from tocsin.bucket x
               left join tocsin.packed p on p.region = x.region and p.bucket = x.id
              where coalesce(p.at, '-infinity') < till
                and x.settled_at > coalesce(p.at, '-infinity') - interval '1 hour'
              order by p.at nulls first, x.region, x.id loop
        perform tocsin.pack_bucket(b.region, b.id, till);
        n := n + 1;
        exit when clock_timestamp() > stop;
    end loop;
    return n;
end $$;

create or replace function tocsin.pack_bucket(region smallint, bucket integer, till timestamptz)
returns void
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    horizon constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
    was     tocsin.packed;
    last    timestamptz; -- days before this one are packed
begin
    select * into was from tocsin.packed p
     where p.region = pack_bucket.region and p.bucket = pack_bucket.bucket;
    was.at := coalesce(was.at, '-infinity');
    was.xid := coalesce(was.xid, '0');
    select w.at into last from tocsin.watermark w where w.name = 'day';

    with sample as (
        select m.id as monitor, date_trunc('hour', c.at, 'UTC') as hour, c.at, c.n, s.slot,
               s.status[c.n] as status, s.reason[c.n] as reason, s.code[c.n] as code,
               s.total_us[c.n] as total_us, s.phase_us[4 * c.n - 3] as dns_us,
               s.phase_us[4 * c.n - 2] as connect_us, s.phase_us[4 * c.n - 1] as tls_us,
               s.phase_us[4 * c.n] as ttfb_us
          from tocsin.segment s
         cross join lateral (select u.slot, u.n::integer, s.at - tocsin.ms(u.age_ms) as at
                               from unnest(s.slot, s.age_ms) with ordinality
                                    u (slot, age_ms, n)) c
          join tocsin.monitor m on m.bucket = s.bucket and m.slot = c.slot
                               and m.created_at <= c.at
         where s.bucket = pack_bucket.bucket and s.region = pack_bucket.region
           and s.at < till and s.changed < horizon
           and s.at >= was.at - interval '1 hour' and (s.at >= was.at or s.changed >= was.xid)
         order by m.id, hour, c.at
    ), hours as (
        select x.monitor, x.hour,
               array_agg((extract(epoch from x.at - x.hour) * 1000)::integer) as at_ms,
               array_agg(x.status) as status, array_agg(x.reason) as reason,
               array_agg(x.code) as code, array_agg(x.total_us) as total_us,
               array_agg(x.dns_us) as dns_us, array_agg(x.connect_us) as connect_us,
               array_agg(x.tls_us) as tls_us, array_agg(x.ttfb_us) as ttfb_us
          from sample x group by x.monitor, x.hour
    ), kept as (
        insert into tocsin.monitor_hour as h
               (monitor, region, hour, at_ms, status, reason, code, total_us, dns_us,
                connect_us, tls_us, ttfb_us)
        select x.monitor, pack_bucket.region, x.hour, x.at_ms, x.status, x.reason, x.code,
               x.total_us, x.dns_us, x.connect_us, x.tls_us, x.ttfb_us
          from hours x
        on conflict (monitor, hour, region) do update
           set (at_ms, status, reason, code, total_us, dns_us, connect_us, tls_us, ttfb_us) =
               (select array_agg(y.a order by y.a), array_agg(y.s order by y.a),
                       array_agg(y.r order by y.a), array_agg(y.c order by y.a),
                       array_agg(y.t order by y.a), array_agg(y.p1 order by y.a),
                       array_agg(y.p2 order by y.a), array_agg(y.p3 order by y.a),
                       array_agg(y.p4 order by y.a)
                  from unnest(h.at_ms || excluded.at_ms, h.status || excluded.status,
                              h.reason || excluded.reason, h.code || excluded.code,
                              h.total_us || excluded.total_us, h.dns_us || excluded.dns_us,
                              h.connect_us || excluded.connect_us, h.tls_us || excluded.tls_us,
                              h.ttfb_us || excluded.ttfb_us)
                       y (a, s, r, c, t, p1, p2, p3, p4))
        returning h.monitor, h.hour
    )
    insert into tocsin.day_late (monitor, day)
    select distinct k.monitor, (k.hour at time zone 'UTC')::date from kept k where k.hour < last
    on conflict do nothing;

    insert into tocsin.packed (region, bucket, at, xid)
    values (pack_bucket.region, pack_bucket.bucket, till, horizon)
    on conflict (region, bucket) do update set at = excluded.at, xid = excluded.xid;
end $$;

-- A response time's class: ceil(8 · log2(milliseconds)), 0 … 127: within 4.5 %.
create or replace function tocsin.hist_class(us integer) returns integer
language sql immutable parallel safe as $$
    select case when us <= 1000 then 0
           else least(ceil(8 * ln(us / 1000.0::float8) / ln(2.0::float8)), 127)::integer end
$$;

-- Histograms added up: element = class << 24 | count, ascending.
create or replace function tocsin.hist_merge(hists integer[]) returns integer[]
language sql immutable parallel safe as $$
    select coalesce(array_agg(class << 24 | least(n, 16777215)::integer order by class), '{}')
      from (select e >> 24 as class, sum(e & 16777215) as n from unnest(hists) e group by 1) x
$$;

-- Percentile of a histogram (0.95), in milliseconds; null for an empty one. Accepts several
-- histograms one after the other.
create or replace function tocsin.hist_percentile(hist integer[], part numeric) returns numeric
language sql immutable parallel safe as $$
    select round(power(2::numeric, class / 8.0), 1)
      from (select class, sum(n) over (order by class) as upto, sum(n) over () as total
              from (select e >> 24 as class, sum(e & 16777215) as n
                      from unnest(hist) e group by 1) y) x
     where upto >= part * total order by class limit 1
$$;

-- Write a day of some monitors: from the packed hours and the transitions, as often as wanted.
-- Hours that are dropped by now are not held against what the day knew of its checks.
create or replace function tocsin.pack_day(day date, monitors bigint[])
returns integer
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    low  constant timestamptz := pack_day.day::timestamp at time zone 'UTC';
    high constant timestamptz := (pack_day.day + 1)::timestamp at time zone 'UTC';
    n    integer;
begin
    with span as (
        select x.monitor, x.status, extract(epoch from x.ends - x.begins) as s
          from tocsin.spans(pack_day.monitors, low, high) x
    ), seconds as (
        select x.monitor,
               coalesce(round(sum(s) filter (where status = 1)), 0) as up_s,
               coalesce(round(sum(s) filter (where status = 2)), 0) as degraded_s,
               coalesce(ceil(sum(s) filter (where status = 3)), 0) as down_s,
               coalesce(round(sum(s) filter (where status = 4)), 0) as maintenance_s,
               coalesce(round(sum(s) filter (where status = 0)), 0) as unknown_s,
               coalesce(round(sum(s) filter (where status = 5)), 0) as paused_s
          from span x group by x.monitor
    ), class as (
        select h.monitor, tocsin.hist_class(c.us) as class, c.status = 3 as failed,
               count(*) as n, sum(c.us) as sum_us, min(c.us) as min_us, max(c.us) as max_us
          from tocsin.monitor_hour h
         cross join lateral unnest(h.status, h.total_us) c (status, us)
         where h.hour >= low and h.hour < high
           and h.monitor = any (pack_day.monitors)
         group by 1, 2, 3
    ), sums as (
        select k.monitor, sum(k.n) as checks, sum(k.n) filter (where k.failed) as failed,
               sum(k.sum_us) filter (where not k.failed) as sum_us,
               min(k.min_us) filter (where not k.failed) as min_us,
               max(k.max_us) filter (where not k.failed) as max_us,
               array_agg(k.class << 24 | least(k.n, 16777215)::integer order by k.class)
                   filter (where not k.failed) as hist
          from class k group by k.monitor
    )
    insert into tocsin.monitor_day as d
           (monitor, day, up_s, degraded_s, down_s, maintenance_s, unknown_s, paused_s, checks,
            failed, sum_us, min_us, max_us, hist, p95_ms)
    select m.id, pack_day.day, coalesce(s.up_s, 0), coalesce(s.degraded_s, 0),
           coalesce(s.down_s, 0), coalesce(s.maintenance_s, 0), coalesce(s.unknown_s, 0),
           coalesce(s.paused_s, 0), coalesce(c.checks, 0), coalesce(c.failed, 0),
           coalesce(c.sum_us, 0), c.min_us, c.max_us, coalesce(c.hist, '{}'),
           tocsin.hist_percentile(c.hist, 0.95)
      from tocsin.monitor m
      left join seconds s on s.monitor = m.id
      left join sums c on c.monitor = m.id
     where m.id = any (pack_day.monitors) and (s.monitor is not null or c.monitor is not null)
    on conflict (monitor, day) do update
       set (up_s, degraded_s, down_s, maintenance_s, unknown_s, paused_s) =
           (excluded.up_s, excluded.degraded_s, excluded.down_s, excluded.maintenance_s,
            excluded.unknown_s, excluded.paused_s),
           (checks, failed, sum_us, min_us, max_us, hist, p95_ms) =
           (select excluded.checks, excluded.failed, excluded.sum_us, excluded.min_us,
                   excluded.max_us, excluded.hist, excluded.p95_ms
             where excluded.checks >= d.checks
            union all
            select d.checks, d.failed, d.sum_us, d.min_us, d.max_us, d.hist, d.p95_ms
             where excluded.checks < d.checks);
    get diagnostics n = row_count;
    delete from tocsin.monitor_past p where p.monitor = any (pack_day.monitors);
    return n;
end $$;

-- Pack the days that are over and whose hours all are packed, one a call, and those again
-- for which something came late. Returns how many rows were written: call again while it is
-- not 0.
create or replace function work.pack_days() returns integer
language plpgsql volatile security definer set search_path = '' set work_mem = '64MB' as $$
declare
    last  timestamptz; -- days before this one are packed
    ready timestamptz; -- hours before this one are packed
    n     integer := 0;
    late  record;
begin
    if not pg_try_advisory_xact_lock(20261, 8) then
        return 0;
    end if;
    select w.at into last from tocsin.watermark w where w.name = 'day';
    if last is null then
        -- begin with the first day that anything is known of
        select date_trunc('day', least(min(t.at), now()), 'UTC') into last from tocsin.transition t;
        insert into tocsin.watermark (name, at) values ('day', last);
    end if;

    for late in delete from tocsin.day_late d returning d.day, d.monitor loop
        n := n + tocsin.pack_day(late.day, array[late.monitor]);
    end loop;

    -- a bucket that settled nothing since is packed by standing still
    select min(case when b.settled_at > p.at or p.at is null then coalesce(p.at, '-infinity')
                    else 'infinity' end) into ready
      from tocsin.bucket b left join tocsin.packed p on p.region = b.region and p.bucket = b.id
     where b.settled_at is not null;
    if last + interval '24 hours' <= least(coalesce(ready, 'infinity'), now() - interval '5 minutes') then
        -- a bucket at a time: memory has a bound, however many monitors there are
        select n + sum(tocsin.pack_day((last at time zone 'UTC')::date, b.ids)) into n
          from (select array_agg(m.id) as ids from tocsin.monitor m
                 group by m.bucket, case when m.bucket is null then m.id / 1000 end) b;
        update tocsin.watermark w set at = last + interval '24 hours' where w.name = 'day';
        n := greatest(coalesce(n, 0), 1);
    end if;
    return n;
end $$;
