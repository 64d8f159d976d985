-- Grants: what somebody who is neither owner nor operator may on a host with its apps, or on
-- one app. viewer sees state, metrics and logs; developer also changes env files, restarts
-- and deploys.

create or replace function tocsin.grant_json(g tocsin.fleet_grant) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object('id', g.id, 'account', g.account, 'email', a.email, 'name', a.name, 'role', g.role,
                             'granted_by', g.granted_by, 'created_at', tocsin.ts(g.created_at), 'on', m.type, 'monitor', g.monitor)
      from tocsin.account a, tocsin.monitor m where a.id = g.account and m.id = g.monitor
$$;

-- Of an app: its own, and those of its host (`on`: host).
create or replace function tocsin.grant_list(caller bigint, id bigint, type text) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, type, 3);
begin
    return case when m.id is not null then json_build_object('items', coalesce((
        select json_agg(tocsin.grant_json(g) order by g.monitor <> m.id, g.id) from tocsin.fleet_grant g
         where g.monitor = m.id or g.monitor = (select a.host from tocsin.app a where a.monitor = m.id)), '[]'), 'next', null) end;
end $$;

-- input: account or email, role. Granting again changes the role.
create or replace function tocsin.grant_give(caller bigint, id bigint, input jsonb, type text) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, type, 3);
    a   tocsin.account;
    old text;
    g   tocsin.fleet_grant;
begin
    if m.id is null then
        return null;
    end if;
    if coalesce(input->>'role', '') not in ('viewer', 'developer') then
        perform tocsin.fail(422, 'There is no such right.', 'role', 'must be viewer or developer');
    end if;
    select * into a from tocsin.account x
     where case when input ? 'email' then x.email = lower(btrim(input->>'email')) else x.id = (input->>'account')::bigint end;
    if a.id is null then
        perform tocsin.fail(422, 'There is no such account.', case when input ? 'email' then 'email' else 'account' end, 'does not exist');
    elsif a.role in ('operator', 'admin') then
        perform tocsin.fail(409, a.email || ' is ' || a.role || ' and may do everything already.');
    elsif a.role = 'viewer' and input->>'role' = 'developer' then
        perform tocsin.fail(409, a.email || ' is a viewer here and may change nothing.');
    end if;
    select x.role into old from tocsin.fleet_grant x where x.monitor = m.id and x.account = a.id;
    insert into tocsin.fleet_grant as x (monitor, account, role, granted_by)
    values (m.id, a.id, input->>'role', who.email)
    on conflict (monitor, account) do update set role = excluded.role, granted_by = excluded.granted_by
    returning * into g;
    perform tocsin.audit(who.id, input, type || '.grant', type, m.id::text,
        case when old is not null then jsonb_build_object('account', a.email, 'role', old) end,
        jsonb_build_object('account', a.email, 'role', g.role));
    perform tocsin.fleet_emit(type, m.id, m.id, '{"change": "granted"}');
    return tocsin.grant_json(g);
end $$;

create or replace function tocsin.grant_take(caller bigint, id bigint, input jsonb, type text) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, type, 3);
    g   tocsin.fleet_grant;
begin
    perform tocsin.fleet_emit(type, m.id, m.id, '{"change": "granted"}') where m.id is not null;
    delete from tocsin.fleet_grant x where x.monitor = m.id and x.id = (input->>'sub')::bigint returning * into g;
    if g.id is null then
        return null;
    end if;
    perform tocsin.audit(who.id, input, type || '.revoke', type, m.id::text,
        jsonb_build_object('account', (select a.email from tocsin.account a where a.id = g.account), 'role', g.role), null);
    return json_build_object('id', g.id);
end $$;

create or replace function api.host_grants(caller bigint, id bigint, input jsonb) returns json
language sql stable security definer set search_path = '' as $$ select tocsin.grant_list(caller, id, 'host') $$;
create or replace function api.app_grants(caller bigint, id bigint, input jsonb) returns json
language sql stable security definer set search_path = '' as $$ select tocsin.grant_list(caller, id, 'app') $$;
create or replace function api.host_grant_create(caller bigint, id bigint, input jsonb) returns json
language sql volatile security definer set search_path = '' as $$ select tocsin.grant_give(caller, id, input, 'host') $$;
create or replace function api.app_grant_create(caller bigint, id bigint, input jsonb) returns json
language sql volatile security definer set search_path = '' as $$ select tocsin.grant_give(caller, id, input, 'app') $$;
create or replace function api.host_grant_delete(caller bigint, id bigint, input jsonb) returns json
language sql volatile security definer set search_path = '' as $$ select tocsin.grant_take(caller, id, input, 'host') $$;
create or replace function api.app_grant_delete(caller bigint, id bigint, input jsonb) returns json
language sql volatile security definer set search_path = '' as $$ select tocsin.grant_take(caller, id, input, 'app') $$;
