-- Hosts: list, read, change, delete (kept for seven days), and what happened on them.

create or replace function tocsin.host_matches(m tocsin.monitor, h tocsin.host, status smallint, input jsonb)
returns boolean
language sql stable as $$
    select (input->>'status' is null or tocsin.status_word(status) = any (string_to_array(input->>'status', ',')))
       and (input->>'label' is null or m.tags @> string_to_array(input->>'label', ','))
       and (input->>'q' is null
            or position(lower(input->>'q') in lower(m.name || e'\n' || h.address || e'\n' || h.os || e'\n'
                                                    || array_to_string(m.tags, e'\n'))) > 0)
$$;

-- All in columns: status is its digit, since and seen are seconds before now, cpu is a
-- fraction, mem and disk are percent, rx and tx bytes a second, apps and bad how many it has
-- and how many of them are down, degraded or unknown. With `since` (the rev of an earlier answer)
-- only what changed after it, and `gone`.
create or replace function tocsin.host_columns(who tocsin.account, input jsonb) returns json
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
    v record;
    columns json;
begin
    select * into v from tocsin.fleet_scope(who, 'host', input);
    with shown as (
        select m.id, m.name, m.tags, m.owner, m.interval_s, h.os, h.arch, h.agent_version, h.reboot_needed,
               tocsin.j_int(l.facts->'uptime_s') as uptime_s, tocsin.host_limits(h.thresholds) as thresholds, x.cpu, x.mem_pct, x.disk_pct,
               x.load, x.rx, x.tx, f.up30, f.bars24, f.up24, h.address,
               tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s) as status,
               date_part('epoch', now() - coalesce(s.since, m.created_at))::integer as since,
               date_part('epoch', now() - l.at)::integer as seen,
               case when s.reason <> 0 then (select r.name from tocsin.reason r where r.code = s.reason) end as reason,
               n.apps, n.bad
          from tocsin.monitor m
          join tocsin.host h on h.monitor = m.id
          left join tocsin.monitor_state s on s.monitor = m.id
          left join tocsin.fleet_latest l on l.monitor = m.id
          left join tocsin.monitor_figures f on f.monitor = m.id
         cross join lateral tocsin.host_load(l.facts) x
         cross join lateral (select count(*) filter (where a.gone_at is null) as apps,
                                    count(*) filter (where a.gone_at is null and a.status in (0, 2, 3)) as bad,
                                    max(a.changed) as changed
                               from (select y.gone_at, z.status, z.changed from tocsin.app y
                                      cross join lateral (select * from tocsin.monitor_state t where t.monitor = y.monitor offset 0) z
                                      where y.host = m.id offset 0) a) n
         where m.type = 'host' and m.deleted_at is null and (m.owner between v.low and v.high or m.id = any (v.granted))
           and (v.rev is null or m.changed >= v.rev or s.changed >= v.rev or h.changed >= v.rev or l.changed >= v.rev or n.changed >= v.rev)
           and tocsin.host_matches(m, h, tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s), input)
    )
    select json_build_object(
               'rev', pg_snapshot_xmin(pg_current_snapshot())::text, 'now', tocsin.ts(now()),
               'id', coalesce(array_agg(t.id order by t.id), '{}'), 'name', coalesce(array_agg(t.name order by t.id), '{}'),
               'address', coalesce(array_agg(t.address order by t.id), '{}'), 'labels', coalesce(json_agg(t.tags order by t.id), '[]'),
               'status', coalesce(array_agg(t.status order by t.id), '{}'), 'since', coalesce(array_agg(t.since order by t.id), '{}'),
               'reason', coalesce(array_agg(t.reason order by t.id), '{}'), 'seen', coalesce(array_agg(t.seen order by t.id), '{}'),
               'poll_s', coalesce(array_agg(t.interval_s order by t.id), '{}'), 'os', coalesce(array_agg(t.os order by t.id), '{}'),
               'arch', coalesce(array_agg(t.arch order by t.id), '{}'), 'uptime_s', coalesce(array_agg(t.uptime_s order by t.id), '{}'),
               'thresholds', coalesce(json_agg(t.thresholds order by t.id), '[]'),
               'agent', coalesce(array_agg(t.agent_version order by t.id), '{}'),
               'reboot_needed', coalesce(array_agg(t.reboot_needed order by t.id), '{}'),
               'cpu', coalesce(array_agg(t.cpu order by t.id), '{}'), 'mem', coalesce(array_agg(t.mem_pct order by t.id), '{}'),
               'disk', coalesce(array_agg(t.disk_pct order by t.id), '{}'), 'load', coalesce(array_agg(t.load order by t.id), '{}'),
               'rx', coalesce(array_agg(t.rx order by t.id), '{}'), 'tx', coalesce(array_agg(t.tx order by t.id), '{}'),
               'apps', coalesce(array_agg(t.apps order by t.id), '{}'), 'bad', coalesce(array_agg(t.bad order by t.id), '{}'),
               'up24', coalesce(array_agg(t.up24 order by t.id), '{}'), 'up30', coalesce(array_agg(t.up30 order by t.id), '{}'),
               'bars24', coalesce(array_agg(t.bars24 order by t.id), '{}'), 'owner', coalesce(array_agg(t.owner order by t.id), '{}'),
               'gone', v.gone)
      into columns from shown t;
    return columns;
