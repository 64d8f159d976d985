-- Apps: list, read, change; those that left their host's list may be deleted. And what they
-- have been through: events, series, uptime, audit.

create or replace function tocsin.app_matches(m tocsin.monitor, a tocsin.app, status smallint, input jsonb)
returns boolean
language sql stable as $$
    select (input->>'host' is null or a.host = (input->>'host')::bigint)
       and (input->>'status' is null or tocsin.status_word(status) = any (string_to_array(input->>'status', ',')))
       and (input->>'q' is null
            or position(lower(input->>'q') in lower(m.name || e'\n' || a.key || e'\n' || a.unit)) > 0)
$$;

-- All in columns, like hosts: cpu is a fraction of a core, memory bytes.
create or replace function tocsin.app_columns(who tocsin.account, input jsonb) returns json
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
    v record;
    columns json;
begin
    select * into v from tocsin.fleet_scope(who, 'app', input);
    with shown as (
        select m.id, m.name as called, m.owner, a.host, a.key, a.title, a.kind, a.unit, a.state, a.restarts, a.auto_restart,
               a.wanted, a.gone_at is not null as left_list, a.facts->>'commit' as commit, h.name as host_name,
               tocsin.j_num(l.facts->'cpu') as cpu, tocsin.j_num(l.facts->'memory') as memory,
               tocsin.j_bool(l.facts #> '{health,ok}') as healthy, f.up24, f.up30, f.bars24,
               tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s) as status,
               date_part('epoch', now() - coalesce(s.since, m.created_at))::integer as since,
               date_part('epoch', now() - l.at)::integer as seen,
               case when s.reason <> 0 then (select r.name from tocsin.reason r where r.code = s.reason) end as reason,
               (select x.kind from tocsin.app_action x where x.app = m.id and x.state in ('asked', 'running') and x.kind <> 'cancel') as doing
          from tocsin.monitor m
          join tocsin.app a on a.monitor = m.id
          join tocsin.monitor h on h.id = a.host
          left join tocsin.monitor_state s on s.monitor = m.id
          left join tocsin.fleet_latest l on l.monitor = m.id
          left join tocsin.monitor_figures f on f.monitor = m.id
         where m.type = 'app' and m.deleted_at is null and (m.owner between v.low and v.high or m.id = any (v.granted))
           and (v.rev is null or m.changed >= v.rev or s.changed >= v.rev or a.changed >= v.rev or l.changed >= v.rev
                or exists (select from tocsin.app_action x where x.app = m.id and x.changed >= v.rev))
           and tocsin.app_matches(m, a, tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s), input)
    )
    select json_build_object(
               'rev', pg_snapshot_xmin(pg_current_snapshot())::text, 'now', tocsin.ts(now()),
               'id', coalesce(array_agg(t.id order by t.id), '{}'), 'name', coalesce(array_agg(t.title order by t.id), '{}'),
               'key', coalesce(array_agg(t.key order by t.id), '{}'), 'host', coalesce(array_agg(t.host order by t.id), '{}'),
               'host_name', coalesce(array_agg(t.host_name order by t.id), '{}'), 'type', coalesce(array_agg(t.kind order by t.id), '{}'),
               'unit', coalesce(array_agg(t.unit order by t.id), '{}'), 'state', coalesce(array_agg(t.state order by t.id), '{}'),
               'status', coalesce(array_agg(t.status order by t.id), '{}'), 'since', coalesce(array_agg(t.since order by t.id), '{}'),
               'reason', coalesce(array_agg(t.reason order by t.id), '{}'), 'seen', coalesce(array_agg(t.seen order by t.id), '{}'),
               'healthy', coalesce(array_agg(t.healthy order by t.id), '{}'), 'cpu', coalesce(array_agg(t.cpu order by t.id), '{}'),
               'memory', coalesce(array_agg(t.memory order by t.id), '{}'), 'restarts', coalesce(array_agg(t.restarts order by t.id), '{}'),
               'commit', coalesce(array_agg(t.commit order by t.id), '{}'),
               'auto_restart', coalesce(array_agg(t.auto_restart order by t.id), '{}'), 'wanted', coalesce(array_agg(t.wanted order by t.id), '{}'),
               'doing', coalesce(array_agg(t.doing order by t.id), '{}'), 'left', coalesce(array_agg(t.left_list order by t.id), '{}'),
               'up24', coalesce(array_agg(t.up24 order by t.id), '{}'), 'up30', coalesce(array_agg(t.up30 order by t.id), '{}'),
               'bars24', coalesce(array_agg(t.bars24 order by t.id), '{}'), 'owner', coalesce(array_agg(t.owner order by t.id), '{}'),
               'gone', v.gone)
      into columns from shown t;
    return columns;
