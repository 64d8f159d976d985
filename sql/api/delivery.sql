-- Messages that were owed, and each attempt to deliver one.

create or replace function tocsin.delivery_json(o tocsin.outbox, whole boolean default false) returns json
language sql stable security definer set search_path = '' as $$
    select case when whole then (j.short::jsonb || jsonb_build_object(
               'body', o.body,
               'tries', coalesce((select jsonb_agg(jsonb_build_object(
                    'at', tocsin.ts(d.at), 'attempt', d.attempt, 'ok', d.ok, 'recipient', d.recipient,
                    'code', d.code, 'duration_ms', d.duration_ms, 'provider_id', d.provider_id,
                    'error', d.error, 'excerpt', d.excerpt) order by d.id)
                  from tocsin.delivery d where d.outbox = o.id), '[]')))::json
           else j.short end
      from (select json_build_object(
        'id', o.id, 'key', o.key, 'event', o.event,
        'channel', (select json_build_object('id', c.id, 'name', c.name, 'type', c.type)
                      from tocsin.channel c where c.id = o.channel),
        'subscriber', (select json_build_object('id', s.id, 'address', s.address, 'type', s.type)
                         from tocsin.subscriber s where s.id = o.subscriber),
        'monitor', (select json_build_object('id', m.id, 'name', m.name)
                      from tocsin.monitor m where m.id = o.monitor),
        'incident', o.incident, 'state', o.state, 'attempts', o.attempts,
        'created_at', tocsin.ts(o.created_at), 'done_at', tocsin.ts(o.done_at),
        'next_at', case when o.state = 'pending' then tocsin.ts(o.next_at) end,
        'error', o.error, 'recipient', last.recipient, 'code', last.code,
        'duration_ms', last.duration_ms) as short
      from (select 1) one left join lateral
           (select d.recipient, d.code, d.duration_ms from tocsin.delivery d
             where d.outbox = o.id order by d.id desc limit 1) last on true) j
$$;

-- The newest first. The statement is put together from what is asked, so that each question
-- has the plan of its own index; values go in as parameters.
create or replace function api.delivery_list(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'viewer');
    wanted integer := coalesce((input->>'limit')::integer, 50);
    every  boolean := who.role in ('operator', 'admin')
                      and (coalesce((input->>'all')::boolean, false)
                           or input ?| array['monitor', 'channel', 'incident']);
    page   tocsin.outbox[];
begin
    execute 'select array_agg(p.o order by (p.o).id desc) from (select o from tocsin.outbox o where o.event not in (''invite'', ''confirm'')'
            || case when not every then ' and o.owner = $1' else '' end
            || case when input ? 'state' then ' and o.state = $2' else '' end
            || case when input ? 'event' then ' and o.event = $3' else '' end
            || case when input ? 'channel' then ' and o.channel = $4' else '' end
            || case when input ? 'monitor' then ' and o.monitor = $5' else '' end
            || case when input ? 'incident' then ' and o.incident = $6' else '' end
            || case when input ? 'after' then ' and o.id < $7' else '' end
            || ' order by o.id desc limit $8) p'
       into page
      using who.id, input->>'state', input->>'event', (input->>'channel')::bigint,
            (input->>'monitor')::bigint, (input->>'incident')::bigint, (input->>'after')::bigint, wanted + 1;
    return json_build_object(
        'items', coalesce((select json_agg(tocsin.delivery_json(o) order by o.id desc)
                             from unnest(page[1:wanted]) o), '[]'),
        'next', case when cardinality(page) > wanted then page[wanted].id::text end);
end $$;

create or replace function tocsin.delivery_of(who tocsin.account, id bigint) returns tocsin.outbox
language sql stable security definer set search_path = '' as $$
    select o from tocsin.outbox o
     where o.id = delivery_of.id and (o.owner = who.id or who.role in ('operator', 'admin'))
       and o.event not in ('invite', 'confirm')
$$;

create or replace function api.delivery_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    o   tocsin.outbox := tocsin.delivery_of(who, id);
begin
    return case when o.id is not null then tocsin.delivery_json(o, true) end;
end $$;

-- By hand: the same message as a new one, so that a receiver which knows the old key takes it.
create or replace function api.delivery_resend(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'member');
    o    tocsin.outbox := tocsin.delivery_of(who, id);
    sent bigint;
begin
    if o.id is null then
        return null;
    elsif o.state = 'pending' then
        perform tocsin.fail(409, 'The message is still being sent.');
    elsif o.channel is null and o.subscriber is null then
        perform tocsin.fail(409, 'A test of settings that were not saved cannot be repeated.');
    elsif not (select c.enabled from tocsin.channel c where c.id = o.channel) then
        perform tocsin.fail(409, 'The channel is disabled.');
    end if;
    insert into tocsin.outbox (key, owner, channel, subscriber, monitor, incident, seq, event, body)
    values ('again-' || gen_random_uuid(), o.owner, o.channel, o.subscriber, o.monitor, o.incident, o.seq, o.event, o.body)
    returning tocsin.outbox.id into sent;
    perform tocsin.audit(who.id, input, 'delivery.resend', 'delivery', o.id::text, null,
                         jsonb_build_object('id', sent));
    perform tocsin.emit('delivery', o.owner, sent,
        jsonb_build_object('channel', o.channel, 'monitor', o.monitor, 'event', o.event, 'state', 'pending'));
    perform pg_notify('tocsin_work', 'outbox');
    return json_build_object('id', sent, 'state', 'pending');
end $$;