end $$;

create or replace function api.host_list(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'viewer');
    most constant integer := coalesce((input->>'limit')::integer, 50);
    v    record;
    page tocsin.monitor[];
begin
    if input->>'view' = 'list' then
        return tocsin.host_columns(who, input);
    end if;
    select * into v from tocsin.fleet_scope(who, 'host', input - 'since');
    page := array(
        select m from tocsin.monitor m
          join tocsin.host h on h.monitor = m.id
          left join tocsin.monitor_state s on s.monitor = m.id
          left join tocsin.fleet_latest l on l.monitor = m.id
         where m.type = 'host' and m.deleted_at is null and (m.owner between v.low and v.high or m.id = any (v.granted))
           and (input->>'after' is null or m.id > (input->>'after')::bigint)
           and tocsin.host_matches(m, h, tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s), input)
         order by m.id limit most + 1);
    return json_build_object(
        'items', coalesce((select json_agg(tocsin.host_json(page[n], who) order by n)
                             from generate_series(1, least(most, cardinality(page))) n), '[]'),
        'next', case when cardinality(page) > most then (page[most]).id::text end);
end $$;

create or replace function api.host_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'host');
begin
    return case when m.id is not null then tocsin.host_json(m, who) end;
end $$;

-- ---------------------------------------------------------------- settings

-- IP:PORT, [IPv6]:PORT. Whether it may be dialled is the daemon's to say.
create or replace function tocsin.is_agent_address(t text) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
    return length(t) <= 64
       and (t ~ '^[0-9]{1,3}(\.[0-9]{1,3}){3}:[0-9]{1,5}$' and split_part(t, ':', 1)::inet is not null
            or t ~ '^\[[0-9A-Fa-f:.]{2,45}\]:[0-9]{1,5}$' and substring(t from '^\[(.*)\]')::inet is not null)
       and substring(t from '[0-9]+$')::integer between 1 and 65535;
exception when data_exception then
    return false;
end $$;

-- Each limit is a number or null; null switches it off.
create or replace function tocsin.thresholds_error(t jsonb) returns text
language sql immutable set search_path = '' as $$
    select case when jsonb_typeof(t) <> 'object' then 'must be an object of disk, inodes, memory (percent) and load (a core)'
                else (select min(left(k, 40) || case when k not in ('disk', 'inodes', 'memory', 'load') then ' is not known'
                                             else case when k = 'load' then ' must be a number up to 1000, or null'
                                                       else ' must be a number of percent, or null' end end)
                        from jsonb_each(t) e (k, v)
                       where k not in ('disk', 'inodes', 'memory', 'load')
                          or v <> 'null' and (tocsin.j_num(v) between 0.1 and case k when 'load' then 1000 else 100 end) is not true) end
$$;

create or replace function tocsin.host_errors(input jsonb) returns jsonb
language sql stable set search_path = '' as $$
    select nullif(jsonb_strip_nulls(jsonb_build_object(
        'name', case when not input ? 'name' then null when length(btrim(coalesce(input->>'name', ''))) not between 1 and 100
                          then 'must have 1 to 100 characters'
                     when input->>'name' ~ '[\x01-\x1f\x7f]' then 'must not have control characters' end,
        'address', case when input ? 'address' and not tocsin.is_agent_address(coalesce(input->>'address', ''))
                        then 'must be an address and a port, such as 10.0.0.7:7443' end,
        'poll_s', case when input ? 'poll_s' and ((input->>'poll_s')::integer between 5 and 3600) is not true
                       then 'must be between 5 and 3600' end,
        'labels', case when input ? 'labels' then tocsin.tags_error(array(select btrim(x) from jsonb_array_elements_text(tocsin.j_list(input->'labels')) x)) end,
        'thresholds', case when input ? 'thresholds' then tocsin.thresholds_error(input->'thresholds') end)), '{}')
$$;

create or replace function api.host_patch(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'host', 3);
    h   tocsin.host;
    old jsonb;
    errors jsonb := tocsin.host_errors(input);
