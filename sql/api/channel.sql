-- Channels: where messages go. Secrets go in and never come out, but for the signing
-- secret that was made here: its owner sees it once, in the answer that made it.

create or replace function tocsin.channel_json(c tocsin.channel, who tocsin.account, fresh_secret text default null)
returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'version', c.version, 'id', c.id, 'type', c.type, 'name', c.name,
        'config', tocsin.channel_shown(c.config, c.secret),
        'signing_secret', fresh_secret,
        'events', c.events, 'is_default', c.is_default, 'enabled', c.enabled,
        'disabled_reason', c.disabled_reason,
        'monitors', (select count(*) from tocsin.monitor_channel mc join tocsin.monitor m on m.id = mc.monitor
                      where mc.channel = c.id and m.deleted_at is null),
        'last', (select json_build_object('id', o.id, 'at', tocsin.ts(d.at), 'event', o.event,
                                          'state', o.state, 'ok', d.ok, 'error', d.error)
                   from (select x.id, x.event, x.state from tocsin.outbox x
                          where x.channel = c.id and x.attempts > 0 order by x.id desc limit 1) o
                   join tocsin.delivery d on d.outbox = o.id order by d.id desc limit 1),
        'owner', c.owner,
        'owner_email', case when who.role in ('operator', 'admin')
                            then (select a.email from tocsin.account a where a.id = c.owner) end,
        'created_at', tocsin.ts(c.created_at))
$$;

create or replace function tocsin.channel_of(who tocsin.account, id bigint) returns tocsin.channel
language sql stable security definer set search_path = '' as $$
    select c from tocsin.channel c
     where c.id = channel_of.id and (c.owner = who.id or who.role in ('operator', 'admin'))
$$;

create or replace function tocsin.channel_audit(c tocsin.channel) returns jsonb
language sql stable security definer set search_path = '' as $$
    select jsonb_build_object('type', c.type, 'name', c.name, 'config', tocsin.channel_shown(c.config, c.secret),
                              'events', c.events, 'is_default', c.is_default, 'enabled', c.enabled)
$$;

create or replace function api.channel_list(caller bigint, id bigint, input jsonb) returns json
language sql stable security definer set search_path = '' as $$
    with who as (
        select a as account from tocsin.caller(caller, 'viewer') a
    ), page as (
        select c from tocsin.channel c, who
         where (c.owner = (who.account).id
                or (who.account).role in ('operator', 'admin') and coalesce((input->>'all')::boolean, false))
           and (input->>'type' is null or c.type = input->>'type')
           and c.id > coalesce((input->>'after')::bigint, 0)
         order by c.id limit coalesce((input->>'limit')::integer, 100) + 1
    ), shown as (
        select p.c from page p order by (p.c).id limit coalesce((input->>'limit')::integer, 100)
    )
    select json_build_object(
        'items', coalesce((select json_agg(tocsin.channel_json(s.c, who.account) order by (s.c).id)
                             from shown s), '[]'),
        'next', case when (select count(*) from page) > (select count(*) from shown)
                     then (select max((s.c).id)::text from shown s) end)
      from who
$$;

create or replace function api.channel_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    c   tocsin.channel := tocsin.channel_of(who, id);
begin
    return case when c.id is not null then tocsin.channel_json(c, who) end;
end $$;

