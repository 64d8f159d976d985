-- The same monitors in the words of RunState's API, for clients that speak it: monitors
-- are websites, ids are strings, roles are USER and ADMIN, an answer is one of three words.
-- Its texts are part of its contract; a refusal with the hint 'runstate' is passed on as it is.

create or replace function tocsin.runstate_refuse(status integer, message text)
returns void
language plpgsql immutable set search_path = '' as $$
begin
    raise exception using errcode = 'PT' || status, message = message, hint = 'runstate';
end $$;

create or replace function tocsin.runstate_role(role text)
returns text
language sql immutable as $$
    select case when role = 'admin' then 'ADMIN' else 'USER' end
$$;

create or replace function tocsin.runstate_status(status smallint)
returns text
language sql immutable as $$
    select case when status in (1, 2) then 'up' when status = 3 then 'down' else 'unknown' end
$$;

-- The website of a path: 404 when there is none, 403 when it is another's.
create or replace function tocsin.runstate_site(who tocsin.account, id bigint, owner_only boolean default false)
returns tocsin.monitor
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor;
begin
    select * into m from tocsin.monitor x where x.id = runstate_site.id and x.deleted_at is null and x.type = 'http';
    if m.id is null then
        perform tocsin.runstate_refuse(404, 'website not found');
    end if;
    if m.owner <> who.id and (owner_only or who.role <> 'admin') then
        perform tocsin.runstate_refuse(403, 'you are not allowed to access this website');
    end if;
    return m;
end $$;

-- Their numbers come as words that may be anything: what is no number is the usual one.
create or replace function tocsin.runstate_limit(input jsonb, usual integer, most integer)
returns integer
language sql immutable set search_path = '' as $$
    select case when input->>'limit' ~ '^[0-9]{1,9}$' and (input->>'limit')::integer > 0
                then least((input->>'limit')::integer, most) else usual end
$$;

create or replace function tocsin.runstate_site_json(m tocsin.monitor)
returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
    return (select jsonb_build_object(
        'id', m.id::text, 'url', m.url, 'slug', m.slug,
        'current_status', tocsin.runstate_status(tocsin.shown_status(s.status, l.at, m.interval_s)),
        'time_added', tocsin.ts(m.created_at), 'last_checked_at', tocsin.ts(l.at),
        'latest_response_time_ms', (l.total_us + 999) / 1000)
      from (select) one
      left join tocsin.monitor_state s on s.monitor = m.id
      left join lateral (select x.at, x.total_us from tocsin.monitor_latest x
                          where x.monitor = m.id order by x.at desc limit 1) l on true);
end $$;

-- ---------------------------------------------------------------- accounts

