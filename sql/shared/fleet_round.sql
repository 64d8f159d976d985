-- One answer of each of some hosts: facts kept, apps found, statuses changed, samples written,
-- pages told, crashed apps restarted. The caller holds the locks of the state rows of the
-- hosts and of the apps that they have.

create or replace function tocsin.fleet_round(said tocsin.host_said[], clock timestamptz) returns integer
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    turns integer := (select max(x.n) from (select count(*) as n from unnest(said) s group by s.host) x);
    group_ tocsin.host_said[];
    n     integer := 0;
begin
    -- a batch that waited for the database may have several answers of one host
    for turn in 1 .. coalesce(turns, 0) loop
        group_ := array(select x.s from (select s, row_number() over (partition by s.host order by s.at) as n
                                         from unnest(said) s) x where x.n = turn);
        n := n + tocsin.fleet_turn(group_, clock);
    end loop;
    return n;
end $$;

create or replace function tocsin.fleet_turn(said tocsin.host_said[], clock timestamptz) returns integer
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    -- what was known before is not news: an answer that comes twice, or after a newer one
    good   tocsin.host_said[] := array(
        select s from unnest(said) s left join tocsin.fleet_latest l on l.monitor = s.host
         where s.ok and (l.at is null or s.at > l.at + interval '500 ms' or l.at > clock + interval '10 s'));
    apps   tocsin.app_said[];
    reboot bigint[];
    n      integer;
begin
    update tocsin.host h
       set error = s.error, error_at = case when s.error = '' then null when h.error = '' then s.at else h.error_at end
      from unnest(said) s
     where h.monitor = s.host and (not s.ok or h.error <> s.error) and h.error is distinct from s.error;
    if cardinality(good) = 0 then
        return 0;
    end if;
    -- hosts that were started anew: their apps did not restart by themselves
    reboot := array(select h.monitor from unnest(good) s join tocsin.host h on h.monitor = s.host
                     where h.boot_id <> '' and coalesce(tocsin.j_text(s.agent->'boot_id', 64), h.boot_id) <> h.boot_id);
    n := tocsin.fleet_hosts_turn(good, clock);
    apps := tocsin.fleet_list(good);
    n := n + tocsin.fleet_gone(good);
    n := n + tocsin.fleet_apps_turn(apps, clock, reboot);
    perform tocsin.fleet_sample(good, apps, clock);
    return n;
end $$;

-- ---------------------------------------------------------------- hosts

create or replace function tocsin.fleet_hosts_turn(said tocsin.host_said[], clock timestamptz) returns integer
language plpgsql volatile set search_path = '' set enable_nestloop = off as $$
declare
    ids  constant bigint[] := array(select s.host from unnest(said) s);
    d    record;
    n    integer;
