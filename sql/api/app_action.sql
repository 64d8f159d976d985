-- Start, stop, restart, deploy: asked for here, done by the fleet role (work/fleet_action.sql).

create or replace function tocsin.app_act(caller bigint, id bigint, input jsonb, kind text) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'app', 2);
begin
    return case when m.id is not null then tocsin.action_json(tocsin.action_ask(m, who, input, kind, '{}')) end;
end $$;

create or replace function api.app_start(caller bigint, id bigint, input jsonb) returns json
language sql volatile security definer set search_path = '' as $$
    select tocsin.app_act(caller, id, input, 'start')
$$;

create or replace function api.app_stop(caller bigint, id bigint, input jsonb) returns json
language sql volatile security definer set search_path = '' as $$
    select tocsin.app_act(caller, id, input, 'stop')
$$;

create or replace function api.app_restart(caller bigint, id bigint, input jsonb) returns json
language sql volatile security definer set search_path = '' as $$
    select tocsin.app_act(caller, id, input, 'restart')
$$;

-- Newest first; deploys and other actions have their own lists.
create or replace function tocsin.actions_page(app bigint, input jsonb, deploys boolean) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'items', coalesce(json_agg(case when deploys then tocsin.deploy_json(x.a) else tocsin.action_json(x.a) end
                                   order by (x.a).id desc) filter (where x.n <= y.most), '[]'),
        'next', case when count(*) > max(y.most) then (min((x.a).id) filter (where x.n <= y.most))::text end)
      from (select coalesce((input->>'limit')::integer, 50) as most) y
      left join lateral (select a, row_number() over (order by a.id desc) as n from tocsin.app_action a
             where a.app = actions_page.app and (a.kind = 'deploy' or not deploys)
               and (input->>'after' is null or a.id < (input->>'after')::bigint)
             order by a.id desc limit y.most + 1) x on true
$$;

create or replace function api.app_actions(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'app');
begin
    return case when m.id is not null then tocsin.actions_page(m.id, input, false) end;
end $$;

create or replace function api.app_action_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'app');
begin
    return (select tocsin.action_json(a) from tocsin.app_action a
             where a.app = m.id and a.id = (input->>'sub')::bigint);
end $$;

-- ---------------------------------------------------------------- deploys

create or replace function api.deploy_list(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'app');
begin
    return case when m.id is not null then tocsin.actions_page(m.id, input, true) end;
end $$;

-- One deploy with its output; input.sub is its number.
create or replace function api.deploy_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.fleet_of(tocsin.caller(caller, 'viewer'), id, 'app');
begin
    return (select tocsin.deploy_json(a, true) from tocsin.app_action a
             where a.app = m.id and a.id = (input->>'sub')::bigint and a.kind = 'deploy');
end $$;

-- Which refs are allowed is the host's to say: root's file there has the pattern.
create or replace function tocsin.deploy_ask(m tocsin.monitor, who tocsin.account, input jsonb, ref text, args jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
begin
    if ref is null or ref !~ '^[A-Za-z0-9][A-Za-z0-9._/@+-]{0,199}$' or ref ~ '\.\.|//|@\{|\.lock$|/$' then
        perform tocsin.fail(422, 'That is no name of a commit, a branch or a tag.', 'ref',
                            case when ref is null then 'is required' else 'must be a branch, a tag or a commit' end);
    end if;
    if exists (select from tocsin.app a where a.monitor = m.id and a.facts->'deploy' is distinct from 'true') then
        perform tocsin.fail(409, m.name || ' cannot be deployed: agent.conf of its host does not say how.');
    end if;
    return tocsin.deploy_json(tocsin.action_ask(m, who, input, 'deploy', jsonb_build_object('ref', ref) || args));
end $$;

create or replace function api.deploy_create(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'app', 2);
begin
    return case when m.id is not null then tocsin.deploy_ask(m, who, input, input->>'ref', '{}') end;
end $$;

-- Back to what was there before a deploy: a deploy of its `from`.
create or replace function api.deploy_rollback(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'app', 2);
    a   tocsin.app_action;
begin
    select * into a from tocsin.app_action x
     where x.app = m.id and x.id = (input->>'sub')::bigint and x.kind = 'deploy';
    if a.id is null then
        return null;
    end if;
    if a.report->>'from' is null then
        perform tocsin.fail(409, 'It is not known what was there before this deploy.');
    end if;
    return tocsin.deploy_ask(m, who, input, a.report->>'from', jsonb_build_object('rollback_of', a.id));
end $$;

-- One that nobody asked the host for yet is cancelled at once; of one that runs the agent is
-- asked to. Asking twice is asking once.
create or replace function api.deploy_cancel(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'app', 2);
    a   tocsin.app_action;
begin
    perform from tocsin.monitor_state s where s.monitor = m.id for update;
    select * into a from tocsin.app_action x
     where x.app = m.id and x.id = (input->>'sub')::bigint and x.kind = 'deploy' for update;
    if a.id is null then
        return null;
    end if;
    if a.state = 'asked' and a.attempts = 0 then
        a := tocsin.action_end(a.id, 'cancelled', 'cancelled by ' || who.email);
    elsif a.state not in ('asked', 'running') then
        perform tocsin.fail(409, 'The deploy is over.');
    elsif not exists (select from tocsin.app_action c where c.app = a.app and c.kind = 'cancel' and c.state in ('asked', 'running')) then
        insert into tocsin.app_action (app, host, kind, args, actor, actor_name, address, reason)
        values (a.app, a.host, 'cancel', jsonb_build_object('deploy', a.uuid), who.id, who.email,
                tocsin.address(input #>> '{@,address}'), left(coalesce(input->>'reason', ''), 500));
        perform tocsin.action_emit(a.id);
        perform pg_notify('tocsin_work', 'fleet');
    end if;
    perform tocsin.audit(who.id, input, 'app.deploy.cancel', 'app', m.id::text, null, jsonb_build_object('name', m.name, 'action', a.id));
    return tocsin.deploy_json(a);
end $$;
