-- Hosts and apps of a demonstration: what their agents would say at a time, by the time alone.

create or replace function tocsin.demo_hosts()
returns table (name text, address text, cores integer, mem_gb integer, busy float8, labels text[])
language sql immutable parallel safe as $$
    values ('web-1', '10.20.0.11:7443', 4, 8, 0.32::float8, '{web,berlin}'::text[]),
           ('web-2', '10.20.0.12:7443', 4, 8, 0.27, '{web,berlin}'),
           ('data-1', '10.20.0.21:7443', 8, 32, 0.18, '{data,berlin}'),
           ('ci-1', '10.20.0.31:7443', 16, 64, 0.55, '{dev}')
$$;

create or replace function tocsin.demo_apps()
returns table (host text, id text, name text, type text, cpu float8, mem_mb integer, shaky boolean, deploys boolean)
language sql immutable parallel safe as $$
    values ('web-1', 'shop', 'Shop', 'systemd', 0.35::float8, 420, false, true),
           ('web-1', 'api', 'Public API', 'systemd', 0.22, 310, false, true),
           ('web-1', 'proxy', 'Front', 'systemd', 0.04, 60, false, false),
           ('web-2', 'shop', 'Shop', 'systemd', 0.30, 400, false, true),
           ('web-2', 'pictures', 'Pictures', 'docker', 0.12, 180, false, false),
           ('data-1', 'postgres', 'Orders database', 'systemd', 0.60, 9200, false, false),
           ('data-1', 'search', 'Search index', 'docker', 0.25, 2600, false, false),
           ('ci-1', 'runner', 'Build runner', 'systemd', 2.40, 3100, true, true),
           ('ci-1', 'registry', 'Package registry', 'docker', 0.06, 240, false, false)
$$;

-- From 0 to 1, by the day and with noise.
create or replace function tocsin.demo_wave(seed bigint, t float8) returns float8
language sql immutable parallel safe as $$
    select least(1, greatest(0, 0.5 + 0.28 * sin(t / 13751 + seed) + 0.12 * sin(t / 700 + 2 * seed)
                                + 0.25 * (tocsin.demo_noise(seed, (t / 30)::bigint) - 0.5)))
$$;

-- The runner is killed now and then: for two minutes of some half an hour.
create or replace function tocsin.demo_crashed(seed bigint, t float8) returns boolean
language sql immutable parallel safe as $$
    select tocsin.demo_noise(seed, floor(t / 1800)::bigint) < 0.25
       and t - floor(t / 1800) * 1800 between 600 and 720
$$;

create or replace function tocsin.demo_app_state(seed bigint, a record, t float8) returns jsonb
language plpgsql immutable parallel safe set search_path = '' as $$
declare
    w    constant float8 := tocsin.demo_wave(seed, t);
    dead constant boolean := a.shaky and tocsin.demo_crashed(seed, t);
    turn constant bigint := case when a.shaky then floor((t - 720) / 1800) else 1 end;
begin
    return jsonb_build_object(
        'id', a.id, 'name', a.name, 'type', a.type,
        case when a.type = 'docker' then 'container' else 'unit' end,
        case when a.type = 'docker' then a.id else a.id || '.service' end,
        'state', case when dead then 'failed' else 'running' end,
        'sub', case when dead then 'failed' else 'running' end,
        'since', case when a.shaky then (turn * 1800 + 720)::bigint else 1790000000 + seed * 977 end,
        'restarts', case when a.shaky then turn % 40 else 0 end,
        'invocation', md5(seed || '/' || case when a.shaky and not dead then turn else 0 end),
        'exit', case when dead then '{"code": null, "signal": 9}'::jsonb end,
        'health', case when a.type = 'systemd' and not dead then jsonb_build_object('ok', true, 'ms', round(4 + 20 * w), 'message', '200 OK', 'at', t::bigint) end,
        'cpu', case when not dead then round((a.cpu * (0.4 + 1.2 * w))::numeric, 4) end,
        'memory', case when not dead then (a.mem_mb * (0.8 + 0.4 * w))::bigint * 1048576 end,
        'memory_max', a.mem_mb::bigint * 2097152, 'fds', case when not dead then 40 + round(90 * w) end,
        'tasks', case when not dead then 4 + seed % 9 end, 'pid', case when not dead then 900 + seed * 31 end,
        'commit', case when a.deploys then md5(a.id || 0) || '01234567' end, -- that of the last deploy, see demo_fleet()
        'branch', case when a.deploys then 'main' end,
        'env', case when a.deploys then '["main"]'::jsonb else '[]' end, 'deploy', a.deploys,
        'running_deploy', null, 'last_deploy', null, 'ports', case when a.type = 'systemd' then jsonb_build_array(8000 + seed % 100) else '[]' end);
