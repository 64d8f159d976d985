-- Hosts, apps and what is done to them, as JSON.
--
-- Units: cpu is a fraction (of all cores for a host, of one core for an app), …_pct are percent,
-- memory is bytes. What is not known is null.

-- The newest load of a host, from its facts.
create or replace function tocsin.host_load(facts jsonb, out cpu numeric, out mem_pct numeric,
                                            out disk_pct numeric, out load numeric, out rx numeric,
                                            out tx numeric)
language plpgsql immutable parallel safe set search_path = '' as $$
begin
    cpu := round((tocsin.j_num(facts #> '{cpu,user}') + coalesce(tocsin.j_num(facts #> '{cpu,sys}'), 0)
                  + coalesce(tocsin.j_num(facts #> '{cpu,steal}'), 0))::numeric, 3);
    mem_pct := tocsin.share(tocsin.j_num(facts #> '{memory,used}'), tocsin.j_num(facts #> '{memory,total}'));
    disk_pct := (select max(tocsin.share(tocsin.j_num(d->'used'), tocsin.j_num(d->'total')))
                   from jsonb_array_elements(tocsin.j_list(facts->'disks')) d);
    load := round(tocsin.j_num(facts #> '{load,0}')::numeric, 2);
    select round(sum(tocsin.j_num(n->'rx_bps'))::numeric), round(sum(tocsin.j_num(n->'tx_bps'))::numeric) into rx, tx
      from jsonb_array_elements(tocsin.j_list(facts->'nets')) n;
end $$;

-- The version of the control plane, when a host's agent has another one.
create or replace function tocsin.agent_update(version text) returns text
language sql stable security definer set search_path = '' as $$
    select w.version from tocsin.worker w
     where w.role = 'fleet' and w.version <> '' and w.version <> agent_update.version
       and w.lease_until > clock_timestamp()
     order by w.started_at desc limit 1
$$;

create or replace function tocsin.channels_of(monitor bigint) returns json
language sql stable security definer set search_path = '' as $$
    select coalesce(json_agg(c.channel order by c.channel), '[]')
      from tocsin.monitor_channel c where c.monitor = channels_of.monitor
$$;

create or replace function tocsin.host_json(m tocsin.monitor, who tocsin.account) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    given constant integer := tocsin.fleet_right(who, m);
    h tocsin.host;
    s tocsin.monitor_state;
    l tocsin.fleet_latest;
    f tocsin.monitor_figures;
    x record;
begin
    select * into h from tocsin.host y where y.monitor = m.id;
    select * into s from tocsin.monitor_state y where y.monitor = m.id;
    select * into l from tocsin.fleet_latest y where y.monitor = m.id;
    select * into f from tocsin.monitor_figures y where y.monitor = m.id;
    select * into x from tocsin.host_load(l.facts);
    return tocsin.json_join(json_build_object(
        'version', m.version, 'id', m.id, 'name', m.name, 'address', h.address,
        'status', tocsin.status_word(tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s)),
        'since', tocsin.ts(coalesce(s.since, m.created_at)),
        'reason', case when s.reason <> 0 then tocsin.reason_word(s.reason) end, 'message', coalesce(s.message, ''),
        'labels', m.tags, 'owner', m.owner, 'created_at', tocsin.ts(m.created_at),
        'enrolled_at', tocsin.ts(h.enrolled_at), 'trusted', h.pin is not null,
        'agent', json_build_object('version', nullif(h.agent_version, ''), 'cert_not_after', tocsin.ts(h.not_after),
                                   'update', case when h.agent_version <> '' then tocsin.agent_update(h.agent_version) end),
        'os', nullif(h.os, ''), 'arch', nullif(h.arch, ''), 'kernel', nullif(h.kernel, ''), 'cores', h.cores,
        'boot_at', tocsin.ts(h.boot_at), 'uptime_s', tocsin.j_int(l.facts->'uptime_s'), 'reboot_needed', h.reboot_needed,
        'seen_at', tocsin.ts(l.at), 'error', nullif(h.error, ''), 'error_at', case when h.error <> '' then tocsin.ts(h.error_at) end,
        'poll_s', m.interval_s), json_build_object(
        'cpu', x.cpu, 'mem_pct', x.mem_pct, 'disk_pct', x.disk_pct, 'load', coalesce(l.facts->'load', '[]'),
        'net', json_build_object('rx', x.rx, 'tx', x.tx), 'rtt_ms', l.facts->'ms',
        'cpu_parts', l.facts->'cpu', 'memory', l.facts->'memory', 'pressure', l.facts->'pressure',
        'disks', coalesce(l.facts->'disks', '[]'), 'nets', coalesce(l.facts->'nets', '[]'),
        'thresholds', tocsin.host_limits(h.thresholds), 'channels', tocsin.channels_of(m.id),
        'apps', coalesce((select json_agg(json_build_object('id', a.monitor, 'name', a.title, 'key', a.key, 'type', a.kind,
                                 'status', tocsin.status_word(tocsin.shown_status(y.status, l.at, m.interval_s)),
                                 'state', a.state, 'gone', a.gone_at is not null)
                                 order by a.gone_at is not null, a.title, a.monitor)
                            from tocsin.app a join tocsin.monitor_state y on y.monitor = a.monitor
                           where a.host = m.id), '[]'),
        'incident', (select i.id from tocsin.incident i where i.monitor = m.id and i.resolved_at is null
                      order by i.auto desc, i.id desc limit 1),
        'up24', f.up24, 'up7', f.up7, 'up30', f.up30, 'up90', f.up90, 'bars24', f.bars24,
        'rights', json_build_object('developer', given >= 2, 'operator', given >= 3)));
end $$;

-- ---------------------------------------------------------------- actions

create or replace function tocsin.action_json(a tocsin.app_action) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'id', a.id, 'uuid', a.uuid, 'app', a.app, 'host', a.host, 'kind', a.kind, 'state', a.state,
        'auto', a.auto, 'by', nullif(a.actor_name, ''), 'reason', a.reason, 'ref', a.args->>'ref',
        'asked_at', tocsin.ts(a.asked_at), 'started_at', tocsin.ts(a.started_at),
        'done_at', tocsin.ts(a.done_at), 'ms', a.ms, 'attempts', a.attempts, 'error', nullif(a.error, ''))
$$;

-- The word for how a deploy is: the agent's, as soon as it has said one.
create or replace function tocsin.deploy_state(a tocsin.app_action) returns text
language sql immutable as $$
    select case when a.state in ('asked', 'lost', 'cancelled') then a.state
                when a.state = 'running' then 'running'
                else coalesce(nullif(a.report->>'state', 'running'), case a.state when 'done' then 'succeeded' else 'failed' end) end
$$;

create or replace function tocsin.deploy_json(a tocsin.app_action, whole boolean default false) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    r constant jsonb := a.report;
    shown json := json_build_object(
        'id', a.id, 'uuid', a.uuid, 'app', a.app, 'host', a.host, 'state', tocsin.deploy_state(a), 'ref', a.args->>'ref',
        'from', r->'from', 'to', r->'to', 'subjects', coalesce(r->'subjects', '[]'),
        'steps', coalesce(r->'steps', '[]'), 'step', r->'step',
        'error', coalesce(nullif(a.error, ''), r->>'error'), 'by', nullif(a.actor_name, ''), 'reason', a.reason,
        'rollback_of', (a.args->>'rollback_of')::bigint, 'asked_at', tocsin.ts(a.asked_at),
        'started_at', tocsin.ts(a.started_at), 'ended_at', tocsin.ts(a.done_at),
        'cancelling', a.state = 'running' and exists (select from tocsin.app_action c
            where c.app = a.app and c.kind = 'cancel' and c.args->>'deploy' = a.uuid::text and c.state in ('asked', 'running')),
        'output_bytes', octet_length(a.output));
begin
    return case when whole then tocsin.json_join(shown, json_build_object('output', a.output)) else shown end;
end $$;

-- ---------------------------------------------------------------- apps

-- How often Tocsin restarted it by itself in the last ten minutes. Those that never reached
-- the host do not count.
create or replace function tocsin.auto_restarts(app bigint) returns integer
language sql stable security definer set search_path = '' as $$
    select count(*)::integer from tocsin.app_action a
     where a.app = auto_restarts.app and a.auto and a.kind = 'restart' and a.attempts > 0
       and a.asked_at > now() - interval '10 minutes'
$$;

create or replace function tocsin.app_json(m tocsin.monitor, who tocsin.account) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    given constant integer := tocsin.fleet_right(who, m);
    a tocsin.app;
    h tocsin.monitor;
    s tocsin.monitor_state;
    l tocsin.fleet_latest;
    f tocsin.monitor_figures;
    incident bigint;
begin
    select * into a from tocsin.app y where y.monitor = m.id;
    select * into h from tocsin.monitor y where y.id = a.host;
    select * into s from tocsin.monitor_state y where y.monitor = m.id;
    select * into l from tocsin.fleet_latest y where y.monitor = m.id;
    select * into f from tocsin.monitor_figures y where y.monitor = m.id;
    select i.id into incident from tocsin.incident i
     where i.monitor = m.id and i.resolved_at is null order by i.auto desc, i.id desc limit 1;
    return tocsin.json_join(tocsin.json_join(json_build_object(
        'version', m.version, 'id', m.id, 'name', a.title, 'key', a.key,
        'host', json_build_object('id', h.id, 'name', h.name, 'status', (
            select tocsin.status_word(tocsin.shown_status(y.status, z.at, h.interval_s))
              from tocsin.monitor_state y left join tocsin.fleet_latest z on z.monitor = y.monitor
             where y.monitor = h.id)),
        'type', a.kind, 'unit', case when a.kind = 'systemd' then a.unit end,
        'container', case when a.kind = 'docker' then a.unit end,
        'status', tocsin.status_word(tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s)),
        'since', tocsin.ts(coalesce(s.since, m.created_at)),
        'reason', case when s.reason <> 0 then tocsin.reason_word(s.reason) end, 'message', coalesce(s.message, ''),
        'state', a.state, 'sub', nullif(a.sub, ''), 'state_since', tocsin.ts(a.state_at),
        'exit', a.facts->'exit', 'restarts', a.restarts, 'gone_at', tocsin.ts(a.gone_at),
        'seen_at', tocsin.ts(l.at), 'owner', m.owner, 'created_at', tocsin.ts(m.created_at)), json_build_object(
        'health', l.facts->'health', 'cpu', l.facts->'cpu', 'memory', l.facts->'memory',
        'memory_max', l.facts->'memory_max', 'fds', l.facts->'fds', 'tasks', l.facts->'tasks', 'pid', l.facts->'pid',
        'commit', a.facts->'commit', 'branch', a.facts->'branch', 'ports', coalesce(a.facts->'ports', '[]'),
        'env', coalesce(a.facts->'env', '[]'), 'deploy', coalesce(a.facts->'deploy', 'false'),
        'wanted', a.wanted, 'wanted_by', nullif(a.wanted_by, ''), 'retries', m.retries,
        'auto_restart', a.auto_restart,
        'guard', json_build_object('done', tocsin.auto_restarts(m.id), 'most', 3, 'window_s', 600,
                                   'gave_up', a.gave_up is not null and a.gave_up is not distinct from incident))),
        json_build_object(
        'running_action', (select tocsin.action_json(x) from tocsin.app_action x
                            where x.app = m.id and x.kind in ('start', 'stop', 'restart') and x.state in ('asked', 'running') limit 1),
        'running_deploy', (select tocsin.deploy_json(x) from tocsin.app_action x
                            where x.app = m.id and x.kind = 'deploy' and x.state in ('asked', 'running') limit 1),
        'last_deploy', (select tocsin.deploy_json(x) from tocsin.app_action x
                         where x.app = m.id and x.kind = 'deploy' and x.done_at is not null order by x.id desc limit 1),
        'incident', incident, 'channels', tocsin.channels_of(m.id),
        'up24', f.up24, 'up7', f.up7, 'up30', f.up30, 'up90', f.up90, 'bars24', f.bars24,
        'bars30', tocsin.bars_days(m.id),
        'rights', json_build_object('developer', given >= 2, 'operator', given >= 3)));
end $$;

-- ---------------------------------------------------------------- audit

create or replace function tocsin.host_audit(m tocsin.monitor) returns jsonb
language sql stable security definer set search_path = '' as $$
    select jsonb_build_object('name', m.name, 'labels', m.tags, 'address', h.address, 'poll_s', m.interval_s,
                              'thresholds', h.thresholds, 'channels', tocsin.channels_of(m.id))
      from tocsin.host h where h.monitor = m.id
$$;

create or replace function tocsin.app_audit(m tocsin.monitor) returns jsonb
language sql stable security definer set search_path = '' as $$
    select jsonb_build_object('name', a.title, 'key', a.key, 'host', a.host, 'auto_restart', a.auto_restart,
                              'retries', m.retries, 'channels', tocsin.channels_of(m.id))
      from tocsin.app a where a.monitor = m.id
$$;
