-- Accounts as their owners see them: what a page starts with, sign-up, one's own settings,
-- and who somebody is whom another Apache authentication has let in.

-- In plpgsql, which keeps its plan: a function in sql is planned at each call.
create or replace function tocsin.account_json(a tocsin.account)
returns json
language plpgsql stable set search_path = '' as $$
begin
    return json_build_object('id', a.id, 'email', a.email, 'name', a.name, 'role', a.role,
        'prefs', a.prefs, 'created_at', tocsin.ts(a.created_at), 'seen_at', tocsin.ts(a.seen_at),
        'password', a.password is not null);
end $$;

-- The role as it is now, for a token that says less than is needed.
create or replace function api.account_role(account bigint)
returns table (role text)
language sql stable security definer set search_path = '' as $$
    select a.role from tocsin.account a where a.id = account and a.disabled_at is null
$$;

-- How many monitors somebody sees in which status, and open incidents.
create or replace function tocsin.account_counts(a tocsin.account)
returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'monitors', count(*),
        'up', count(*) filter (where s.status = 1),
        'degraded', count(*) filter (where s.status = 2),
        'down', count(*) filter (where s.status = 3),
        'maintenance', count(*) filter (where s.status = 4),
        'unknown', count(*) filter (where coalesce(s.status, 0) = 0),
        'paused', count(*) filter (where s.status = 5),
        'incidents', (select count(*) from tocsin.incident i
                       where i.resolved_at is null
                         and (i.owner = a.id or tocsin.role_rank(a.role) >= 3)))
      from tocsin.monitor m left join tocsin.monitor_state s on s.monitor = m.id
     where m.deleted_at is null and m.type = 'http' and (m.owner = a.id or tocsin.role_rank(a.role) >= 3)
$$;

-- GET /bootstrap: also for nobody, and for an account that was disabled meanwhile.
create or replace function api.bootstrap(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    a tocsin.account;
begin
    select * into a from tocsin.account x where x.id = caller and x.disabled_at is null;
    return json_build_object(
        'user', case when a.id is not null then json_build_object(
                    'id', a.id, 'email', a.email, 'name', a.name, 'role', a.role) end,
        'role', a.role,
        'prefs', coalesce(a.prefs, '{}'),
        'instance', coalesce((select s.value from tocsin.setting s where s.key = 'instance'),
                             '"Tocsin"'),
        'server_time', tocsin.ts(clock_timestamp()),
        'features', json_build_object('signup', input ->> 'signup',
                                      'setup_needed', not tocsin.setup_done()),
        'counts', case when a.id is not null then tocsin.account_counts(a) else '{}' end);
end $$;

-- POST /signup: input.password is a crypt string, input.invite_hash of an invitation.
create or replace function api.signup(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    mail text := lower(input ->> 'email');
    i tocsin.invite;
    account bigint;
begin
    if input ? 'invite_hash' then
        update tocsin.invite x set used_at = now()
         where x.hash = decode(input ->> 'invite_hash', 'hex') and x.used_at is null
           and x.expires_at > now() and coalesce(x.email, mail) = mail
        returning * into i;
        if i.id is null then
            perform tocsin.fail(403, 'this invitation is used up, too old or for somebody else',
                                'invite', 'does not hold');
        end if;
    end if;
    insert into tocsin.account as a (email, name, password, role)
    values (mail, coalesce(input ->> 'name', ''), input ->> 'password', coalesce(i.role, 'member'))
    on conflict do nothing returning a.id into account;
    if account is null then
        perform tocsin.fail(409, 'this e-mail address has an account already', 'email',
                            'has an account already');
    end if;
    perform tocsin.audit(account, input, 'account.signup', 'account', account::text, null,
                         jsonb_build_object('role', coalesce(i.role, 'member'), 'invite', i.id));
    return json_build_object('id', account);
end $$;

create or replace function api.me_get(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    return tocsin.account_json(tocsin.caller(caller));
end $$;

-- PATCH /me {name, prefs}: prefs are merged; null removes one.
create or replace function api.me_update(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    a tocsin.account := tocsin.caller(caller);
begin
    update tocsin.account x
       set name = coalesce(input ->> 'name', x.name),
           prefs = jsonb_strip_nulls(x.prefs || coalesce(input -> 'prefs', '{}'))
     where x.id = a.id returning * into a;
    if octet_length(a.prefs::text) > 8192 then
        perform tocsin.fail(422, 'a value breaks a rule', 'prefs', 'must have at most 8192 bytes');
    end if;
    return tocsin.account_json(a);
end $$;

-- Somebody whom another authentication of Apache let in. Known by (how, name); otherwise
-- taken up with the role `fresh` ('none': nobody is). An account without a password that is
-- nobody's yet may be taken over by its e-mail address: such a one was made for this. One with
-- a password may not, or a user of that realm who calls himself like an administrator would
-- be one; nor one that somebody has, for names that differ in case only are different users.
create or replace function api.external_identity(how text, called text, fresh text)
returns table (account bigint, email text, name text, role text)
language plpgsql volatile security definer set search_path = '' as $$
declare
    whose bigint;
    mail text := lower(called);
begin
    select e.account into whose from tocsin.external_name e
     where e.auth_type = how and e.name = called;
    if whose is null then
        if mail !~ '^[^@\s]+@[^@\s]+$' or length(mail) > 254 then
            mail := md5(called) || '@' || lower(regexp_replace(how, '[^A-Za-z0-9]', '', 'g')) || '.invalid';
        end if;
        select a.id into whose from tocsin.account a where a.email = mail and a.password is null
           and not exists (select from tocsin.external_name e where e.account = a.id);
        if whose is null and fresh <> 'none' then
            if exists (select from tocsin.account a where a.email = mail) then
                mail := md5(called) || '@' || lower(regexp_replace(how, '[^A-Za-z0-9]', '', 'g')) || '.invalid';
            end if;
            insert into tocsin.account as a (email, name, role)
            values (mail, left(called, 120), fresh)
            on conflict do nothing returning a.id into whose;
            if whose is null then -- the same user's other request was quicker
                select e.account into whose from tocsin.external_name e
                 where e.auth_type = how and e.name = called;
            end if;
        end if;
        if whose is null then
            return;
        end if;
        insert into tocsin.external_name (auth_type, name, account) values (how, called, whose)
        on conflict do nothing;
    end if;
    return query select a.id, a.email, a.name, a.role from tocsin.account a
                  where a.id = whose and a.disabled_at is null;
end $$;