end $$;

create or replace function tocsin.demo_host_state(seed bigint, host text, at timestamptz) returns jsonb
language plpgsql immutable parallel safe set search_path = '' as $$
declare
    t    constant float8 := extract(epoch from at);
    w    constant float8 := tocsin.demo_wave(seed, t);
    h    record;
    a    record;
    apps jsonb := '[]';
    gb   constant bigint := 1073741824;
begin
    select * into h from tocsin.demo_hosts() x where x.name = host;
    for a in select x.*, row_number() over () as n from tocsin.demo_apps() x where x.host = demo_host_state.host loop
        apps := apps || tocsin.demo_app_state(seed * 10 + a.n, a, t);
    end loop;
    return jsonb_build_object(
        'agent', jsonb_build_object('version', '1.0.0', 'conf_rev', 'demo', 'now', t::bigint, 'started_at', 1790000000,
                                    'boot_id', md5('boot' || seed), 'cert_not_after', 2100000000),
        'host', jsonb_build_object(
            'name', host, 'os', 'Debian GNU/Linux 12 (bookworm)', 'arch', 'x86_64', 'kernel', '6.1.0-28-amd64',
            'cores', h.cores, 'uptime_s', (t - 1790000000)::bigint, 'boot_at', 1790000000, 'reboot_needed', seed % 3 = 0,
            'cpu', jsonb_build_object('user', round((h.busy * w * 1.2)::numeric, 4), 'sys', round((h.busy * w * 0.3)::numeric, 4),
                                      'io', round((0.02 * w)::numeric, 4), 'steal', 0),
            'memory', jsonb_build_object('total', h.mem_gb * gb, 'used', (h.mem_gb * gb * (0.45 + 0.2 * w))::bigint,
                                         'cache', (h.mem_gb * gb * 0.25)::bigint, 'swap_total', 2 * gb, 'swap_used', (gb * 0.1 * w)::bigint),
            'load', jsonb_build_array(round((h.cores * h.busy * 1.8 * w)::numeric, 2), round((h.cores * h.busy)::numeric, 2),
                                      round((h.cores * h.busy * 0.9)::numeric, 2)),
            'pressure', jsonb_build_object('cpu', round((8 * w)::numeric, 2), 'memory', 0, 'io', round((3 * w)::numeric, 2)),
            'disks', jsonb_build_array(
                jsonb_build_object('mount', '/', 'total', 40 * gb, 'used', (40 * gb * (0.4 + 0.02 * w))::bigint,
                                   'free', (40 * gb * 0.58)::bigint, 'inodes_used_pct', 12, 'read_bps', (2e5 * w)::bigint, 'write_bps', (9e5 * w)::bigint),
                jsonb_build_object('mount', '/srv', 'total', 200 * gb, 'used', (200 * gb * (0.5 + 0.4 * ((t / 86400)::bigint % 30) / 30.0))::bigint,
                                   'free', (200 * gb * 0.2)::bigint, 'inodes_used_pct', 31, 'read_bps', (3e6 * w)::bigint, 'write_bps', (5e6 * w)::bigint)),
            'nets', jsonb_build_array(jsonb_build_object('name', 'eth0', 'rx_bps', (4e6 * h.busy * w)::bigint, 'tx_bps', (9e6 * h.busy * w)::bigint,
                                                         'rx_err', 0, 'tx_err', 0))),
        'apps', apps);
end $$;

-- What all agents say now, as work.fleet_settle takes it; or those who are due.
create or replace function tocsin.demo_answers(clock timestamptz, whole boolean) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('host', m.id, 'age_ms', 0, 'ms', 6 + m.id % 7, 'ok', true,
                                                 'state', tocsin.demo_host_state(m.id, m.name, clock))), '[]')
      from tocsin.monitor m
      left join tocsin.fleet_latest l on l.monitor = m.id
     where m.type = 'host' and m.deleted_at is null
       and (whole or l.at is null or clock - l.at >= interval '9 seconds')
$$;

-- The hosts, a day of samples, and deploys that were.
create or replace function tocsin.demo_fleet(owner bigint) returns void
language plpgsql volatile set search_path = '' as $$
declare
    me constant uuid := '0d3d0000-0000-4000-8000-000000000000';
    h  record;
    m  bigint;
    a  record;
