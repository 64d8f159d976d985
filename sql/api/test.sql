-- "Test now" and "check now": what a page asks of the checkers.

-- Try settings that are not saved. `monitor` in the input names the one that is being
-- edited: headers that are given as null (a page never sees their values) are taken from it.
create or replace function api.monitor_test_start(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who     tocsin.account := tocsin.caller(caller, 'member');
    kept    jsonb := '{}';
    headers jsonb;
    errors  jsonb;
    test_id uuid;
begin
    if input ? 'monitor' and input -> 'monitor' <> 'null' then
        -- whoever is not the owner cannot send the owner's secrets to another place
        select case when m.owner = who.id or tocsin.url_place(m.url) = tocsin.url_place(tocsin.kept_url(input ->> 'url'))
                    then m.headers else '{}' end
          into kept from tocsin.monitor m
         where m.id = (input ->> 'monitor')::bigint and m.deleted_at is null and m.type = 'http'
           and (m.owner = who.id or who.role in ('operator', 'admin'));
        if not found then
            return null;
        end if;
    end if;
    delete from tocsin.test_run t where t.created_at < now() - interval '10 minutes';
    if (select count(*) from tocsin.test_run t
         where t.owner = who.id and t.done_at is null
           and t.created_at > now() - interval '1 minute') >= 5 then
        perform tocsin.fail(429, 'five tests are still running, wait for them');
    end if;
    select coalesce(jsonb_object_agg(h.key, coalesce(nullif(h.value, 'null'), kept -> h.key)), '{}') into headers
      from jsonb_each(coalesce(nullif(input -> 'headers', 'null'), '{}')) h
     where h.value <> 'null' or kept ? h.key;
    errors := tocsin.monitor_errors(tocsin.monitor_new(who.id, input || jsonb_build_object('headers', headers)));
    if errors is not null then
        raise exception using errcode = 'PT422', message = 'The settings do not fit together.',
            detail = jsonb_build_object('errors', errors)::text;
    end if;
    insert into tocsin.test_run (owner, spec)
    values (who.id, (input - '@' - 'monitor') || jsonb_build_object('headers', headers))
    returning test_run.id into test_id;
    perform pg_notify('tocsin_work', 'test');
    return json_build_object('id', test_id, 'state', 'pending');
end $$;

create or replace function api.monitor_test_get(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
begin
    return (select json_build_object(
                       'id', t.id, 'state', case when t.done_at is null then 'pending' else 'done' end,
                       'created_at', tocsin.ts(t.created_at), 'done_at', tocsin.ts(t.done_at),
                       'result', t.result)
              from tocsin.test_run t
             where t.id = (input ->> 'key')::uuid
               and (t.owner = who.id or who.role in ('operator', 'admin')));
end $$;

-- Check a monitor now, and not only when its time comes. Asking again within two seconds
-- is the same question.
create or replace function api.monitor_check(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    m   tocsin.monitor;
begin
    select x.* into m from tocsin.monitor x
     where x.id = monitor_check.id and x.deleted_at is null
       and (x.owner = who.id or who.role in ('operator', 'admin'))
       for update;
    if m.id is null then
        return null;
    end if;
    if m.paused_at is not null then
        perform tocsin.fail(409, 'the monitor is paused, resume it first');
    elsif exists (select from tocsin.monitor_state s where s.monitor = m.id and s.halted) then
        perform tocsin.fail(409, 'a maintenance window pauses the monitor');
    end if;
    if m.check_asked is null or m.check_asked < clock_timestamp() - interval '2 seconds' then
        update tocsin.monitor x set check_asked = clock_timestamp()
         where x.id = m.id returning x.check_asked into m.check_asked;
        perform pg_notify('tocsin_work', 'check');
    end if;
    return json_build_object('id', m.id, 'asked_at', tocsin.ts(m.check_asked));
end $$;