begin
    select array_agg(s.host) as host, array_agg(s.at) as at, array_agg(v.over) as over,
           array_agg(case when v.over >= 3 then 2 else 1 end::smallint) as status,
           array_agg(case when v.over >= 3 then 35 else 0 end::smallint) as reason,
           array_agg(case when v.over >= 3 then v.crossed else '' end) as message,
           array_agg(t.seq) as seq, array_agg(t.status) as was, array_agg(t.reason = 29 and t.status = 0) as silent
      into d
      from unnest(said) s
      join tocsin.host h on h.monitor = s.host
      join tocsin.monitor_state t on t.monitor = s.host
     cross join lateral (select c as crossed, case when c is null then 0 else least(h.over + 1, 1000) end::smallint as over
                           from tocsin.host_crossed(s.facts->'@', coalesce(tocsin.j_int(s.facts->'cores'), h.cores), h.thresholds) c offset 0) v;

    n := tocsin.fleet_holes(d.host, d.at);
    n := n + coalesce((select tocsin.transit_all(array_agg(u.host), array_agg(u.status), array_agg(u.at), array_agg(u.reason),
                                                 array_agg(0), array_agg(u.message))
                         from unnest(d.host, d.status, d.at, d.reason, d.message, d.was) u (host, status, at, reason, message, was)
                        where u.status <> u.was or u.was = 4 or n > 0), 0);

    update tocsin.host h
       set over = x.over, agent_version = x.version, conf_rev = x.conf_rev, os = x.os, arch = x.arch, kernel = x.kernel,
           cores = x.cores, boot_id = x.boot_id, boot_at = x.boot_at, reboot_needed = x.reboot_needed, not_after = x.not_after
      from (select s.host, u.over, coalesce(tocsin.j_text(s.agent->'version', 40), y.agent_version) as version,
                   coalesce(tocsin.j_text(s.agent->'conf_rev', 80), y.conf_rev) as conf_rev,
                   coalesce(tocsin.j_text(s.facts->'os', 120), y.os) as os, coalesce(tocsin.j_text(s.facts->'arch', 40), y.arch) as arch,
                   coalesce(tocsin.j_text(s.facts->'kernel', 120), y.kernel) as kernel,
                   coalesce(tocsin.j_int(s.facts->'cores'), y.cores) as cores,
                   coalesce(tocsin.j_text(s.agent->'boot_id', 64), y.boot_id) as boot_id,
                   coalesce(tocsin.j_time(s.facts->'boot_at'), y.boot_at) as boot_at,
                   coalesce(tocsin.j_bool(s.facts->'reboot_needed'), false) as reboot_needed,
                   coalesce(tocsin.j_time(s.agent->'cert_not_after'), y.not_after) as not_after
              from unnest(said) s
              join unnest(d.host, d.over) u (host, over) on u.host = s.host
              join tocsin.host y on y.monitor = s.host) x
     where h.monitor = x.host
       and (h.over, h.agent_version, h.conf_rev, h.os, h.arch, h.kernel, h.cores, h.boot_id, h.boot_at, h.reboot_needed, h.not_after)
           is distinct from (x.over, x.version, x.conf_rev, x.os, x.arch, x.kernel, x.cores, x.boot_id, x.boot_at, x.reboot_needed, x.not_after);

    -- what is new: back after a silence, started again, another status
    insert into tocsin.fleet_event (host, at, kind, text)
    select u.host, u.at, 'back', 'the agent answers again'
      from unnest(d.host, d.at, d.silent) u (host, at, silent) where u.silent
    union all
    select t.monitor, t.at, 'status', tocsin.status_word(t.prev) || ' → ' || tocsin.status_word(t.status) || coalesce(': ' || nullif(t.message, ''), '')
      from unnest(d.host, d.seq, d.silent) u (host, seq, silent)
      join tocsin.transition t on t.monitor = u.host and t.seq > u.seq
     where t.status in (1, 2) and t.prev in (1, 2);
    perform tocsin.fleet_hosts_tell(said, d.host, d.was, clock);

    insert into tocsin.fleet_latest as l (monitor, at, facts)
    select s.host, s.at, s.facts->'@' from unnest(said) s
    on conflict (monitor) do update set at = excluded.at, facts = excluded.facts, changed = pg_current_xact_id();
    insert into tocsin.monitor_latest as l (monitor, region, at, status, reason, code, total_us, phase_us, tls_not_after)
    select s.host, 0, s.at, u.status, u.reason, 0, coalesce(least(s.ms, 2000000) * 1000, 0)::integer, '{}', h.not_after
      from unnest(said) s
      join unnest(d.host, d.status, d.reason) u (host, status, reason) on u.host = s.host
      join tocsin.host h on h.monitor = s.host
    on conflict (monitor, region) do update
       set at = excluded.at, status = excluded.status, reason = excluded.reason, total_us = excluded.total_us,
           tls_not_after = excluded.tls_not_after;
    return n;
end $$;

-- Time that nobody measured, because the control plane was not there, is unknown in the
-- history, and the status goes on as it was.
create or replace function tocsin.fleet_holes(monitors bigint[], upto timestamptz[]) returns integer
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    hole record;
begin
    select array_agg(s.monitor) as monitor, array_agg(coalesce(s.raw, s.status)) as status,
           array_agg(case when s.raw is null then s.reason else s.raw_reason end) as reason,
           array_agg(case when s.raw is null then s.code else s.raw_code end) as code,
           array_agg(case when s.raw is null then s.message else s.raw_message end) as message,
           array_agg(l.at + tocsin.silence(m.interval_s)) as since, array_agg(u.at) as upto, count(*)::integer as n
      into hole
      from unnest(fleet_holes.monitors, fleet_holes.upto) u (monitor, at)
     cross join lateral (select y.at from tocsin.monitor_latest y where y.monitor = u.monitor and y.region = 0 offset 0) l
     cross join lateral (select y.interval_s from tocsin.monitor y where y.id = u.monitor and u.at - l.at > tocsin.silence(y.interval_s) offset 0) m
     cross join lateral (select y.* from tocsin.monitor_state y where y.monitor = u.monitor offset 0) s
     where (s.status in (1, 2, 3) or s.raw in (1, 2, 3)) and s.since <= l.at;
    if hole.n = 0 then
        return 0;
    end if;
    return tocsin.transit_all(hole.monitor, array_fill(0::smallint, array[hole.n]), hole.since,
                              array_fill(25::smallint, array[hole.n]), array_fill(0, array[hole.n]),
                              array_fill(''::text, array[hole.n]))
         + tocsin.transit_all(hole.monitor, hole.status, hole.upto, hole.reason, hole.code, hole.message);