create or replace function api.channel_create(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who   tocsin.account := tocsin.caller(caller, 'member');
    c     tocsin.channel;
    set_  record;
    fresh text;
begin
    if (select count(*) from tocsin.channel x where x.owner = who.id) >= 100 then
        perform tocsin.fail(409, 'An account has at most 100 channels.');
    end if;
    if input->>'type' = 'webhook' and not coalesce(input->'config', '{}') ? 'secret' then
        fresh := tocsin.webhook_secret();
    end if;
    select * into set_ from tocsin.channel_settings(
        input->>'type', coalesce(input->'config', '{}')
                        || case when fresh is not null then jsonb_build_object('secret', fresh) else '{}' end,
        '{}', '{}');
    insert into tocsin.channel (owner, type, name, config, secret, events, is_default, enabled)
    values (who.id, input->>'type', input->>'name', set_.config, set_.secret,
            coalesce((select array_agg(distinct e order by e) from jsonb_array_elements_text(input->'events') e),
                     '{down,up,degraded}'),
            coalesce((input->>'is_default')::boolean, false), coalesce((input->>'enabled')::boolean, true))
    returning * into c;
    perform tocsin.audit(who.id, input, 'channel.create', 'channel', c.id::text, null, tocsin.channel_audit(c));
    perform tocsin.emit('channel', c.owner, c.id, '{"change": "created"}');
    return tocsin.channel_json(c, who, fresh);
end $$;

-- Whoever is not the owner cannot send the owner's secrets to another place.
create or replace function tocsin.channel_keep_home(old tocsin.channel, c tocsin.channel)
returns void
language plpgsql stable security definer set search_path = '' as $$
begin
    if c.type = 'webhook' and c.config->>'url' is distinct from old.config->>'url'
       and exists (select from jsonb_each(old.secret->'headers') h
                    where c.secret->'headers'->h.key = h.value) then
        perform tocsin.fail(422, 'The URL leads elsewhere: the headers must be given again.',
                            'config.headers', 'must be given again with another URL');
    end if;
end $$;

create or replace function api.channel_update(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'member');
    old  tocsin.channel := tocsin.channel_of(who, id);
    c    tocsin.channel;
    set_ record;
begin
    if old.id is null then
        return null;
    end if;
    select * into old from tocsin.channel x where x.id = old.id for update;
    if input ? 'if_match' and input->>'if_match' <> old.version::text then
        perform tocsin.fail(412, 'The channel was changed meanwhile. Read it again.');
    end if;
    if input ? 'type' and input->>'type' <> old.type then
        perform tocsin.fail(422, 'A channel keeps its type. Make a new one.', 'type', 'cannot be changed');
    end if;
    select * into set_ from tocsin.channel_settings(old.type, input->'config', old.config, old.secret);
    c := old;
    c.config := set_.config;
    c.secret := set_.secret;
    if who.id <> old.owner then
        perform tocsin.channel_keep_home(old, c);
    end if;
    update tocsin.channel x
       set name = coalesce(input->>'name', x.name), config = set_.config, secret = set_.secret,
           events = case when input ? 'events' then
               (select coalesce(array_agg(distinct e order by e), '{}') from jsonb_array_elements_text(input->'events') e)
               else x.events end,
           is_default = coalesce((input->>'is_default')::boolean, x.is_default),
           enabled = coalesce((input->>'enabled')::boolean, x.enabled),
           disabled_reason = case when (input->>'enabled')::boolean then null
                                  when not (input->>'enabled')::boolean then 'disabled by ' || who.email
                                  else x.disabled_reason end,
           version = x.version + 1
     where x.id = old.id
    returning * into c;
    if old.enabled and not c.enabled then
        update tocsin.outbox o
           set state = 'cancelled', done_at = now(), error = c.disabled_reason, target = null
         where o.channel = c.id and o.state = 'pending' and o.event <> 'test';
    end if;
    -- a message may wait for what was put right just now
    update tocsin.outbox o set next_at = now()
     where o.channel = c.id and o.state = 'pending' and o.next_at > now() and input ? 'config';
    perform tocsin.audit(who.id, input, 'channel.update', 'channel', c.id::text, tocsin.channel_audit(old),
                         tocsin.channel_audit(c));
    perform tocsin.emit('channel', c.owner, c.id,
                        case when old.enabled and not c.enabled then '{"change": "disabled"}'::jsonb
                             else '{"change": "updated"}' end);
    perform pg_notify('tocsin_work', 'outbox');
    return tocsin.channel_json(c, who);
end $$;

create or replace function api.channel_delete(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    c   tocsin.channel := tocsin.channel_of(who, id);
begin
    if c.id is null then
        return null;
    end if;
    select * into c from tocsin.channel x where x.id = c.id for update;
    if input ? 'if_match' and input->>'if_match' <> c.version::text then
        perform tocsin.fail(412, 'The channel was changed meanwhile. Read it again.');
    end if;
    delete from tocsin.channel x where x.id = c.id;
    perform tocsin.audit(who.id, input, 'channel.delete', 'channel', c.id::text, tocsin.channel_audit(c), null);
    perform tocsin.emit('channel', c.owner, c.id, '{"change": "deleted"}');
    return json_build_object('id', c.id);
end $$;

-- ---------------------------------------------------------------- tests

-- Owe a test message. It is tried once, at once, and shows in the deliveries.
create or replace function tocsin.test_message(who tocsin.account, channel bigint, target jsonb, event text)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    sent bigint;
    says text := coalesce(event, 'test');
begin
    if (select count(*) from tocsin.outbox o where o.owner = who.id and o.event = 'test'
                         and o.created_at > now() - interval '1 minute') >= 20 then
        perform tocsin.fail(429, 'At most 20 test messages a minute.');
    end if;
    insert into tocsin.outbox (key, owner, channel, event, body, target)
    values ('test-' || gen_random_uuid(), who.id, channel, 'test',
            jsonb_build_object('event', says, 'test', true,
                'monitor', json_build_object('id', 0, 'name', 'Example monitor', 'url', 'https://www.example.org/'),
                'status', case says when 'down' then 'down' when 'degraded' then 'degraded' else 'up' end,
                'previous', case says when 'up' then 'down' else 'up' end,
                'at', tocsin.ts(now()),
                'reason', case says when 'down' then 'connect_timeout' when 'degraded' then 'slow' else 'ok' end,
                'message', case says when 'down' then 'no connection to 192.0.2.1:443 within 10 s'
                                     when 'degraded' then 'answered after 3.2 s, the limit is 1 s' else '' end,
                'code', case says when 'down' then 0 else 200 end)
            || case when says = 'up' then '{"duration_s": 254}'::jsonb else '{}' end,
            target)
    returning id into sent;
    perform tocsin.emit('delivery', who.id, sent,
        jsonb_build_object('channel', channel, 'monitor', null, 'event', 'test', 'state', 'pending'));
    perform pg_notify('tocsin_work', 'outbox');
    return json_build_object('id', sent, 'state', 'pending');
end $$;

-- Of settings that are not saved. With "channel": of one that is, with these laid over it.
create or replace function api.channel_try(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'member');
    c    tocsin.channel;
    kind text := input->>'type';
    set_ record;
begin
    if input ? 'channel' then
        c := tocsin.channel_of(who, (input->>'channel')::bigint);
        if c.id is null or c.owner <> who.id then
            perform tocsin.fail(422, 'There is no such channel of yours.', 'channel', 'is not known');
        end if;
        kind := c.type;
    elsif kind is null then
        perform tocsin.fail(422, 'The type is needed.', 'type', 'is needed');
    end if;
    select * into set_ from tocsin.channel_settings(kind, coalesce(input->'config', '{}'),
                                                    coalesce(c.config, '{}'), coalesce(c.secret, '{}'));
    if kind = 'webhook' and not set_.secret ? 'secret' then
        set_.secret := set_.secret || jsonb_build_object('secret', tocsin.webhook_secret());
    end if;
    return tocsin.test_message(who, null, jsonb_build_object(
        'type', kind, 'name', coalesce(input->>'name', c.name, 'test'), 'config', set_.config,
        'secret', set_.secret), input->>'event');
end $$;

create or replace function api.channel_test(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    c   tocsin.channel := tocsin.channel_of(who, id);
begin
    if c.id is null then
        return null;
    end if;
    return tocsin.test_message(who, c.id, null, input->>'event');
end $$;
