-- One monitor: create, read, change, delete (kept for seven days), restore.

-- The row that the caller may see, or none; an editor must be a member at least.
create or replace function tocsin.monitor_of(who tocsin.account, id bigint, deleted boolean default false)
returns tocsin.monitor
language plpgsql stable security definer set search_path = '' as $$
begin
    return (select m from tocsin.monitor m
             where m.id = monitor_of.id and tocsin.sees(who, m.owner)
               and (m.deleted_at is not null) = deleted);
end $$;

-- Somebody has the same URL already: his own monitor's id is told, it is never another's.
create or replace function tocsin.monitor_twin(m tocsin.monitor)
returns bigint
language plpgsql stable security definer set search_path = '' as $$
begin
    return (select t.id from tocsin.monitor t
             where t.owner = m.owner and t.type = 'http' and m.type = 'http' and t.method = m.method and t.url = m.url
               and t.deleted_at is null and t.id is distinct from m.id);
end $$;

create or replace function tocsin.monitor_refuse(m tocsin.monitor)
returns void
language plpgsql stable security definer set search_path = '' as $$
declare
    errors jsonb := tocsin.monitor_errors(m);
    twin bigint;
begin
    if errors is not null then
        raise exception using errcode = 'PT422', message = 'The settings do not fit together.',
            detail = jsonb_build_object('errors', errors)::text;
    end if;
    twin := tocsin.monitor_twin(m);
    if twin is not null then
        raise exception using errcode = 'PT409', message = 'Monitor ' || twin || ' watches this URL already.',
            detail = jsonb_build_object('errors', jsonb_build_object('url', 'is watched already, by monitor ' || twin), 'id', twin)::text;
    end if;
end $$;

create or replace function tocsin.monitor_insert(m tocsin.monitor, channels jsonb, who tocsin.account)
returns tocsin.monitor
language plpgsql volatile security definer set search_path = '' as $$
begin
    insert into tocsin.monitor (owner, type, name, url, method, headers, body, expect, keyword,
                                keyword_absent, interval_s, timeout_s, retries, recheck_s, degraded_ms,
                                redirects, verify_tls, tags, group_name, slug, paused_at)
    values (m.owner, m.type, m.name, m.url, m.method, m.headers, m.body, m.expect, m.keyword,
            m.keyword_absent, m.interval_s, m.timeout_s, m.retries, m.recheck_s, m.degraded_ms,
            m.redirects, m.verify_tls, m.tags, m.group_name, m.slug, m.paused_at)
    returning * into m;
    insert into tocsin.monitor_state (monitor) values (m.id);
    if channels is null then
        perform tocsin.monitor_default_channels(m.id, m.owner);
    else
        perform tocsin.monitor_channels(m.id, m.owner, channels);
    end if;
    if m.paused_at is not null then
        perform tocsin.put_status(array[m.id], 5::smallint, 'paused by ' || who.email);
    end if;
    return m;
end $$;