end $$;

-- Pages are told of a host's load when it looks different, each ten seconds at most; of a
-- status at once.
create or replace function tocsin.fleet_hosts_tell(said tocsin.host_said[], hosts bigint[], was smallint[],
                                                   clock timestamptz)
returns void
language plpgsql volatile set search_path = '' set enable_nestloop = off as $$
declare
    told bigint[];
begin
    with fresh as (
        select s.host, s.at, x.cpu, x.mem_pct, x.load, t.status, t.status <> u.was as moved,
               (round(x.cpu, 2), round(x.mem_pct), round(x.load, 1))
               is distinct from (round(o.cpu, 2), round(o.mem_pct), round(o.load, 1)) as differs
          from unnest(said) s
          join unnest(fleet_hosts_tell.hosts, fleet_hosts_tell.was) u (host, was) on u.host = s.host
          join tocsin.monitor_state t on t.monitor = s.host
          left join tocsin.fleet_latest l on l.monitor = s.host
         cross join lateral tocsin.host_load(s.facts->'@') x
         cross join lateral tocsin.host_load(l.facts) o
    ), due as (
        update tocsin.host h set told_at = clock
          from fresh f
         where h.monitor = f.host
           and (f.moved or f.differs and (h.told_at is null or h.told_at < clock - interval '10 seconds' or h.told_at > clock))
        returning f.*
    ), event as (
        insert into tocsin.event (kind, owner, ref, body)
        select 'host', a.account, d.host, jsonb_build_object('status', tocsin.status_word(d.status), 'cpu', d.cpu,
                   'mem', d.mem_pct, 'load', d.load, 'seen', tocsin.ts(d.at))
          from tocsin.fleet_audience(array(select d.host from due d)) a join due d on d.host = a.monitor
        returning ref
    )
    select array_agg(e.ref) into told from event e;
    if told is not null then
        perform pg_notify('tocsin_live', '');
    end if;
end $$;

-- ---------------------------------------------------------------- the list of apps

-- The apps of these answers, each with its row; new ones get one, with their host's channels.
create or replace function tocsin.fleet_list(said tocsin.host_said[]) returns tocsin.app_said[]
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    d record;
begin
    select array_agg(x.host) as host, array_agg(x.at) as at, array_agg(x.e) as said, array_agg(x.key) as key, array_agg(x.app) as app
      into d
      from (select distinct on (e.host, e.key) e.host, e.at, e.e, e.key,
                   (select a.monitor from tocsin.app a where a.host = e.host and a.key = e.key) as app
              from (select s.host, s.at, y.e, y.n, tocsin.app_key(y.e) as key
                      from unnest(said) s cross join lateral jsonb_array_elements(s.apps) with ordinality y (e, n)
                     where y.n <= 200 offset 0) e
             where e.key is not null
             order by e.host, e.key, e.n) x;
    if array_position(d.app, null) is not null then
        perform tocsin.fleet_new(array(select x::tocsin.app_said from tocsin.apps_told(d.app, d.host, d.at, d.said) x where x.app is null));
        d.app := array(select (select a.monitor from tocsin.app a where a.host = u.host and a.key = u.key)
                         from unnest(d.host, d.key) with ordinality u (host, key, n) order by u.n);
    end if;
    return array(select x::tocsin.app_said from tocsin.apps_told(d.app, d.host, d.at, d.said) x);
end $$;

create or replace function tocsin.fleet_new(apps tocsin.app_said[]) returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    fresh bigint[];
begin
    with wanted as materialized (
        select s.host, s.key, s.title, s.kind, s.unit, nextval('tocsin.monitor_id_seq') as id
          from unnest(apps) s
    ), monitor as (
        insert into tocsin.monitor (id, owner, type, name, url, interval_s, timeout_s, retries)
        overriding system value
        select w.id, m.owner, 'app', left(w.title || ' on ' || m.name, 120), '', m.interval_s, 10, 1
          from wanted w join tocsin.monitor m on m.id = w.host
    ), app as (
        insert into tocsin.app (monitor, host, key, title, kind, unit)
        select w.id, w.host, w.key, w.title, w.kind, w.unit from wanted w
    ), state as (
        insert into tocsin.monitor_state (monitor) select w.id from wanted w
    ), channel as (
        insert into tocsin.monitor_channel (monitor, channel)
        select w.id, c.channel from wanted w join tocsin.monitor_channel c on c.monitor = w.host
    )
    select array_agg(w.id) into fresh from wanted w;
    if fresh is not null then
        insert into tocsin.event (kind, owner, ref, body)
        select 'app', x.account, x.monitor, '{"change": "created"}' from tocsin.fleet_audience(fresh) x;
        perform pg_notify('tocsin_live', '');
    end if;