end $$;

create or replace function api.app_list(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'viewer');
    most constant integer := coalesce((input->>'limit')::integer, 50);
    v    record;
    page tocsin.monitor[];
begin
    if input->>'view' = 'list' then
        return tocsin.app_columns(who, input);
    end if;
    select * into v from tocsin.fleet_scope(who, 'app', input - 'since');
    page := array(
        select m from tocsin.monitor m
          join tocsin.app a on a.monitor = m.id
          left join tocsin.monitor_state s on s.monitor = m.id
          left join tocsin.fleet_latest l on l.monitor = m.id
         where m.type = 'app' and m.deleted_at is null and (m.owner between v.low and v.high or m.id = any (v.granted))
           and (input->>'after' is null or m.id > (input->>'after')::bigint)
           and tocsin.app_matches(m, a, tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s), input)
         order by m.id limit most + 1);
    return json_build_object(
        'items', coalesce((select json_agg(tocsin.app_json(page[n], who) order by n)
                             from generate_series(1, least(most, cardinality(page))) n), '[]'),
        'next', case when cardinality(page) > most then (page[most]).id::text end);
end $$;

create or replace function api.app_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'app');
begin
    return case when m.id is not null then tocsin.app_json(m, who) end;
end $$;

-- name: '' is the agent's again.
create or replace function api.app_patch(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'viewer');
    m      tocsin.monitor := tocsin.fleet_of(who, id, 'app', 2);
    called constant text := btrim(coalesce(input->>'name', ''));
    old    jsonb;
    errors jsonb;
begin
    if m.id is null then
        return null;
    end if;
    errors := nullif(jsonb_strip_nulls(jsonb_build_object(
        'name', case when length(called) > 100 then 'must have at most 100 characters'
                     when called ~ '[\x01-\x1f\x7f]' then 'must not have control characters' end,
        'retries', case when input ? 'retries' and ((input->>'retries')::integer between 0 and 10) is not true
                        then 'must be between 0 and 10' end)), '{}');
    if errors is not null then
        raise exception using errcode = 'PT422', message = 'The settings of the app break a rule.',
            detail = jsonb_build_object('errors', errors)::text;
    end if;
    perform from tocsin.monitor_state s where s.monitor = m.id for update;
    select * into m from tocsin.monitor x where x.id = m.id for update;
    if input->>'if_match' <> m.version::text then
        perform tocsin.fail(412, 'The app was changed meanwhile: it has version ' || m.version || '.');
    end if;
    old := tocsin.app_audit(m);
    update tocsin.app a
       set auto_restart = coalesce((input->>'auto_restart')::boolean, a.auto_restart),
           gave_up = case when input ? 'auto_restart' then null else a.gave_up end,
           named = case when input ? 'name' then called <> '' else a.named end,
           title = case when called <> '' then called when input ? 'name' then a.key else a.title end
     where a.monitor = m.id;
    update tocsin.monitor x
       set retries = coalesce((input->>'retries')::smallint, x.retries), version = x.version + 1,
           name = left(a.title || ' on ' || h.name, 120)
      from tocsin.app a join tocsin.monitor h on h.id = a.host
     where x.id = m.id and a.monitor = m.id
    returning x.* into m;
    if input ? 'channels' then
        perform tocsin.monitor_channels(m.id, m.owner, input->'channels');
    end if;
    perform tocsin.audit(who.id, input, 'app.update', 'app', m.id::text, old, tocsin.app_audit(m));
    perform tocsin.fleet_emit('app', m.id, m.id, '{"change": "updated"}');
    return tocsin.app_json(m, who);
