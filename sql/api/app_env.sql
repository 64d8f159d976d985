-- The door to an app: logs, env files and refs are read from the agent by way of the gateway.
-- Before, the modules ask here whether somebody may; afterwards they say what he did.

-- {"host": id, "app": "its id in the list", …}; nothing when there is no such app for the
-- caller. input.need: viewer or developer.
create or replace function api.app_door(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'app', case input->>'need' when 'developer' then 2 else 1 end);
begin
    return (select json_build_object('host', a.host, 'app', a.key, 'owner', m.owner, 'id', m.id, 'name', m.name,
                                     'gone', a.gone_at is not null, 'developer', tocsin.fleet_right(who, m) >= 2)
              from tocsin.app a where a.monitor = m.id);
end $$;

-- The same for what is the host's own.
create or replace function api.host_door(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m   tocsin.monitor := tocsin.fleet_of(who, id, 'host', case input->>'need' when 'operator' then 3 when 'developer' then 2 else 1 end);
begin
    return case when m.id is not null then json_build_object('host', m.id, 'owner', m.owner, 'name', m.name) end;
end $$;

-- What was done. input: verb (env, env.restore, env.reveal, logs.download, …), before and
-- after (secrets masked by who sends them: no value of a secret ever comes here), text for the
-- history; whatever else it has (file, keys) goes with `after`. A change of an env file stands in the history of the app.
create or replace function api.app_did(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'viewer');
    m    tocsin.monitor := tocsin.fleet_of(who, id, 'app');
    verb constant text := coalesce(input->>'verb', '');
begin
    if m.id is null then
        return null;
    end if;
    if verb !~ '^[a-z]+(\.[a-z]+)?$' then
        perform tocsin.fail(422, 'That is no verb.', 'verb', 'must be a word such as env.restore');
    end if;
    perform tocsin.audit(who.id, input, 'app.' || verb, 'app', m.id::text, input->'before',
                         nullif(coalesce(input->'after', '{}') || (input - '{@,verb,text,before,after,need}'::text[]), '{}'));
    if verb in ('env', 'env.restore') then
        perform tocsin.fleet_note((select a.host from tocsin.app a where a.monitor = m.id), m.id, 'env',
                                  coalesce(nullif(input->>'text', ''), 'an env file was changed'), who.email);
        perform tocsin.fleet_emit('app', m.id, m.id, '{"change": "env"}');
    end if;
    return json_build_object('id', m.id);
end $$;
