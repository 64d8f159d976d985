-- The checks of a monitor in a span of time, newest first: packed hours, and the segments
-- that are not packed yet. A check is in one of the two, and which one is decided by the
-- same snapshot that reads it, so none is missing and none comes twice.
--
-- The plan is made once a connection: planning for two days of partitions takes longer than
-- reading the few that matter.
create or replace function tocsin.checks(monitor bigint, "from" timestamptz, "to" timestamptz,
                                         only_region smallint default null)
returns table (at timestamptz, region smallint, status smallint, reason smallint, code smallint,
               total_us integer, dns_us integer, connect_us integer, tls_us integer,
               ttfb_us integer)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with place as materialized (
        select m.bucket, m.slot, m.created_at,
               coalesce((select min(p.at) from tocsin.packed p where p.bucket = m.bucket),
                        '-infinity') as packed
          from tocsin.monitor m where m.id = checks.monitor
    ), hot as (
        select s.at - c.age as at, s.region, s.status[c.n], s.reason[c.n], s.code[c.n],
               s.total_us[c.n], c.phase[1], c.phase[2], c.phase[3], c.phase[4]
          from place
          join tocsin.segment s on s.bucket = place.bucket and place.slot = any (s.slot)
          left join tocsin.packed p on p.region = s.region and p.bucket = s.bucket
         -- offset 0: one reading of each array, however often it is named above
         cross join lateral (select n, tocsin.ms(s.age_ms[n]) as age,
                                    s.phase_us[4 * n - 3 : 4 * n] as phase
                               from unnest(array_positions(s.slot, place.slot)) n offset 0) c
         where s.at >= checks."from" and s.at < now() + interval '1 hour'
           and s.at >= (select q.packed - interval '1 hour' from place q)
           and (p.at is null or s.at >= p.at or s.changed >= p.xid)
           and s.at - c.age >= place.created_at
    ), cold as (
        select h.hour + tocsin.ms(c.at_ms), h.region, c.status, c.reason, c.code, c.total_us,
               c.dns_us, c.connect_us, c.tls_us, c.ttfb_us
          from tocsin.monitor_hour h
         cross join lateral unnest(h.at_ms, h.status, h.reason, h.code, h.total_us, h.dns_us,
                                   h.connect_us, h.tls_us, h.ttfb_us)
               c (at_ms, status, reason, code, total_us, dns_us, connect_us, tls_us, ttfb_us)
         where h.monitor = checks.monitor
           and h.hour > checks."from" - interval '1 hour' and h.hour < checks."to"
    ), found (at, region, status, reason, code, total_us, dns_us, connect_us, tls_us, ttfb_us) as (
        select * from hot union all select * from cold
    )
    select f.* from found f
     where f.at >= checks."from" and f.at < checks."to"
       and (only_region is null or f.region = only_region)
     order by f.at desc;
end $$;
