-- The outbox: messages owed. A notifier claims some, sends each, says how it went. A claim
-- that ran out, or whose worker was buried, is claimed again: at least once, same key.

-- How long to wait after attempt n failed: the table of Standard Webhooks. A mail server's
-- "later" is meant sooner than a broken receiver's silence. Null: that was the last.
create or replace function tocsin.retry_wait(type text, attempt integer) returns interval
language sql immutable security definer set search_path = '' as $$
    select case when type = 'email'
        then (array['5 s', '1 m', '5 m', '15 m', '30 m', '1 h', '2 h', '4 h', '8 h', '12 h'])[attempt]
        else (array['5 s', '5 m', '30 m', '2 h', '5 h', '10 h', '14 h', '20 h', '24 h'])[attempt]
    end::interval
$$;

-- Up to n messages whose time has come: the oldest of each channel and monitor only, so
-- they stay in order; few at once of one channel, so that a slow receiver delays nobody
-- else's.
create or replace function work.outbox_claim(worker uuid, n integer, ttl_s integer)
returns table (id bigint, key text, event text, attempt integer, channel bigint, type text, name text,
               config jsonb, secret jsonb, body jsonb)
language sql volatile security definer set search_path = '' as $$
    with recursive channel_of as (
        (select o.channel from tocsin.outbox o
          where o.state = 'pending' and o.channel is not null order by o.channel limit 1)
        union all
        select (select o.channel from tocsin.outbox o
                 where o.state = 'pending' and o.channel > c.channel order by o.channel limit 1)
          from channel_of c where c.channel is not null
    ), ready as (
        select r.id, r.next_at, row_number() over (partition by c.channel order by r.next_at, r.id) as place
          from channel_of c cross join lateral
            (select o.id, o.next_at from tocsin.outbox o
              where o.state = 'pending' and o.channel = c.channel and o.next_at <= now()
                and (o.locked_until is null or o.locked_until <= now())
                and not exists (select from tocsin.outbox e
                                 where e.state = 'pending' and e.channel = o.channel and e.monitor = o.monitor
                                   and (e.seq, e.id) < (o.seq, o.id))
              order by o.next_at, o.id
              limit greatest(5 - (select count(*) from tocsin.outbox b
                                   where b.state = 'pending' and b.channel = c.channel
                                     and b.locked_until is not null and b.locked_until > now()), 0)) r
         where c.channel is not null
        union all
        -- invitations, tests, and what subscribers are told: the oldest of each of them about
        -- one thing, and side by side with the channels, for they may be many thousands
        select x.id, x.next_at, case when x.subscriber is null then 0
                                     else row_number() over (order by x.next_at, x.id) end
          from (select o.id, o.next_at, o.subscriber from tocsin.outbox o
                 where o.state = 'pending' and o.channel is null and o.next_at <= now()
                   and (o.locked_until is null or o.locked_until <= now())
                   and not exists (select from tocsin.outbox e
                                    where e.subscriber = o.subscriber and e.id < o.id and e.state = 'pending'
                                      and e.event = o.event and e.incident is not distinct from o.incident)
                 order by o.next_at limit n) x
    ), chosen as (
        select o.id from tocsin.outbox o
         where o.id in (select r.id from ready r order by r.place, r.next_at, r.id limit n)
           and o.state = 'pending' and (o.locked_until is null or o.locked_until <= now())
           for update skip locked
    ), claimed as (
        update tocsin.outbox o
           set locked_by = worker, locked_until = now() + make_interval(secs => ttl_s),
               attempts = o.attempts + 1
          from chosen c where o.id = c.id
        returning o.*
    )
    select o.id, o.key, o.event, o.attempts::integer, o.channel,
           coalesce(o.target->>'type', c.type, s.type, 'email'),
           coalesce(o.target->>'name', c.name, s.address, ''),
           coalesce(o.target->'config', c.config,
                    case s.type when 'email' then jsonb_build_object('to', jsonb_build_array(s.address))
                                when 'webhook' then jsonb_build_object('url', s.address) end, '{}'),
           coalesce(o.target->'secret', c.secret, s.secret, '{}'),
           case when s.id is null then o.body
                when s.confirm is not null and s.type = 'webhook' then o.body || jsonb_build_object('secret', s.secret->'secret')
                when s.confirm is not null then o.body
                else o.body || jsonb_build_object('unsubscribe', s.unsubscribe) end
      from claimed o left join tocsin.channel c on c.id = o.channel
      left join tocsin.subscriber s on s.id = o.subscriber
     order by o.id