begin
    for h in select * from tocsin.demo_hosts() loop
        insert into tocsin.monitor (owner, type, name, url, interval_s, timeout_s, retries, tags, created_at)
        values (demo_fleet.owner, 'host', h.name, '', 30, 10, 0, h.labels, now() - interval '60 days') returning id into m;
        insert into tocsin.host (monitor, address, pin, not_after, enrolled_at)
        values (m, h.address, md5(h.name) || md5('pin'), now() + interval '9 years', now() - interval '60 days');
        insert into tocsin.monitor_state (monitor, since) values (m, now() - interval '60 days');
        perform tocsin.monitor_default_channels(m, demo_fleet.owner);
    end loop;
    update tocsin.fleet f set owner = me, epoch = f.epoch + 1, batch = 0, lease_until = now() + interval '1 minute';
    perform work.fleet_settle(me, (select f.epoch from tocsin.fleet f), 1, tocsin.demo_answers(now(), true));
    -- they have run for long
    update tocsin.monitor x set created_at = now() - interval '60 days' from tocsin.app y where y.monitor = x.id;
    update tocsin.transition t set at = now() - interval '59 days', decided_at = now() - interval '59 days'
      from tocsin.monitor x where x.id = t.monitor and x.type in ('host', 'app');
    update tocsin.monitor_state s set since = now() - interval '59 days'
      from tocsin.monitor x where x.id = s.monitor and x.type in ('host', 'app');
    -- a day of samples: the first one, at other times
    insert into tocsin.fleet_segment (host, at, age_ms, host_v, parts, part_v, apps, app_v)
    select s.host, g, 0, tocsin.host_sample(tocsin.host_facts(st, 8)),
           s.parts, s.part_v, s.apps,
           (select array_agg(v order by n) from (
                select v, (row_number() over ()) as n
                  from unnest(s.app_v) with ordinality x (v0, i)
                 cross join lateral (select (x.v0 * (0.7 + 0.6 * tocsin.demo_wave(s.host + i, extract(epoch from g))))::real) y (v)) z)
      from tocsin.fleet_segment s
      join tocsin.monitor x on x.id = s.host
     cross join generate_series(now() - interval '26 hours', now() - interval '1 minute', interval '1 minute') g
     cross join lateral tocsin.demo_host_state(s.host, x.name, g) st;
    for a in select y.monitor as app, y.host, y.key, row_number() over (order by y.monitor) as n
               from tocsin.app y where (y.facts ->> 'deploy')::boolean loop
        insert into tocsin.app_action (app, host, kind, args, actor_name, reason, state, attempts, asked_at, started_at, said_at, done_at, ms, report, output, error)
        select a.app, a.host, 'deploy', '{"ref": "main"}', case d.k % 2 when 0 then 'Ann' else 'Bo' end, '',
               case when d.k = 2 then 'failed' else 'done' end, 1, d.at, d.at, d.at + interval '49 seconds', d.at + interval '49 seconds', 49000,
               jsonb_build_object('state', case when d.k = 2 then 'rolled-back' else 'succeeded' end,
                   'from', md5(a.key || case when d.k = 1 then 2 else d.k end) || '01234567', -- back from 2 it was as before it
                   'to', md5(a.key || (d.k - 1)) || '01234567',
                   'subjects', jsonb_build_array((array['Orders keep their currency', 'Search answers in half the time', 'Fewer queries a page'])[1 + d.k % 3]),
                   'steps', jsonb_build_array(
                       jsonb_build_object('name', 'fetch', 'state', 'done', 'at', extract(epoch from d.at)::bigint, 'ms', 1900),
                       jsonb_build_object('name', 'build', 'state', 'done', 'at', extract(epoch from d.at)::bigint + 2, 'ms', 31000),
                       jsonb_build_object('name', 'restart', 'state', 'done', 'at', extract(epoch from d.at)::bigint + 33, 'ms', 1200),
                       jsonb_build_object('name', 'health', 'state', case when d.k = 2 then 'failed' else 'done' end, 'at', extract(epoch from d.at)::bigint + 34, 'ms', 15000))),
               'fetch: From git.example.org' || e'\nbuild: 214 modules\nrestart: ' || a.key || e'.service\nhealth: ' || case when d.k = 2 then '503, going back' else '200' end,
               case when d.k = 2 then 'the health check failed: rolled back' else '' end
          from (select k, now() - make_interval(days => k * 4, hours => a.n::integer * 5) as at from generate_series(1, 4) k) d
         order by d.at;
    end loop;
    insert into tocsin.fleet_event (host, app, at, kind, actor_name, action, text)
    select x.host, x.app, x.done_at, 'deploy', x.actor_name, x.id, tocsin.action_words(x)
      from tocsin.app_action x where x.kind = 'deploy' order by x.done_at;
end $$;