create or replace function api.runstate_signup(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    account bigint;
begin
    insert into tocsin.account as a (email, password) values (lower(input->>'email'), input->>'password')
    on conflict do nothing returning a.id into account;
    if account is null then
        perform tocsin.runstate_refuse(409, 'email already exists');
    end if;
    perform tocsin.audit(account, input, 'account.signup', 'account', account::text);
    return json_build_object('id', account::text, 'email', lower(input->>'email'), 'role', 'USER');
end $$;

create or replace function api.runstate_me(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
begin
    return json_build_object('id', who.id::text, 'email', who.email, 'role', tocsin.runstate_role(who.role));
end $$;

create or replace function api.runstate_users(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'admin');
begin
    return (select json_agg(json_build_object('id', a.id::text, 'email', a.email,
                                              'role', tocsin.runstate_role(a.role)) order by a.created_at desc, a.id desc)
              from tocsin.account a);
end $$;

-- ---------------------------------------------------------------- websites

create or replace function api.runstate_websites(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
begin
    return json_build_object('websites', coalesce((
        select json_agg(tocsin.runstate_site_json(m) order by m.created_at desc, m.id desc)
          from tocsin.monitor m
         where m.deleted_at is null and m.type = 'http' and (m.owner = who.id or who.role = 'admin')), '[]'));
end $$;

create or replace function api.runstate_website_create(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    m tocsin.monitor := tocsin.monitor_new(who.id, jsonb_build_object('url', input->'url'));
begin
    if tocsin.monitor_errors(m) is not null then
        perform tocsin.runstate_refuse(400, 'invalid url');
    end if;
    if tocsin.monitor_twin(m) is not null then
        perform tocsin.runstate_refuse(409, 'website already exists');
    end if;
    m := tocsin.monitor_insert(m, null, who);
    perform tocsin.audit(who.id, input, 'monitor.create', 'monitor', m.id::text, null, tocsin.monitor_audit(m));
    perform tocsin.emit('monitor', m.owner, m.id, '{"change": "created"}');
    perform pg_catalog.pg_notify('tocsin_work', 'place');
    return json_build_object('ID', m.id::text, 'UserID', m.owner::text, 'URL', m.url, 'Slug', m.slug,
                             'TimeAdded', tocsin.ts(m.created_at), 'CurrentStatus', 'unknown');
end $$;

create or replace function api.runstate_website(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m tocsin.monitor := tocsin.runstate_site(who, id);
begin
    return tocsin.runstate_site_json(m) || jsonb_build_object('active_incident', (
        select tocsin.runstate_incident(i, m) from tocsin.incident i
         where i.monitor = m.id and i.auto and i.resolved_at is null));
end $$;

create or replace function api.runstate_website_delete(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    m tocsin.monitor := tocsin.runstate_site(who, id);
begin
    perform tocsin.monitors_put('delete', array[m.id], who, input);
    return '{}';
end $$;

-- ---------------------------------------------------------------- history

create or replace function tocsin.runstate_checks(m tocsin.monitor, most integer)
returns table (at timestamptz, region smallint, name text, status smallint, total_us integer)
language plpgsql stable security definer set search_path = '' as $$
declare
    upper timestamptz := clock_timestamp() + interval '1 s';
    width interval := interval '1 s' * greatest(3600, 2 * m.interval_s * most);
begin
    -- the newest are in the last few intervals, unless it was not checked for a while
    while upper - width > m.created_at
          and (select count(*) from tocsin.checks(m.id, upper - width, upper)) < most loop
        width := width * 4;
    end loop;
    return query
    select c.at, c.region, r.name, c.status, c.total_us
      from tocsin.checks(m.id, greatest(upper - width, m.created_at), upper) c
      join tocsin.region r on r.id = c.region
     order by c.at desc limit most;
end $$;

create or replace function api.runstate_checks(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.runstate_site(tocsin.caller(caller, 'viewer'), id);
begin
    return json_build_object('checks', coalesce((
        select json_agg(json_build_object(
                   'id', m.id || '-' || (extract(epoch from c.at) * 1000000)::bigint, 'website_id', m.id::text,
                   'region_id', c.region::text, 'region_name', c.name, 'status', tocsin.runstate_status(c.status),
                   'response_time_ms', (c.total_us + 999) / 1000, 'created_at', tocsin.ts(c.at)) order by c.at desc)
          from tocsin.runstate_checks(m, tocsin.runstate_limit(input, 20, 100)) c), '[]'));
end $$;

create or replace function api.runstate_response_times(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.runstate_site(tocsin.caller(caller, 'viewer'), id);
begin
    return json_build_object('points', coalesce((
        select json_agg(json_build_object(
                   'timestamp', tocsin.ts(c.at), 'response_time_ms', (c.total_us + 999) / 1000,
                   'status', tocsin.runstate_status(c.status), 'region_id', c.region::text,
                   'region_name', c.name) order by c.at desc)
          from tocsin.runstate_checks(m, tocsin.runstate_limit(input, 50, 500)) c), '[]'));
end $$;

create or replace function tocsin.runstate_incident(i tocsin.incident, m tocsin.monitor)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    return json_strip_nulls(json_build_object(
        'id', i.id::text, 'website_id', m.id::text, 'region_name', (select r.name from tocsin.region r where r.id = 0),
        'started_at', tocsin.ts(i.started_at), 'resolved_at', tocsin.ts(i.resolved_at),
        'is_active', i.resolved_at is null,
        'current_status', case when i.resolved_at is null then 'down' else 'up' end,
        'duration_seconds', greatest(0, floor(date_part('epoch', coalesce(i.resolved_at, now()) - i.started_at)))::bigint));
end $$;

-- Here a limit outside 1..100 is the usual one, not cut.
create or replace function api.runstate_incidents(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.runstate_site(tocsin.caller(caller, 'viewer'), id);
    most constant integer := case when tocsin.runstate_limit(input, 20, 101) > 100 then 20
                                  else tocsin.runstate_limit(input, 20, 101) end;
begin
    return json_build_object('incidents', coalesce((
        select json_agg(tocsin.runstate_incident(x.i, m) order by (x.i).started_at desc, (x.i).id desc)
          from (select i from tocsin.incident i where i.monitor = m.id
                 order by i.started_at desc, i.id desc limit most) x), '[]'));
end $$;

create or replace function api.runstate_notifications(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.runstate_site(tocsin.caller(caller, 'viewer'), id, true);
begin
    return json_build_object('items', coalesce((
        select json_agg(json_build_object(
                   'id', x.id::text, 'channel', upper(coalesce(c.type, '')), 'recipient', coalesce(d.recipient, ''),
                   'prev_status', tocsin.runstate_status(tocsin.status_code(x.body->>'previous')),
                   'current_status', tocsin.runstate_status(tocsin.status_code(x.body->>'status')),
                   'delivery_status', case x.state when 'sent' then 'sent' when 'pending' then 'pending' else 'failed' end,
                   'sent_at', tocsin.ts(coalesce(d.at, x.created_at)), 'region_id', '0') order by x.id desc)
          from (select * from tocsin.outbox o where o.monitor = m.id and o.event <> 'test'
                 order by o.id desc limit tocsin.runstate_limit(input, 20, 100)) x
          left join tocsin.channel c on c.id = x.channel
          left join lateral (select y.recipient, y.at from tocsin.delivery y
                              where y.outbox = x.id order by y.id desc limit 1) d on true), '[]'));
end $$;

-- Who has the slug may look.
create or replace function api.runstate_page(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor;
begin
    if input->>'key' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        select * into m from tocsin.monitor x where x.slug = (input->>'key')::uuid and x.deleted_at is null and x.type = 'http';
    end if;
    if m.id is null then
        perform tocsin.runstate_refuse(404, 'website not found');
    end if;
    return json_build_object('website', tocsin.runstate_site_json(m) - 'last_checked_at' - 'latest_response_time_ms');
end $$;