$$;

-- The receiver said it is gone for good: ask it no more, and say so to its owner.
create or replace function tocsin.channel_gone(channel bigint, reason text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    c tocsin.channel;
begin
    update tocsin.channel x set enabled = false, disabled_reason = reason, version = x.version + 1
     where x.id = channel and x.enabled
    returning * into c;
    if c.id is null then
        return;
    end if;
    update tocsin.outbox o set state = 'cancelled', done_at = now(), error = reason
     where o.channel = c.id and o.state = 'pending';
    perform tocsin.emit('channel', c.owner, c.id, '{"change": "disabled"}');
end $$;

-- How an attempt ended. dead: it makes no sense to try again. A success counts whoever
-- tells it; a failure only from the worker that holds the claim.
create or replace function work.outbox_done(worker uuid, id bigint, ok boolean, retry_after_s integer,
                                            dead boolean, recipient text, code integer, duration_ms integer,
                                            provider_id text, error text, excerpt text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    o    tocsin.outbox;
    s    tocsin.subscriber;
    kind text;
    wait interval;
begin
    select * into o from tocsin.outbox x where x.id = outbox_done.id for update;
    if o.id is null then
        return;
    end if;
    select * into s from tocsin.subscriber x where x.id = o.subscriber;
    if ok and o.event = 'confirm' and s.type = 'webhook' and s.confirm is not null
       and position(o.body->>'token' in coalesce(excerpt, '')) = 0 then
        ok := false;
        dead := true;
        error := 'the receiver did not answer with the challenge';
    end if;
    insert into tocsin.delivery (outbox, attempt, ok, recipient, code, duration_ms, provider_id, error, excerpt)
    select o.id, o.attempts, ok, coalesce(recipient, ''), code, duration_ms, provider_id, error, excerpt
     where not exists (select from tocsin.delivery d -- its answer was lost: told twice
                        where d.outbox = o.id and d.attempt = o.attempts and d.ok = outbox_done.ok);
    if o.state <> 'pending' or not ok and o.locked_by is distinct from worker then
        return;
    end if;
    select coalesce(o.target->>'type', (select c.type from tocsin.channel c where c.id = o.channel), s.type, 'email')
      into kind;
    if not ok and not dead and o.event <> 'test' then
        wait := tocsin.retry_wait(kind, o.attempts) * (0.9 + 0.3 * random());
    end if;
    if wait is not null then
        wait := least(greatest(wait, make_interval(secs => coalesce(retry_after_s, 0))), interval '25 hours');
        update tocsin.outbox x set next_at = clock_timestamp() + wait, locked_by = null, locked_until = null,
                                   error = outbox_done.error
         where x.id = o.id;
    else
        update tocsin.outbox x
           set state = case when ok then 'sent' else 'dead' end, done_at = now(), locked_by = null,
               locked_until = null, target = null, error = case when not ok then outbox_done.error end,
               body = case when o.event in ('invite', 'confirm') then x.body - '{link,token}'::text[]
                           else x.body end -- they open a door
         where x.id = o.id;
    end if;
    if o.subscriber is not null and wait is null then
        if ok and o.event = 'confirm' and s.type = 'webhook' and s.confirm = tocsin.subscriber_hash(o.body->>'token') then
            perform tocsin.subscriber_confirmed(s);
        end if;
        perform tocsin.subscriber_heard(o, ok, coalesce(code = 410 and kind = 'webhook', false));
        perform pg_notify('tocsin_work', 'outbox');
    end if;
    if ok and o.incident is not null then
        insert into tocsin.incident_event (incident, kind, body)
        select o.incident, 'notified', c.name || ' was told: ' || o.event
          from tocsin.channel c where c.id = o.channel;
    end if;
    if code = 410 and not ok and kind <> 'email' and o.channel is not null and o.event <> 'test' then
        perform tocsin.channel_gone(o.channel, 'the receiver answered 410 Gone');
    end if;
    if o.event <> 'invite' and o.subscriber is null then
        perform tocsin.emit('delivery', o.owner, o.id,
            jsonb_build_object('channel', o.channel, 'monitor', o.monitor, 'event', o.event,
                'state', case when ok then 'sent' when wait is not null then 'retrying' else 'dead' end));
    end if;
    if o.channel is not null and o.monitor is not null and wait is null then
        perform pg_notify('tocsin_work', 'outbox'); -- the next in order may go
    end if;
end $$;
