-- Accounts as administrators see them, and invitations.

create or replace function tocsin.user_json(a tocsin.account)
returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object('id', a.id, 'email', a.email, 'name', a.name, 'role', a.role,
        'disabled', a.disabled_at is not null, 'disabled_at', tocsin.ts(a.disabled_at),
        'password', a.password is not null,
        'external', (select json_agg(e.auth_type || ':' || e.name) from tocsin.external_name e
                      where e.account = a.id),
        'monitors', (select count(*) from tocsin.monitor m
                      where m.owner = a.id and m.deleted_at is null and m.type = 'http'),
        'created_at', tocsin.ts(a.created_at), 'seen_at', tocsin.ts(a.seen_at))
$$;

-- Refuses when `leaving` is the last administrator who can sign in. Locks the rows of all
-- of them in order: of two who leave at once the second sees the first gone.
create or replace function tocsin.admin_keep_one(leaving bigint)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    admins bigint[];
begin
    select array_agg(l.id) into admins from (
        select a.id from tocsin.account a where a.role = 'admin' and a.disabled_at is null
         order by a.id for update) l;
    if admins = array[leaving] then
        perform tocsin.fail(409, 'this is the last administrator; name another one first');
    end if;
end $$;

create or replace function api.admin_user_list(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    n int := coalesce((input ->> 'limit')::int, 50);
    items json;
    last bigint;
    found int;
begin
    perform tocsin.caller(caller, 'admin');
    with page as (
        select x from tocsin.account x
         where (not input ? 'after' or x.id > (input ->> 'after')::bigint)
           and (not input ? 'role' or x.role = input ->> 'role')
           and (not input ? 'disabled'
                or (x.disabled_at is not null) = (input ->> 'disabled')::boolean)
           and (not input ? 'q' or strpos(lower(x.email || ' ' || x.name), lower(input ->> 'q')) > 0)
         order by x.id limit n
    )
    select json_agg(tocsin.user_json(p.x) order by (p.x).id), max((p.x).id), count(*)
      into items, last, found from page p;
    return json_build_object('items', coalesce(items, '[]'),
                             'next', case when found = n then last::text end);
end $$;

create or replace function api.admin_user_get(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    perform tocsin.caller(caller, 'admin');
    return (select tocsin.user_json(a) from tocsin.account a where a.id = admin_user_get.id);
end $$;

-- PATCH /admin/users/{id} {role, disabled, name}. The answer's "sessions" are those that
-- ended with it; the module forgets their tokens.
create or replace function api.admin_user_update(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    old tocsin.account;
    a tocsin.account;
    off boolean;
    ended uuid[];
begin
    perform tocsin.caller(caller, 'admin');
    if input ->> 'role' <> 'admin' or (input ->> 'disabled')::boolean then
        perform tocsin.admin_keep_one(admin_user_update.id);
    end if;
    select * into old from tocsin.account x where x.id = admin_user_update.id for update;
    if old.id is null then
        return null;
    end if;
    off := coalesce((input ->> 'disabled')::boolean, old.disabled_at is not null);
    update tocsin.account x
       set role = coalesce(input ->> 'role', x.role),
           name = coalesce(input ->> 'name', x.name),
           disabled_at = case when off then coalesce(x.disabled_at, now()) end
     where x.id = old.id returning * into a;
    if off and old.disabled_at is null then
        with gone as (
            update tocsin.session s set revoked_at = now()
             where s.account = a.id and s.revoked_at is null returning s.id
        )
        select array_agg(gone.id) into ended from gone;
    end if;
    perform tocsin.audit(caller, input, 'account.update', 'account', a.id::text,
        jsonb_build_object('role', old.role, 'name', old.name, 'disabled', old.disabled_at is not null),
        jsonb_build_object('role', a.role, 'name', a.name, 'disabled', off));
    return tocsin.user_json(a)::jsonb || jsonb_build_object('sessions', coalesce(ended, '{}'));
end $$;

-- DELETE /admin/users/{id}: with everything that hangs on it. Checkers hold its monitors in
-- memory, where a deleted row cannot tell them: their buckets get a new epoch, which makes
-- every holder read the bucket anew.
create or replace function api.admin_user_delete(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    a tocsin.account;
    ended uuid[];
begin
    perform tocsin.caller(caller, 'admin');
    perform tocsin.admin_keep_one(admin_user_delete.id);
    select * into a from tocsin.account x where x.id = admin_user_delete.id for update;
    if a.id is null then
        return null;
    end if;
    update tocsin.bucket b set epoch = b.epoch + 1, owner = null, lease_until = '-infinity'
     where b.id in (select m.bucket from tocsin.monitor m where m.owner = a.id);
    select array_agg(s.id) into ended from tocsin.session s where s.account = a.id;
    delete from tocsin.account x where x.id = a.id;
    perform tocsin.audit(caller, input, 'account.delete', 'account', a.id::text,
        jsonb_build_object('email', a.email, 'role', a.role));
    perform pg_notify('tocsin_work', 'place');
    perform pg_notify('tocsin_work', 'fleet');
    return json_build_object('id', a.id, 'sessions', coalesce(ended, '{}'));
end $$;

create or replace function tocsin.invite_json(i tocsin.invite)
returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object('id', i.id, 'email', i.email, 'role', i.role,
        'created_by', (select a.email from tocsin.account a where a.id = i.created_by),
        'created_at', tocsin.ts(i.created_at), 'expires_at', tocsin.ts(i.expires_at),
        'used_at', tocsin.ts(i.used_at))
$$;

create or replace function api.invite_list(caller bigint, id bigint, input jsonb)
returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object('items', coalesce(json_agg(tocsin.invite_json(i) order by i.id desc), '[]'),
                             'next', null)
      from tocsin.caller(caller, 'admin') a
      join tocsin.invite i on a.id is not null and (i.used_at is null or i.used_at > now() - interval '30 days')
$$;

-- input.hash is of the token, which only the answer shows, and the message to input.email:
-- that one forgets it as soon as it is sent.
create or replace function api.invite_create(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    i tocsin.invite;
begin
    perform tocsin.caller(caller, 'admin');
    if exists (select from tocsin.account a where a.email = lower(input ->> 'email')) then
        perform tocsin.fail(409, 'this e-mail address has an account already', 'email',
                            'has an account already');
    end if;
    insert into tocsin.invite (email, role, hash, created_by, expires_at)
    values (lower(input ->> 'email'), coalesce(input ->> 'role', 'member'),
            decode(input ->> 'hash', 'hex'), caller,
            now() + make_interval(days => coalesce((input ->> 'days')::int, 7)))
    returning * into i;
    if i.email is not null then
        insert into tocsin.outbox (key, owner, event, body, target)
        select 'invite-' || i.id, a.id, 'invite',
               jsonb_build_object('event', 'invite', 'link', input ->> 'link', 'role', i.role,
                   'by', coalesce(nullif(a.name, ''), a.email), 'instance',
                   (select s.value from tocsin.setting s where s.key = 'instance')),
               jsonb_build_object('type', 'email', 'name', i.email, 'config',
                   jsonb_build_object('to', jsonb_build_array(i.email)))
          from tocsin.account a where a.id = caller;
        perform pg_notify('tocsin_work', 'outbox');
    end if;
    perform tocsin.audit(caller, input, 'invite.create', 'invite', i.id::text, null,
                         jsonb_build_object('email', i.email, 'role', i.role));
    return tocsin.invite_json(i);
end $$;

create or replace function api.invite_delete(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    i tocsin.invite;
begin
    perform tocsin.caller(caller, 'admin');
    delete from tocsin.invite x where x.id = invite_delete.id returning * into i;
    if i.id is null then
        return null;
    end if;
    perform tocsin.audit(caller, input, 'invite.delete', 'invite', i.id::text,
                         jsonb_build_object('email', i.email, 'role', i.role));
    return json_build_object('id', i.id);
end $$;