begin
    if m.id is null then
        return null;
    end if;
    if errors is not null then
        raise exception using errcode = 'PT422', message = 'The settings of the host break a rule.',
            detail = jsonb_build_object('errors', errors)::text;
    end if;
    perform from tocsin.monitor_state s where s.monitor = m.id for update;
    select * into m from tocsin.monitor x where x.id = m.id for update;
    select * into h from tocsin.host x where x.monitor = m.id for update;
    if input->>'if_match' <> m.version::text then
        perform tocsin.fail(412, 'The host was changed meanwhile: it has version ' || m.version || '.');
    end if;
    old := tocsin.host_audit(m);
    update tocsin.monitor x
       set name = coalesce(btrim(input->>'name'), x.name), interval_s = coalesce((input->>'poll_s')::integer, x.interval_s),
           tags = case when input ? 'labels' then array(select btrim(l) from jsonb_array_elements_text(tocsin.j_list(input->'labels')) with ordinality y (l, n)
                                                         group by btrim(l) order by min(n)) else x.tags end,
           version = x.version + 1
     where x.id = m.id returning * into m;
    update tocsin.host x
       set address = coalesce(input->>'address', x.address), thresholds = x.thresholds || coalesce(input->'thresholds', '{}'),
           over = case when input ? 'thresholds' then 0 else x.over end
     where x.monitor = m.id;
    if input ?| '{name,poll_s}' then
        update tocsin.monitor x set name = left(a.title || ' on ' || m.name, 120), interval_s = m.interval_s
          from tocsin.app a where a.host = m.id and x.id = a.monitor;
    end if;
    if input ? 'channels' then
        perform tocsin.monitor_channels(m.id, m.owner, input->'channels');
    end if;
    perform tocsin.audit(who.id, input, 'host.update', 'host', m.id::text, old, tocsin.host_audit(m));
    perform tocsin.fleet_emit('host', m.id, m.id, '{"change": "updated"}');
    perform pg_catalog.pg_notify('tocsin_work', 'fleet');
    return tocsin.host_json(m, who);
end $$;

-- The host and its apps go; its agent is trusted no more, so that bringing it back takes a
-- new enrolment.
create or replace function api.host_delete(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'host', 3);
    ids bigint[];
begin
    if m.id is null then
        return null;
    end if;
    ids := m.id || array(select a.monitor from tocsin.app a where a.host = m.id);
    perform from tocsin.monitor_state s where s.monitor = any (ids) order by s.monitor for update;
    select * into m from tocsin.monitor x where x.id = m.id and x.deleted_at is null for update;
    if m.id is null then
        return null;
    end if;
    if input->>'if_match' <> m.version::text then
        perform tocsin.fail(412, 'The host was changed meanwhile: it has version ' || m.version || '.');
    end if;
    perform tocsin.audit(who.id, input, 'host.delete', 'host', m.id::text, tocsin.host_audit(m), null);
    perform tocsin.fleet_emit('host', m.id, m.id, '{"change": "deleted"}');
    update tocsin.monitor x set deleted_at = now(), deleted_by = who.email, version = x.version + 1 where x.id = any (ids);
    update tocsin.host x set pin = null where x.monitor = m.id;
    update tocsin.enrolment e set revoked_at = now() where e.host = m.id and e.used_at is null and e.revoked_at is null;
    update tocsin.outbox o set state = 'cancelled', done_at = now(), error = 'the host was deleted'
     where o.monitor = any (ids) and o.state = 'pending';
    perform tocsin.action_end(x.id, 'cancelled', 'the host was deleted')
       from tocsin.app_action x where x.host = m.id and x.state in ('asked', 'running');
    perform tocsin.put_status(ids, 5::smallint, 'deleted by ' || who.email);
    perform pg_catalog.pg_notify('tocsin_work', 'fleet');
    return json_build_object('id', m.id);
end $$;

-- ---------------------------------------------------------------- history

create or replace function tocsin.fleet_events(host bigint, app bigint, input jsonb) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object('items', coalesce(json_agg(json_build_object(
               'id', e.id, 'at', tocsin.ts(e.at), 'kind', e.kind, 'app', e.app, 'app_name', a.title,
               'actor', nullif(e.actor_name, ''), 'action', e.action, 'text', e.text) order by e.at, e.id), '[]'), 'next', null)
      from (select * from tocsin.fleet_event x
             where case when fleet_events.app is not null then x.app = fleet_events.app else x.host = fleet_events.host end
               and x.at >= coalesce((input->>'from')::timestamptz, now() - interval '30 days')
               and x.at < coalesce((input->>'to')::timestamptz, 'infinity')
             order by x.at desc, x.id desc
             limit least(coalesce((input->>'limit')::integer, 500), 1000)) e
      left join tocsin.app a on a.monitor = e.app
$$;

create or replace function api.host_events(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'host');
begin
    return case when m.id is not null then tocsin.fleet_events(m.id, null, input) end;
end $$;

create or replace function api.host_series(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'host');
begin
    return case when m.id is not null then tocsin.series_json(m, input) end;
end $$;
