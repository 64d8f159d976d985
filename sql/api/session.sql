-- Sessions: opened with a password, kept up with refresh tokens of which each is good for
-- once, ended by sign-out, by a change of the password or by an administrator.
-- Hashes come in hexadecimal, SHA-256 of what the client holds.

-- What is needed to check a password. No row: nobody may sign in with it.
create or replace function api.password_find(mail text)
returns table (account bigint, email text, name text, role text, password text)
language sql stable security definer set search_path = '' as $$
    select a.id, a.email, a.name, a.role, a.password from tocsin.account a
     where a.email = lower(mail) and a.disabled_at is null and a.password is not null
$$;

-- The same for somebody who is signed in and must prove it again.
create or replace function api.password_of(account bigint)
returns table (email text, password text)
language sql stable security definer set search_path = '' as $$
    select a.email, a.password from tocsin.account a
     where a.id = account and a.disabled_at is null
$$;

create or replace function api.session_open(whose bigint, address text, agent text,
                                            remember boolean, hash text, days int, request text)
returns table (session uuid, email text, name text, role text)
language plpgsql volatile security definer set search_path = '' as $$
declare
    a tocsin.account := tocsin.caller(whose);
    s uuid;
begin
    insert into tocsin.session (account, remember, address, agent, expires_at)
    values (a.id, session_open.remember, tocsin.address(session_open.address),
            left(session_open.agent, 200), now() + make_interval(days => days))
    returning id into s;
    insert into tocsin.refresh_token (hash, session, expires_at)
    values (decode(session_open.hash, 'hex'), s, now() + make_interval(days => days));
    update tocsin.account x set seen_at = now() where x.id = a.id;
    perform tocsin.audit(a.id, jsonb_build_object('@', jsonb_build_object(
        'address', session_open.address, 'request', request)), 'session.open', 'session', s::text);
    return query select s, a.email, a.name, a.role;
end $$;

-- Spend a refresh token for the next one. outcome: ok; unknown (also expired, ended);
-- reused: it was spent before, so somebody has a copy, and the whole session is over. Not so
-- when it was spent for this very next one: then the call was repeated, its answer was lost.
-- Never an exception: what is revoked must stay so.
create or replace function api.session_refresh(spent text, next text, days int, address text,
    out outcome text, out session uuid, out account bigint, out email text, out name text,
    out role text, out remember boolean)
language plpgsql volatile security definer set search_path = '' as $$
declare
    again boolean;
begin
    outcome := 'unknown';
    update tocsin.refresh_token t set used_at = now()
     where t.hash = decode(spent, 'hex') and t.used_at is null and t.expires_at > now()
    returning t.session into session;
    if session is null then
        select t.session, t.used_at is not null into session, again
          from tocsin.refresh_token t where t.hash = decode(spent, 'hex');
        select 'ok', a.id, a.email, a.name, a.role, s.remember into outcome, account, email, name, role, remember
          from tocsin.refresh_token n
          join tocsin.session s on s.id = n.session and s.revoked_at is null
          join tocsin.account a on a.id = s.account and a.disabled_at is null
         where n.hash = decode(next, 'hex') and n.used_at is null and s.id = session_refresh.session and again;
        if account is not null then
            return;
        end if;
        outcome := 'unknown';
        if again then
            outcome := 'reused';
            update tocsin.session s set revoked_at = now()
             where s.id = session_refresh.session and s.revoked_at is null;
        end if;
        return;
    end if;
    update tocsin.session s
       set used_at = now(), expires_at = now() + make_interval(days => days),
           address = tocsin.address(session_refresh.address)
      from tocsin.account a
     where s.id = session_refresh.session and s.revoked_at is null
       and a.id = s.account and a.disabled_at is null
    returning a.id, a.email, a.name, a.role, s.remember into account, email, name, role, remember;
    if account is null then
        return;
    end if;
    insert into tocsin.refresh_token (hash, session, expires_at)
    values (decode(next, 'hex'), session, now() + make_interval(days => days));
    update tocsin.account a set seen_at = now() where a.id = account;
    outcome := 'ok';
end $$;

-- End the session of a refresh token and of an access token: what was ended.
create or replace function api.session_close(spent text, which uuid)
returns table (session uuid)
language sql volatile security definer set search_path = '' as $$
    update tocsin.session s set revoked_at = now()
     where s.revoked_at is null
       and (s.id = which or s.id = (select t.session from tocsin.refresh_token t
                                     where t.hash = decode(spent, 'hex')))
    returning s.id
$$;

-- GET /me/sessions; input.session is the one that asks.
create or replace function api.session_list(caller bigint, id bigint, input jsonb)
returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object('items', coalesce(json_agg(json_build_object(
               'id', s.id, 'address', host(s.address), 'agent', s.agent, 'remember', s.remember,
               'created_at', tocsin.ts(s.created_at), 'used_at', tocsin.ts(s.used_at),
               'expires_at', tocsin.ts(s.expires_at),
               'current', s.id::text = coalesce(input ->> 'session', '')) order by s.used_at desc),
               '[]'), 'next', null)
      from tocsin.caller(caller) a
      join tocsin.session s on s.account = a.id and s.revoked_at is null and s.expires_at > now()
$$;

-- End one session (input.key), or all but the one that asks: the ids of those that ended.
create or replace function api.session_revoke(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    a tocsin.account := tocsin.caller(caller);
    ended uuid[];
begin
    with gone as (
        update tocsin.session s set revoked_at = now()
         where s.account = a.id and s.revoked_at is null
           and case when input ? 'key' then s.id::text = lower(input ->> 'key')
                    else s.id::text is distinct from input #>> '{@,session}' end
        returning s.id
    )
    select array_agg(gone.id) into ended from gone;
    if ended is null and input ? 'key' then
        return null;
    end if;
    perform tocsin.audit(a.id, input, 'session.revoke', 'session', input ->> 'key');
    return json_build_object('sessions', coalesce(ended, '{}'));
end $$;

-- A new password (a crypt string in input.password): the other sessions end.
create or replace function api.password_set(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    a tocsin.account := tocsin.caller(caller);
    ended uuid[];
begin
    update tocsin.account x set password = input ->> 'password' where x.id = a.id;
    with gone as (
        update tocsin.session s set revoked_at = now()
         where s.account = a.id and s.revoked_at is null
           and s.id::text is distinct from input #>> '{@,session}'
        returning s.id
    )
    select array_agg(gone.id) into ended from gone;
    perform tocsin.audit(a.id, input, 'account.password', 'account', a.id::text);
    return json_build_object('sessions', coalesce(ended, '{}'));
end $$;
