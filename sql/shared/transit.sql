-- Every change of a monitor's status, whoever found it out, is made here: the state, the
-- transition, the incident, what its channels are owed, and what open pages are told.
--
--   down                    opens an incident, unless one is open: an outage that nobody
--                           could watch for a while (unknown) stays one incident
--   up, degraded, paused    close it
--   a message is owed       when an incident opens; when it closes, or the monitor was down;
--                           when a monitor gets degraded, and when it is up again after that
--   to a channel            that listens to this event. One that hears of `up` but not of
--                           `degraded` is told `up` when an outage ends in slowness, and
--                           nothing of a slowness it was never told of.
--
-- `transit_all` is for callers that hold the locks of the state rows, taken in id order by
-- an earlier statement: only then does this one see, and keep, what they decided on. One
-- entry a monitor. Returns how many statuses changed.
create or replace function tocsin.transit_all(monitor bigint[], status smallint[],
                                              at timestamptz[], reason smallint[],
                                              code integer[], message text[])
returns integer
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    moved integer;
    owed  integer;
begin
    with want as (
        select s.monitor, w.status, s.status as prev, s.seq + 1 as seq, s.since as prev_since,
               greatest(least(w.at, clock_timestamp()), s.since) as at,
               w.reason, w.code, left(w.message, 500) as message,
               -- what it was when last known
               case when s.status = 0 then
                   (select t.prev from tocsin.transition t
                     where t.monitor = s.monitor and t.seq = s.seq)
               else s.status end as known,
               (select i.id from tocsin.incident i
                 where i.monitor = s.monitor and i.auto and i.resolved_at is null) as open,
               m.owner, m.name, m.url,
               coalesce(r.name, 'internal') as reason_word, coalesce(r.text, '') as reason_text
          from unnest(transit_all.monitor, transit_all.status, transit_all.at,
                      transit_all.reason, transit_all.code, transit_all.message)
                      as w (monitor, status, at, reason, code, message)
          join tocsin.monitor_state s on s.monitor = w.monitor
          join tocsin.monitor m on m.id = w.monitor
          left join tocsin.reason r on r.code = w.reason
         where s.status <> w.status
    ), state as (
        update tocsin.monitor_state s
           set status = w.status, since = w.at, seq = w.seq, reason = w.reason, code = w.code,
               message = w.message
          from want w where s.monitor = w.monitor
    ), trail as (
        insert into tocsin.transition (monitor, seq, prev, status, at, reason, code, message)
        select w.monitor, w.seq, w.prev, w.status, w.at, w.reason, w.code, w.message from want w
    ), late as (
        -- days that are packed and were not as they seemed
        insert into tocsin.day_late (monitor, day)
        select w.monitor, d::date
          from want w join tocsin.watermark k on k.name = 'day' and k.at > w.at
         cross join generate_series(date_trunc('day', w.at at time zone 'UTC'),
                                    (k.at at time zone 'UTC') - interval '1 day',
                                    interval '1 day') d
        on conflict do nothing
    ), opened as (
        insert into tocsin.incident (owner, monitor, title, cause, open_seq, started_at)
        select w.owner, w.monitor, left(w.name || ' is down', 200),
               coalesce(nullif(w.message, ''), w.reason_text), w.seq, w.at
          from want w where w.status = 3
        on conflict (monitor) where resolved_at is null and auto do nothing
        returning id, monitor, owner, started_at
    ), closed as (
        update tocsin.incident i
           set resolved_at = greatest(w.at, i.started_at), close_seq = w.seq,
               version = i.version + 1
          from want w
         where i.id = w.open and i.resolved_at is null and w.status in (1, 2, 5)
        returning i.id, i.monitor, i.owner, i.started_at
    ), incident as (
        select o.*, 'opened' as change from opened o
        union all
        select c.*, 'resolved' from closed c
    ), timeline as (
        insert into tocsin.incident_event (incident, at, kind, body)
        select i.id, w.at, i.change,
               case when i.change = 'opened'
                    then coalesce(nullif(w.message, ''), w.reason_text)
                    when w.status = 5 then coalesce(nullif(w.message, ''), 'the monitor was paused')
                    when w.status = 2 then 'up again, but slow'
                    else 'up again' end
          from incident i join want w on w.monitor = i.monitor
    ), due as (
        select w.*, c.id as channel, i.id as incident, i.started_at,
               case when w.status = 3 then case when i.change = 'opened' then 'down' end
                    when w.status = 1 and (i.change = 'resolved' or w.known = 3) then 'up'
                    when w.status = 2 and (i.change = 'resolved' or w.known = 3)
                         and not 'degraded' = any (c.events) then 'up'
                    when w.status = 2 and w.known is distinct from 2 then 'degraded'
                    when w.status = 1 and w.known = 2 and 'degraded' = any (c.events) then 'up'
               end as event, c.events
          from want w
          join tocsin.monitor_channel mc on mc.monitor = w.monitor
          join tocsin.channel c on c.id = mc.channel and c.enabled
          left join incident i on i.monitor = w.monitor
         where w.status in (1, 2, 3)
    ), message as (
        insert into tocsin.outbox (key, owner, channel, monitor, incident, seq, event, body)
        select concat_ws('-', d.monitor, d.seq, d.channel,
                         (extract(epoch from d.at) * 1000)::bigint),
               d.owner, d.channel, d.monitor, d.incident, d.seq, d.event,
               jsonb_build_object(
                   'event', d.event,
                   'monitor', jsonb_build_object('id', d.monitor, 'name', d.name, 'url', d.url),
                   'incident', case when d.incident is not null then
                       jsonb_build_object('id', d.incident, 'started_at', tocsin.ts(d.started_at))
                       end,
                   'status', tocsin.status_word(d.status),
                   'previous', tocsin.status_word(coalesce(d.known, d.prev)),
                   'at', tocsin.ts(d.at),
                   'reason', d.reason_word,
                   'reason_text', d.reason_text,
                   'message', d.message,
                   'code', d.code)
               || case when d.event = 'up' then jsonb_build_object('duration_s',
                      extract(epoch from d.at - coalesce(d.started_at, d.prev_since))::bigint)
                  else '{}' end
          from due d where d.event = any (d.events)
        returning 1
    ), told as (
        insert into tocsin.event (kind, owner, ref, body)
        select 'status', w.owner, w.monitor,
               jsonb_build_object('status', tocsin.status_word(w.status),
                                  'previous', tocsin.status_word(w.prev),
                                  'since', tocsin.ts(w.at),
                                  'reason', w.reason_word,
                                  'message', w.message, 'code', w.code,
                                  'incident', i.id)
          from want w left join incident i on i.monitor = w.monitor
        union all
        select 'incident', i.owner, i.id,
               jsonb_build_object('monitor', i.monitor, 'change', i.change)
          from incident i
    )
    select (select count(*) from want), (select count(*) from message) into moved, owed;

    if moved > 0 then
        perform pg_notify('tocsin_live', '');
        if exists (select from tocsin.pages_of(transit_all.monitor)) then
            perform pg_notify('tocsin_work', 'publish');
        end if;
    end if;
    if owed > 0 then
        perform pg_notify('tocsin_work', 'outbox');
    end if;
    return moved;
end $$;

-- One monitor, not by a check: paused (5), resumed (0), deleted (5). Set paused_at or
-- deleted_at before, in the same transaction: checks that end meanwhile look there.
create or replace function tocsin.transit(monitor bigint, status integer,
                                          at timestamptz default now(),
                                          reason integer default 0, code integer default 0,
                                          message text default '')
returns integer
language plpgsql volatile security definer set search_path = '' as $$
begin
    insert into tocsin.monitor_state (monitor) values (transit.monitor) on conflict do nothing;
    perform 1 from tocsin.monitor_state s where s.monitor = transit.monitor for update;
    if transit.status in (0, 5) then
        update tocsin.monitor_state s set down_mask = 0, degraded_mask = 0
         where s.monitor = transit.monitor and (s.down_mask <> 0 or s.degraded_mask <> 0);
    end if;
    return tocsin.transit_all(array[transit.monitor], array[transit.status::smallint],
                              array[transit.at], array[transit.reason::smallint],
                              array[transit.code], array[transit.message]);
end $$;