end $$;

-- With all that is known of it; should it come back to the list, it is a new one.
create or replace function api.app_delete(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'app', 3);
begin
    if m.id is null then
        return null;
    end if;
    perform from tocsin.monitor_state s where s.monitor = m.id for update;
    if exists (select from tocsin.app a where a.monitor = m.id and a.gone_at is null) then
        perform tocsin.fail(409, m.name || ' is on the list of its host: take it off agent.conf first.');
    end if;
    perform tocsin.audit(who.id, input, 'app.delete', 'app', m.id::text, tocsin.app_audit(m), null);
    perform tocsin.fleet_emit('app', m.id, m.id, '{"change": "deleted"}');
    delete from tocsin.monitor x where x.id = m.id;
    return json_build_object('id', m.id);
end $$;

-- ---------------------------------------------------------------- history

create or replace function api.app_events(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'app');
begin
    return case when m.id is not null then tocsin.fleet_events(null, m.id, input) end;
end $$;

create or replace function api.app_series(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'app');
begin
    return case when m.id is not null then tocsin.series_json(m, input) end;
end $$;

-- The seconds of the days asked for (30), of an outage that began before them too; each day;
-- and the outages themselves.
create or replace function api.app_uptime(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m     tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'app');
    days  constant integer := coalesce((input->>'days')::integer, 30);
    upto  constant timestamptz := now();
    since timestamptz;
begin
    if m.id is null then
        return null;
    end if;
    if days not between 1 and 366 then
        perform tocsin.fail(422, 'That many days cannot be told.', 'days', 'must be between 1 and 366');
    end if;
    since := upto - make_interval(hours => 24 * days);
    return tocsin.json_join(
        json_build_object('days', days, 'from', tocsin.ts(since), 'to', tocsin.ts(upto),
            'status', (select tocsin.status_word(s.status) from tocsin.monitor_state s where s.monitor = m.id),
            'since', (select tocsin.ts(s.since) from tocsin.monitor_state s where s.monitor = m.id),
            'since_s', (select floor(extract(epoch from upto - s.since))::bigint from tocsin.monitor_state s where s.monitor = m.id),
            'bars', tocsin.bars_days(m.id, days)),
        tocsin.json_join(tocsin.uptime_json(m.id, since, upto), json_build_object(
            'outages', coalesce((
                select json_agg(json_build_object('id', i.id, 'title', i.title, 'cause', i.cause, 'started_at', tocsin.ts(i.started_at),
                           'resolved_at', tocsin.ts(i.resolved_at),
                           'duration_s', floor(extract(epoch from coalesce(i.resolved_at, upto) - i.started_at))::bigint,
                           'in_window_s', floor(extract(epoch from coalesce(i.resolved_at, upto) - greatest(i.started_at, since)))::bigint)
                           order by i.started_at desc, i.id desc)
                  from (select * from tocsin.incident x
                         where x.monitor = m.id and x.started_at < upto and coalesce(x.resolved_at, 'infinity') > since
                         order by x.started_at desc, x.id desc limit 200) i), '[]'))));
end $$;

-- Who did what with it, newest first.
create or replace function api.app_audit(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m    tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'app');
    most constant integer := coalesce((input->>'limit')::integer, 50);
begin
    if m.id is null then
        return null;
    end if;
    return (select json_build_object(
                'items', coalesce(json_agg(json_build_object('id', x.id, 'at', tocsin.ts(x.at), 'actor', x.actor_name,
                             'address', host(x.address), 'request', x.request, 'action', x.action, 'before', x.before, 'after', x.after)
                             order by x.id desc) filter (where x.n <= most), '[]'),
                'next', case when count(*) > most then (min(x.id) filter (where x.n <= most))::text end)
              from (select y.*, row_number() over (order by y.id desc) as n
                      from tocsin.audit y
                     where y.object_type = 'app' and y.object_id = m.id::text
                       and (input->>'after' is null or y.id < (input->>'after')::bigint)
                     order by y.id desc limit most + 1) x);
end $$;
