-- Charts of hosts and apps: samples that are not packed yet, packed hours, packed days, in one.

-- Fields of a monitor (tocsin.fleet_fields; 'disk' and 'net' are all of a host's disks and
-- networks) between two times, `points` of each at most: the mean and the greatest value of
-- each step, in the units they are stored in. part is 0, or the number of a disk or network.
--
-- Up to two days every sample counts; up to eight the ten minutes of the packed hours; up to two
-- months these hours; beyond that the packed days, and of what is not packed yet its hours.
create or replace function tocsin.fleet_series(monitor bigint, "from" timestamptz, "to" timestamptz, fields text[],
                                               points integer)
returns table (t bigint, part smallint, field smallint, v double precision, hi double precision, n bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    m      tocsin.monitor;
    whose  bigint;
    step   constant integer := tocsin.series_step(fleet_series.monitor, fleet_series."from", fleet_series."to", fleet_series.points);
    raw    constant boolean := fleet_series."to" - fleet_series."from" <= interval '2 days';
    tens   constant boolean := not raw and fleet_series."to" - fleet_series."from" <= interval '8 days';
    own    smallint[];  -- fields of its own
    of     smallint[];  -- parts that are asked for
    packed timestamptz; -- days before are read from fleet_day
    k      tocsin.fleet_packed;
begin
    select * into m from tocsin.monitor x where x.id = fleet_series.monitor;
    whose := case when m.type = 'app' then (select a.host from tocsin.app a where a.monitor = m.id) else m.id end;
    own := array(select f.n::smallint from tocsin.fleet_fields(m.type) f where f.name = any (fleet_series.fields));
    of := array(select p.part from tocsin.fleet_part p where p.host = m.id and p.kind = any (fleet_series.fields));
    select * into k from tocsin.fleet_packed x where x.host = whose;
    packed := case when step >= 86400 then (select w.at from tocsin.watermark w where w.name = 'fleet_day') end;
    return query
    with hot as (
        select extract(epoch from s.at - tocsin.ms(s.age_ms)) as at, c.part, c.field, c.v::double precision as v, c.v::double precision as hi
          from tocsin.fleet_segment s
         cross join lateral (
               select 0::smallint, f, s.host_v[f] from unnest(own) f where m.type = 'host'
               union all
               select p.part, f::smallint, s.part_v[(p.n - 1) * 5 + f]
                 from unnest(s.parts) with ordinality p (part, n) cross join generate_series(1, 5) f
                where m.type = 'host' and p.part = any (of)
               union all
               select 0::smallint, f, s.app_v[(array_position(s.apps, m.id) - 1) * 6 + f] from unnest(own) f
                where m.type = 'app' and m.id = any (s.apps)) c (part, field, v)
         where s.host = whose and s.at >= greatest(fleet_series."from", k.at - interval '1 hour') and s.at < now() + interval '1 hour'
           and (k.at is null or s.at >= k.at or s.changed >= k.xid)
    ), cold as (
        select extract(epoch from h.hour) + u.s, h.part, f.f, u.v::double precision, u.v::double precision
          from tocsin.fleet_hour h
         cross join lateral (select x from unnest(own) x where h.part = 0
                             union all select y::smallint from generate_series(1, 5) y where h.part > 0) f (f)
         cross join lateral unnest(h.at_s, h.val[(f.f - 1) * cardinality(h.at_s) + 1 : f.f * cardinality(h.at_s)]) u (s, v)
         where raw and h.monitor = m.id and (h.part = 0 or h.part = any (of))
           and h.hour > fleet_series."from" - interval '1 hour' and h.hour < fleet_series."to"
    ), tens as (
        select extract(epoch from h.hour) + (u.i - 1) * 600, h.part, f.f, u.v::double precision, u.hi::double precision
          from tocsin.fleet_hour h
         cross join lateral (select x from unnest(own) x where h.part = 0
                             union all select y::smallint from generate_series(1, 5) y where h.part > 0) f (f)
         cross join lateral unnest(h.ten_avg[f.f * 6 - 5 : f.f * 6], h.ten_max[f.f * 6 - 5 : f.f * 6]) with ordinality u (v, hi, i)
         where tens and h.monitor = m.id and (h.part = 0 or h.part = any (of))
           and h.hour > fleet_series."from" - interval '1 hour' and h.hour < fleet_series."to"
    ), hours as (
        select extract(epoch from h.hour), h.part, u.n::smallint, u.v::double precision, u.hi::double precision
          from tocsin.fleet_hour h
         cross join lateral unnest(h.hour_avg, h.hour_max) with ordinality u (v, hi, n)
         where (h.part > 0 or u.n = any (own)) and not raw and not tens and h.monitor = m.id and (h.part = 0 or h.part = any (of))
           and h.hour > greatest(fleet_series."from" - interval '1 hour', packed - interval '1 us') and h.hour < fleet_series."to"
    ), days as (
        select extract(epoch from d.day::timestamp at time zone 'UTC'), d.part, f.f, d.avg_v[f.f]::double precision, d.max_v[f.f]::double precision
          from tocsin.fleet_day d
         cross join lateral (select x from unnest(own) x where d.part = 0
                             union all select y::smallint from generate_series(1, 5) y where d.part > 0) f (f)
         where packed is not null and d.monitor = m.id and (d.part = 0 or d.part = any (of))
           and d.day >= (fleet_series."from" at time zone 'UTC')::date and d.day < (least(fleet_series."to", packed) at time zone 'UTC')::date
    ), found (at, part, field, v, hi) as (
        select * from hot union all select * from cold union all select * from tens union all select * from hours union all select * from days
    )
    select (floor(x.at / step) * step)::bigint, x.part, x.field, avg(x.v), max(x.hi), count(*)
      from found x
     where x.v is not null
       and x.at >= case when not raw then floor(extract(epoch from fleet_series."from") / step) * step else extract(epoch from fleet_series."from") end
       and x.at < extract(epoch from fleet_series."to")
     group by 1, 2, 3;
end $$;

-- How wide a step has to be.
create or replace function tocsin.series_step(monitor bigint, "from" timestamptz, "to" timestamptz, points integer) returns integer
language sql stable security definer set search_path = '' as $$
    select case when x.span > 62 * 86400 then 86400 * ceil(greatest(x.span / 86400 / greatest(x.points - 1, 1), 1))::integer
                when x.span > 8 * 86400 then 3600 * ceil(greatest(x.span / 3600 / greatest(x.points - 1, 1), 1))::integer
                when x.span > 2 * 86400 then 600 * ceil(greatest(x.span / 600 / greatest(x.points - 1, 1), 1))::integer
                else greatest(m.interval_s, ceil(x.span / greatest(x.points - 1, 1)))::integer end
      from tocsin.monitor m,
           (select extract(epoch from "to" - "from") as span, least(greatest(series_step.points, 2), 1500) as points) x
     where m.id = series_step.monitor
$$;

-- The groups of fields that charts ask for, and the names of their fields.
create or replace function tocsin.series_groups(type text)
returns table (grp text, label text, field text)
language sql immutable parallel safe set search_path = '' as $$
    select v.grp, v.label, v.field from (values
        ('host', 'cpu', 'user', 'cpu_user'), ('host', 'cpu', 'sys', 'cpu_sys'), ('host', 'cpu', 'io', 'cpu_io'), ('host', 'cpu', 'steal', 'cpu_steal'),
        ('host', 'mem', 'used', 'mem_used'), ('host', 'mem', 'cache', 'mem_cache'), ('host', 'mem', 'total', 'mem_total'), ('host', 'mem', 'swap_used', 'swap_used'),
        ('host', 'load', '1', 'load1'), ('host', 'load', '5', 'load5'), ('host', 'load', '15', 'load15'),
        ('host', 'pressure', 'cpu', 'psi_cpu'), ('host', 'pressure', 'memory', 'psi_mem'), ('host', 'pressure', 'io', 'psi_io'),
        ('host', 'rtt', 'ms', 'rtt_ms'),
        ('app', 'cpu', 'cpu', 'cpu'), ('app', 'mem', 'mem', 'memory'), ('app', 'fds', 'fds', 'fds'), ('app', 'tasks', 'tasks', 'tasks'),
        ('app', 'restarts', 'restarts', 'restarts'), ('app', 'health_ms', 'health_ms', 'health_ms')) v (type, grp, label, field)
     where v.type = series_groups.type
$$;

-- {from, to, step_s, t: [unix s], …}. Of a host: cpu {user, sys, io, steal, max}, mem {used, cache, total,
-- swap_used}, load {1, 5, 15}, pressure {…}, disks [{name, used, total, inodes_pct, read_bps,
-- write_bps}], nets [{name, rx_bps, tx_bps, rx_err, tx_err}]. Of an app: cpu, mem, fds, tasks, restarts,
-- health_ms. Where nothing was measured for longer than two polls and half a minute there is one
-- empty point, so that no line is drawn across.
create or replace function tocsin.series_json(m tocsin.monitor, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    till   constant timestamptz := coalesce((input->>'to')::timestamptz, now());
    since  constant timestamptz := coalesce((input->>'from')::timestamptz, till - interval '1 day');
    points constant integer := least(greatest(coalesce((input->>'points')::integer, 500), 2), 1500);
    asked  constant text[] := string_to_array(coalesce(nullif(input->>'fields', ''),
                  case m.type when 'host' then 'cpu,mem,load,disk,net,pressure' else 'cpu,mem,fds,tasks,restarts,health_ms' end), ',');
    known  constant text[] := array(select distinct g.grp from tocsin.series_groups(m.type) g)
                              || case m.type when 'host' then '{disk,net}'::text[] else '{}' end;
    step   integer;
    shown  json;
begin
    if since >= till then
        perform tocsin.fail(422, 'The span ends before it begins.', 'from', 'must be before `to`');
    elsif till - since > interval '800 days' then
        perform tocsin.fail(422, 'The span is too long.', 'from', 'must be at most 800 days before `to`');
    elsif not asked <@ known then
        perform tocsin.fail(422, 'A field is not one.', 'fields', 'must be of: ' || array_to_string(known, ' '));
    end if;
    step := tocsin.series_step(m.id, since, till, points);
    with cell as materialized (
        select s.* from tocsin.fleet_series(m.id, since, till,
            array(select g.field from tocsin.series_groups(m.type) g where g.grp = any (asked)) || asked, points) s
    ), axis as materialized (
        select x.t from (select distinct c.t from cell c) x
        union all
        select y.t + step
          from (select x.t, lead(x.t) over (order by x.t) as next from (select distinct c.t from cell c) x) y
         where y.next - y.t > greatest(2 * step - 1, 2 * m.interval_s + 30 + step)
    ), col as materialized (
        select distinct c.part, c.field from cell c
    ), complete as materialized (
        select (select count(*) from cell) = (select count(*) from axis) * (select count(*) from col) as is
    ), series as (
        select c.part, c.field, array_agg(c.v order by c.t) as v
          from cell c where (select x.is from complete x) group by c.part, c.field
        union all
        -- empty ones are added and not joined: the planner knows no sizes here
        select y.part, y.field, array_agg(y.v order by y.t)
          from (select x.part, x.field, x.t, max(x.v) as v
                  from (select c.part, c.field, c.t, c.v from cell c
                        union all
                        select k.part, k.field, a.t, null from col k cross join axis a) x
                 where not (select z.is from complete z)
                 group by x.part, x.field, x.t) y
         group by y.part, y.field
    ), own as (
        select g.grp, json_object_agg(g.label, tocsin.scaled(s.v, f.scale) order by f.n) as columns,
               min(case when m.type = 'app' then tocsin.scaled(s.v, f.scale)::text end) as single
          from tocsin.series_groups(m.type) g
          join tocsin.fleet_fields(m.type) f on f.name = g.field
          left join series s on s.part = 0 and s.field = f.n
         where g.grp = any (asked)
         group by g.grp
    ), parts as (
        select p.kind, json_agg(p.columns order by p.name) as list
          from (select x.kind, x.name,
                       tocsin.json_join(json_build_object('name', x.name),
                                        json_object_agg(f.name, tocsin.scaled(s.v, f.scale) order by f.n)) as columns
                  from tocsin.fleet_part x
                  join tocsin.fleet_fields(x.kind) f on true
                  left join series s on s.part = x.part and s.field = f.n
                 where x.host = m.id and x.kind = any (asked)
                   and exists (select from series y where y.part = x.part)
                 group by x.kind, x.name) p
         group by p.kind
    )
    select json_object_agg(o.key, o.value) into shown
      from (select 't' as key, to_json(coalesce((select array_agg(a.t order by a.t) from axis a), '{}')) as value
            union all
            select o.grp, case when m.type = 'app' then coalesce(o.single, 'null')::json else o.columns end from own o
            union all
            select x.word, coalesce((select p.list from parts p where p.kind = x.kind), '[]')
              from (values ('disk', 'disks'), ('net', 'nets')) x (kind, word) where x.kind = any (asked)) o;
    return tocsin.json_join(json_build_object('from', tocsin.ts(since), 'to', tocsin.ts(till), 'step_s', step), shown);
end $$;

-- Stored numbers in the units that people read.
create or replace function tocsin.scaled(v double precision[], scale double precision) returns json
language plpgsql immutable parallel safe set search_path = '' as $$
begin
    if scale >= 1 then
        return to_json(array(select (x * scale)::bigint from unnest(v) x));
    end if;
    return to_json(array(select round(x * scale * 10000) / 10000 from unnest(v) x));
end $$;
