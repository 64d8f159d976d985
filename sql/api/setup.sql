-- The first administrator. Whoever installs gets a one-time code and gives it in with the
-- account; or names the account in the environment of quickstart.

create or replace function tocsin.setup_done()
returns boolean
language sql stable security definer set search_path = '' as $$
    select exists (select from tocsin.account where role = 'admin')
$$;

-- SHA-256 of the code; a later one replaces an earlier one.
create or replace function tocsin.setup_code_set(hash bytea)
returns void
language sql volatile set search_path = '' as $$
    insert into tocsin.setting values ('setup_code', to_jsonb(encode(hash, 'hex')))
    on conflict (key) do update set value = excluded.value
$$;

-- Where sign-up is open somebody may have had the administrator's address before: nothing
-- that he holds may open the account any more. The sessions that ended.
create or replace function tocsin.account_shut(mail text)
returns uuid[]
language plpgsql volatile set search_path = '' as $$
declare
    ended uuid[];
begin
    delete from tocsin.api_token t using tocsin.account a where a.id = t.account and a.email = mail;
    delete from tocsin.external_name e using tocsin.account a where a.id = e.account and a.email = mail;
    with gone as (
        update tocsin.session s set revoked_at = now() from tocsin.account a
         where a.id = s.account and a.email = mail and s.revoked_at is null returning s.id
    )
    select coalesce(array_agg(gone.id), '{}') into ended from gone;
    return ended;
end $$;

-- The first administrator, once: the id, or null when there is one already. Two at once
-- wait for each other.
drop function if exists tocsin.admin_create(text, text);
create or replace function tocsin.admin_create(mail text, password_crypt text, called text default '')
returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
    found bigint;
begin
    perform pg_advisory_xact_lock(hashtext('tocsin.admin_create'));
    if tocsin.setup_done() then
        return null;
    end if;
    perform tocsin.account_shut(lower(mail));
    insert into tocsin.account as a (email, name, password, role)
    values (lower(mail), called, password_crypt, 'admin')
    on conflict (email) do update
       set role = 'admin', password = excluded.password, disabled_at = null
    returning a.id into found;
    delete from tocsin.setting where key = 'setup_code';
    return found;
end $$;

-- GET /setup: 410 once somebody administers.
create or replace function api.setup_get(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    if tocsin.setup_done() then
        perform tocsin.fail(410, 'Tocsin is set up already');
    end if;
    return json_build_object('needed', true);
end $$;

-- Is this the code? Asked before the password is hashed, which costs.
create or replace function api.setup_check(hash text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
    if tocsin.setup_done() then
        perform tocsin.fail(410, 'Tocsin is set up already');
    end if;
    if not exists (select from tocsin.setting
                    where key = 'setup_code' and value = to_jsonb(hash)) then
        perform tocsin.fail(403, 'the set-up code is not the one that was printed', 'code',
                            'is not the one that was printed');
    end if;
    return true;
end $$;

-- What quickstart was told to watch before there was anybody to watch it for. An address
-- that cannot be watched must not keep the administrator out: it is dropped.
create or replace function tocsin.setup_watch(account bigint)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    url text;
begin
    for url in select jsonb_array_elements_text(value) from tocsin.setting where key = 'quickstart_urls' loop
        begin
            perform api.monitor_create(account, null, jsonb_build_object('url', url, 'interval', 10,
                'name', left(rtrim(regexp_replace(url, '^[^:]*://', ''), '/'), 120)));
        exception when others then
            raise warning 'cannot watch %: %', url, sqlerrm;
        end;
    end loop;
    delete from tocsin.setting where key = 'quickstart_urls';
end $$;

-- POST /setup: input.hash of the code, input.password as a crypt string.
create or replace function api.setup_finish(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    account bigint;
    ended uuid[];
begin
    perform pg_advisory_xact_lock(hashtext('tocsin.admin_create'));
    perform api.setup_check(input ->> 'hash');
    ended := tocsin.account_shut(lower(input ->> 'email'));
    account := tocsin.admin_create(input ->> 'email', input ->> 'password',
                                   coalesce(input ->> 'name', ''));
    insert into tocsin.setting values ('instance', coalesce(input -> 'instance', '"Tocsin"'))
    on conflict (key) do update set value = excluded.value;
    perform tocsin.audit(account, input, 'setup', 'account', account::text);
    perform tocsin.setup_watch(account);
    return json_build_object('id', account, 'sessions', ended);
end $$;