create or replace function api.monitor_create(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    m tocsin.monitor := tocsin.monitor_new(who.id, input);
begin
    perform tocsin.monitor_refuse(m);
    m := tocsin.monitor_insert(m, input->'channels', who);
    perform tocsin.audit(who.id, input, 'monitor.create', 'monitor', m.id::text, null, tocsin.monitor_audit(m));
    perform tocsin.emit('monitor', m.owner, m.id, '{"change": "created"}');
    perform pg_catalog.pg_notify('tocsin_work', 'place');
    return tocsin.monitor_json(m, who);
end $$;

-- A deleted monitor is still read: its page says who deleted it and offers it back.
create or replace function api.monitor_read(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m tocsin.monitor;
begin
    select * into m from tocsin.monitor x where x.id = monitor_read.id and tocsin.sees(who, x.owner);
    return case when m.id is not null then tocsin.monitor_json(m, who) end;
end $$;

-- Hosts and apps are changed where they are at home.
create or replace function tocsin.monitor_plain(m tocsin.monitor)
returns void
language plpgsql immutable set search_path = '' as $$
begin
    if m.type <> 'http' then
        perform tocsin.fail(409, 'Monitor ' || m.id || ' is ' || case m.type when 'host' then 'a host' else 'an app' end
                                 || ': change it at /api/v1/' || m.type || 's/' || m.id || '.');
    end if;
end $$;

create or replace function tocsin.monitor_change(m tocsin.monitor, input jsonb, who tocsin.account)
returns tocsin.monitor
language plpgsql volatile security definer set search_path = '' as $$
declare
    old tocsin.monitor := m;
    paused boolean := (input->>'paused')::boolean;
begin
    m := tocsin.monitor_with(m, input);
    perform tocsin.monitor_refuse(m);
    -- whoever is not the owner cannot send the owner's secrets to another place
    if who.id <> m.owner and tocsin.url_place(m.url) <> tocsin.url_place(old.url)
       and exists (select from jsonb_each(m.headers) h join jsonb_each(old.headers) o on lower(o.key) = lower(h.key)
                    where tocsin.is_secret_header(h.key) and h.value = o.value) then
        perform tocsin.fail(422, 'The URL leads elsewhere: the secret headers must be given again.',
                            'headers', 'must be given again with another host');
    end if;
    update tocsin.monitor t
       set type = m.type, name = m.name, url = m.url, method = m.method, headers = m.headers, body = m.body,
           expect = m.expect, keyword = m.keyword, keyword_absent = m.keyword_absent,
           interval_s = m.interval_s, timeout_s = m.timeout_s, retries = m.retries,
           recheck_s = m.recheck_s, degraded_ms = m.degraded_ms, redirects = m.redirects,
           verify_tls = m.verify_tls, tags = m.tags, group_name = m.group_name,
           paused_at = case when paused then coalesce(t.paused_at, now())
                            when not paused then null else t.paused_at end,
           version = t.version + 1
     where t.id = m.id
    returning * into m;
    if input ? 'channels' then
        perform tocsin.monitor_channels(m.id, m.owner, input->'channels');
    end if;
    if paused and old.paused_at is null then
        perform tocsin.put_status(array[m.id], 5::smallint, 'paused by ' || who.email);
    elsif not paused and old.paused_at is not null then
        perform tocsin.put_status(array[m.id], 0::smallint, 'resumed by ' || who.email);
    end if;
    return m;
end $$;

create or replace function api.monitor_patch(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    old tocsin.monitor;
    m tocsin.monitor;
begin
    -- the state first: settling locks in this order
    perform from tocsin.monitor_state s where s.monitor = monitor_patch.id for update;
    select * into old from tocsin.monitor x
     where x.id = monitor_patch.id and tocsin.sees(who, x.owner) and x.deleted_at is null for update;
    if not found then
        return null;
    end if;
    perform tocsin.monitor_plain(old);
    if input->>'if_match' <> old.version::text then
        perform tocsin.fail(412, 'The monitor was changed meanwhile: it has version ' || old.version || '.');
    end if;
    m := tocsin.monitor_change(old, input, who);
    perform tocsin.audit(who.id, input, 'monitor.update', 'monitor', m.id::text,
                         tocsin.monitor_audit(old), tocsin.monitor_audit(m));
    perform tocsin.emit('monitor', m.owner, m.id, jsonb_build_object('change',
        case when m.paused_at is not null and old.paused_at is null then 'paused'
             when m.paused_at is null and old.paused_at is not null then 'resumed' else 'updated' end));
    perform pg_catalog.pg_notify('tocsin_work', 'monitor');
    return tocsin.monitor_json(m, who);
end $$;

-- Pause, resume or delete many; who may, the caller of this function has looked. Returns
-- those that were changed.
create or replace function tocsin.monitors_put(op text, ids bigint[], who tocsin.account, input jsonb)
returns bigint[]
language plpgsql volatile security definer set search_path = '' as $$
declare
    done bigint[];
begin
    perform from tocsin.monitor_state s where s.monitor = any (ids) order by s.monitor for update;
    perform from tocsin.monitor m where m.id = any (ids) order by m.id for update;
    with put as (
        update tocsin.monitor m
           set paused_at = case op when 'pause' then now() when 'resume' then null else m.paused_at end,
               deleted_at = case op when 'delete' then now() end,
               deleted_by = case op when 'delete' then who.email end,
               version = m.version + 1
         where m.id = any (ids)
           and case op when 'pause' then m.paused_at is null and m.deleted_at is null
                       when 'resume' then m.paused_at is not null and m.deleted_at is null
                       when 'delete' then m.deleted_at is null
                       when 'restore' then m.deleted_at is not null
                            and not exists (select from tocsin.monitor t
                                             where m.type = 'http' and t.type = 'http' and t.owner = m.owner and t.method = m.method
                                               and t.url = m.url
                                               and (t.deleted_at is null or t.id = any (ids) and t.id < m.id)) end
        returning m.id, m.owner, m.name, m.paused_at
    ), told as (
        insert into tocsin.event (kind, owner, ref, body)
        select 'monitor', owner, put.id, jsonb_build_object('change', case op
                   when 'pause' then 'paused' when 'resume' then 'resumed'
                   when 'delete' then 'deleted' else 'restored' end) from put
    )
    select coalesce(array_agg(put.id order by put.id), '{}') into done from put;

    if op = 'delete' then
        update tocsin.outbox o set state = 'cancelled', done_at = now(), error = 'the monitor was deleted'
         where o.monitor = any (done) and o.state = 'pending';
    end if;
    -- a deleted monitor is not measured: its time counts as paused until it comes back
    perform tocsin.put_status(s.ids, s.status, s.message)
       from (select array_agg(m.id) as ids,
                    case when op in ('pause', 'delete') or m.paused_at is not null then 5 else 0 end::smallint as status,
                    case op when 'pause' then 'paused' when 'resume' then 'resumed'
                            when 'delete' then 'deleted' else 'restored' end || ' by ' || who.email as message
               from tocsin.monitor m where m.id = any (done) group by 2) s;
    perform tocsin.audit_many(who.id, input, 'monitor.' || op, 'monitor', x.ids, case when op = 'delete' then x.before end)
       from (select array_agg(m.id::text) as ids, array_agg(tocsin.monitor_audit(m)) as before
               from tocsin.monitor m where m.id = any (done)) x
      where x.ids is not null;
    perform pg_catalog.pg_notify('tocsin_work', 'monitor');
    return done;
end $$;

create or replace function api.monitor_delete(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    m tocsin.monitor := tocsin.monitor_of(who, id);
begin
    if m.id is null then
        return null;
    end if;
    perform tocsin.monitor_plain(m);
    if input->>'if_match' <> m.version::text then
        perform tocsin.fail(412, 'The monitor was changed meanwhile: it has version ' || m.version || '.');
    end if;
    perform tocsin.monitors_put('delete', array[m.id], who, input);
    return json_build_object('id', m.id);
end $$;

create or replace function api.monitor_restore(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    m tocsin.monitor := tocsin.monitor_of(who, id, true);
begin
    if m.id is null then
        if (tocsin.monitor_of(who, id)).id is not null then
            perform tocsin.fail(409, 'The monitor is not deleted.');
        end if;
        return null;
    end if;
    if m.type = 'app' then
        perform tocsin.fail(409, 'An app comes back with its host.');
    elsif m.type = 'host' and who.role not in ('operator', 'admin') then
        perform tocsin.fail(403, 'this needs the role operator');
    end if;
    -- a host brings back its apps; its agent has to be enrolled again
    if cardinality(tocsin.monitors_put('restore', m.id || array(select a.monitor from tocsin.app a where a.host = m.id),
                                       who, input)) = 0 then
        perform tocsin.monitor_refuse(m);
    end if;
    perform tocsin.put_status(array_agg(a.monitor), 5::smallint, 'it left the list of its host')
       from tocsin.app a where a.host = m.id and a.gone_at is not null having count(*) > 0;
    select * into m from tocsin.monitor x where x.id = m.id;
    return tocsin.monitor_json(m, who);
end $$;
