-- API tokens: for scripts and scrapers, with scopes, good until they expire or are deleted.

-- Whose a token is. The time of last use is kept to the minute.
create or replace function api.token_identity(secret_hash text)
returns table (account bigint, email text, name text, role text, scopes text, token bigint)
language plpgsql volatile security definer set search_path = '' as $$
declare
    t tocsin.api_token;
begin
    select * into t from tocsin.api_token x
     where x.hash = decode(secret_hash, 'hex') and (x.expires_at is null or x.expires_at > now());
    if t.id is null then
        return;
    end if;
    if t.used_at is null or t.used_at < now() - interval '1 minute' then
        update tocsin.api_token x set used_at = now() where x.id = t.id;
    end if;
    return query select a.id, a.email, a.name, a.role, array_to_string(t.scopes, ' '), t.id
                   from tocsin.account a where a.id = t.account and a.disabled_at is null;
end $$;

create or replace function tocsin.token_json(t tocsin.api_token)
returns json
language sql stable set search_path = '' as $$
    select json_build_object('id', t.id, 'name', t.name, 'scopes', t.scopes,
        'created_at', tocsin.ts(t.created_at), 'expires_at', tocsin.ts(t.expires_at),
        'used_at', tocsin.ts(t.used_at))
$$;

create or replace function api.token_list(caller bigint, id bigint, input jsonb)
returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object('items', coalesce(json_agg(tocsin.token_json(t) order by t.id), '[]'),
                             'next', null)
      from tocsin.caller(caller) a join tocsin.api_token t on t.account = a.id
$$;

-- input.hash is of the secret, which only the client gets to see.
create or replace function api.token_create(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    a tocsin.account := tocsin.caller(caller);
    t tocsin.api_token;
    s text[] := array(select distinct jsonb_array_elements_text(input -> 'scopes') order by 1);
begin
    if not s <@ array['read', 'write', 'admin', 'metrics'] then
        perform tocsin.fail(422, 'a value breaks a rule', 'scopes',
                            'must be of: read write admin metrics');
    end if;
    if 'admin' = any (s) and a.role <> 'admin' then
        perform tocsin.fail(422, 'a value breaks a rule', 'scopes', 'admin needs the role admin');
    end if;
    if (select count(*) >= 50 from tocsin.api_token x where x.account = a.id) then
        perform tocsin.fail(409, 'an account may have 50 tokens; delete one first');
    end if;
    if (input ->> 'expires_at')::timestamptz <= now() then
        perform tocsin.fail(422, 'a value breaks a rule', 'expires_at', 'must be in the future');
    end if;
    insert into tocsin.api_token (account, name, hash, scopes, expires_at)
    values (a.id, input ->> 'name', decode(input ->> 'hash', 'hex'), s,
            (input ->> 'expires_at')::timestamptz)
    returning * into t;
    perform tocsin.audit(a.id, input, 'token.create', 'token', t.id::text, null,
                         jsonb_build_object('name', t.name, 'scopes', t.scopes));
    return tocsin.token_json(t);
end $$;

create or replace function api.token_delete(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    a tocsin.account := tocsin.caller(caller);
    t tocsin.api_token;
begin
    delete from tocsin.api_token x where x.id = token_delete.id and x.account = a.id
    returning * into t;
    if t.id is null then
        return null;
    end if;
    perform tocsin.audit(a.id, input, 'token.delete', 'token', t.id::text,
                         jsonb_build_object('name', t.name, 'scopes', t.scopes));
    return json_build_object('id', t.id);
end $$;