end $$;

-- Apps that left their host's list: kept, but nothing is expected of them. One that is on it
-- again is the same app.
create or replace function tocsin.fleet_gone(said tocsin.host_said[]) returns integer
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    d record;
    n integer;
begin
    select array_agg(a.monitor) filter (where not a.listed) as gone, array_agg(l.at) filter (where not a.listed) as at,
           array_agg(a.monitor) filter (where a.listed) as back
      into d
      from (select s.host, s.at, array(select e->>'id' from jsonb_array_elements(s.apps) e
                                        where jsonb_typeof(e) = 'object' and e->>'id' is not null) as keys
              from unnest(said) s) l
     cross join lateral (select y.monitor, y.gone_at, y.key = any (l.keys) as listed from tocsin.app y where y.host = l.host offset 0) a
     where a.listed = (a.gone_at is not null);
    if d.back is not null then
        update tocsin.app a set gone_at = null where a.monitor = any (d.back);
    end if;
    insert into tocsin.event (kind, owner, ref, body)
    select 'app', x.account, x.monitor, jsonb_build_object('change', case when x.monitor = any (d.back) then 'back' else 'gone' end)
      from tocsin.fleet_audience(d.back || d.gone) x;
    n := coalesce(cardinality(d.gone), 0);
    if n = 0 then
        return 0;
    end if;
    update tocsin.app a set gone_at = u.at, bad = 0 from unnest(d.gone, d.at) u (app, at) where a.monitor = u.app;
    insert into tocsin.fleet_event (host, app, at, kind, text)
    select a.host, u.app, u.at, 'status', 'left the list of its host'
      from unnest(d.gone, d.at) u (app, at) join tocsin.app a on a.monitor = u.app;
    perform tocsin.action_end(x.id, 'failed', 'the app left the list of its host')
       from tocsin.app_action x where x.app = any (d.gone) and x.state = 'asked';
    return tocsin.transit_all(d.gone, array_fill(5::smallint, array[n]), d.at, array_fill(0::smallint, array[n]),
                              array_fill(0, array[n]), array_fill('it left the list of its host'::text, array[n]));
end $$;

-- ---------------------------------------------------------------- samples

create or replace function tocsin.fleet_sample(said tocsin.host_said[], apps tocsin.app_said[], clock timestamptz)
returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
begin
    insert into tocsin.fleet_part (host, part, kind, name)
    select n.host, p.most + row_number() over (partition by n.host order by n.kind, n.name), n.kind, n.name
      from (select s.host, x.kind, x.name from unnest(said) s cross join lateral tocsin.part_samples(s.facts->'@') x
             where not exists (select from tocsin.fleet_part y where y.host = s.host and y.kind = x.kind and y.name = x.name)) n
     cross join lateral (select coalesce(max(y.part), 0) as most from tocsin.fleet_part y where y.host = n.host) p
     where p.most < 200
    on conflict do nothing;
    insert into tocsin.fleet_segment (host, at, age_ms, host_v, parts, part_v, apps, app_v)
    select s.host, clock, s.age_ms, tocsin.host_sample(s.facts->'@'), coalesce(p.parts, '{}'), coalesce(p.v, '{}'),
           coalesce(a.apps, '{}'), coalesce(a.v, '{}')
      from unnest(said) s
     cross join lateral (
            select array_agg(y.part order by y.part) filter (where u.n = 1) as parts, array_agg(u.v order by y.part, u.n) as v
              from tocsin.part_samples(s.facts->'@') x
              join tocsin.fleet_part y on y.host = s.host and y.kind = x.kind and y.name = x.name
             cross join lateral unnest(x.v) with ordinality u (v, n)) p
      left join (select u.host, array_agg(u.app order by u.app) filter (where w.n = 1) as apps,
                        array_agg(w.v order by u.app, w.n) as v
                   from unnest(apps) u 
                  cross join lateral (values (1, round(u.cpu * 1000)::real), (2, round(u.memory / 262144)::real), (3, u.fds::real),
                        (4, u.tasks::real), (5, u.restarts::real), (6, round(u.health_ms * 10)::real)) w (n, v)
                  group by u.host) a on a.host = s.host;
end $$;
