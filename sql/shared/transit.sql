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
--   unknown, as its agent   a host owes one message of it, to channels that hear of `down`, and
--   is silent               one when it answers again; its apps say nothing
--   in maintenance          what the checks say is kept until the end. Nothing opens and
--                           nobody is told; an incident that was open closes when it is over.
--                           After a silence, people hear what differs from what they heard
--                           last. A window without silence opens and tells as ever.
--
-- `transit_all` is for callers that hold the locks of the state rows, taken in id order by
-- an earlier statement: only then does this one see, and keep, what they decided on. One
-- entry a monitor. Returns how many statuses changed.
create or replace function tocsin.transit_all(monitor bigint[], status smallint[],
                                              at timestamptz[], reason smallint[],
                                              code integer[], message text[])
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    clock constant timestamptz := clock_timestamp();
    sure  timestamptz[]; -- when it was no more in doubt: a failure takes its retries
    n     integer := 0;
begin
    if not tocsin.maintenance_near(transit_all.monitor) then
        return tocsin.transit_step(transit_all.monitor, transit_all.status, transit_all.at,
                                   transit_all.reason, transit_all.code, transit_all.message,
                                   false);
    end if;
    sure := array(select least(clock, case when w.status in (2, 3)
                        then w.at + make_interval(secs => m.retries * m.recheck_s) else w.at end)
                    from unnest(transit_all.monitor, transit_all.status, transit_all.at)
                         with ordinality w (monitor, status, at, n)
                    join tocsin.monitor m on m.id = w.monitor
                   order by w.n);
    n := tocsin.maintenance_upto(transit_all.monitor, sure, false);
    n := n + tocsin.transit_step(transit_all.monitor, transit_all.status, transit_all.at,
                                 transit_all.reason, transit_all.code, transit_all.message,
                                 false);
    return n + tocsin.maintenance_upto(transit_all.monitor,
                                       array_fill(clock, array[cardinality(monitor)]), false);
end $$;

-- One step, without a look at the windows. `clockwork`: it is the beginning or the end of
-- maintenance itself.
create or replace function tocsin.transit_step(monitor bigint[], status smallint[],
                                               at timestamptz[], reason smallint[],
                                               code integer[], message text[],
                                               clockwork boolean)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
#variable_conflict use_column
declare
    moved integer;
    owed  integer;
begin
    with want as (
        select s.monitor, w.status, s.status as prev, s.since as prev_since,
               s.seq + case when x.masked then 0 else 1 end as seq, x.masked,
               case when x.masked then not tocsin.maintenance_silent(s.monitor,
                        greatest(least(w.at, clock_timestamp()), s.since))
                    else true end as loud,
               greatest(least(w.at, clock_timestamp()), s.since) as at,
               w.reason, w.code, left(w.message, 500) as message,
               -- what people know it as; 6: silent
               case when s.status in (0, 4) then s.told else s.status end as known,
               (select i.id from tocsin.incident i
                 where i.monitor = s.monitor and i.auto and i.resolved_at is null) as open,
               m.owner, m.name, m.url, m.type,
               m.type = 'host' and w.status = 0 and w.reason = 29 as silent,
               coalesce(r.name, 'internal') as reason_word, coalesce(r.text, '') as reason_text
          from unnest(transit_step.monitor, transit_step.status, transit_step.at,
                      transit_step.reason, transit_step.code, transit_step.message)
                      as w (monitor, status, at, reason, code, message)
          join tocsin.monitor_state s on s.monitor = w.monitor
          join tocsin.monitor m on m.id = w.monitor
          left join tocsin.reason r on r.code = w.reason
         cross join lateral (select s.status = 4 and w.status < 4 and not clockwork as masked) x
         where w.status <> case when x.masked then coalesce(s.raw, -1::smallint) else s.status end
    ), step as (
        select w.* from want w where not w.masked
    ), state as (
        update tocsin.monitor_state s
           set status = w.status, since = w.at, seq = w.seq, reason = w.reason, code = w.code,
               message = w.message, halted = false,
               told = case when w.silent then 6 when w.status in (0, 4) then w.known else w.status end,
               raw = case when w.status = 4 then w.prev end,
               raw_reason = case when w.status = 4 then s.reason else 0 end,
               raw_code = case when w.status = 4 then s.code else 0 end,
               raw_message = case when w.status = 4 then s.message else '' end
          from step w where s.monitor = w.monitor
    ), masked as (
        update tocsin.monitor_state s
           set raw = w.status, raw_reason = w.reason, raw_code = w.code, raw_message = w.message,
               told = case when w.loud and w.silent then 6 when w.loud and w.status > 0 then w.status
                           else s.told end
          from want w where w.masked and s.monitor = w.monitor
    ), trail as (
        insert into tocsin.transition (monitor, seq, prev, status, at, reason, code, message)
        select w.monitor, w.seq, w.prev, w.status, w.at, w.reason, w.code, w.message
          from step w
    ), late as (
        -- days that are packed and were not as they seemed
        insert into tocsin.day_late (monitor, day)
        select w.monitor, d::date
          from step w join tocsin.watermark k on k.name = 'day' and k.at > w.at
         cross join generate_series(date_trunc('day', w.at at time zone 'UTC'),
                                    (k.at at time zone 'UTC') - interval '1 day',
                                    interval '1 day') d
        on conflict do nothing
    ), opened as (
        insert into tocsin.incident (owner, monitor, title, cause, open_seq, started_at)
        select w.owner, w.monitor, left(w.name || ' is down', 200),
               coalesce(nullif(w.message, ''), w.reason_text),
               case when not w.masked then w.seq end, w.at
          from want w where w.status = 3 and w.loud
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
        select w.*, c.id as channel, coalesce(i.id, o.id) as incident,
               coalesce(i.started_at, o.started_at) as started_at, o.resolved_at,
               case when w.status = 3 then case when i.change = 'opened' then 'down' end
                    when w.silent then case when w.known <> 6 then 'silent' end
                    when w.status = 1 and (i.change = 'resolved' or w.known in (3, 6)) then 'up'
                    when w.status = 2 and (i.change = 'resolved' or w.known in (3, 6))
                         and not 'degraded' = any (c.events) then 'up'
                    when w.status = 2 and w.known is distinct from 2 then 'degraded'
                    when w.status = 1 and w.known = 2 and 'degraded' = any (c.events) then 'up'
               end as event, c.events
          from want w
          join tocsin.monitor_channel mc on mc.monitor = w.monitor
          join tocsin.channel c on c.id = mc.channel and c.enabled
          left join incident i on i.monitor = w.monitor
          -- over since, in a silence
          left join lateral (select x.id, x.started_at, x.resolved_at from tocsin.incident x
                              where w.prev = 4 and w.known = 3 and i.id is null
                                and x.monitor = w.monitor and x.auto
                              order by x.id desc limit 1) o on true
         where (w.status in (1, 2, 3) or w.silent) and w.loud
    ), message as (
        insert into tocsin.outbox (key, owner, channel, monitor, incident, seq, event, body)
        select concat_ws('-', d.monitor, d.seq, d.channel,
                         (extract(epoch from d.at) * 1000)::bigint,
                         case when d.masked then gen_random_uuid() end),
               d.owner, d.channel, d.monitor, d.incident, d.seq, d.event,
               jsonb_build_object(
                   'event', d.event,
                   'monitor', jsonb_build_object('id', d.monitor, 'name', d.name, 'url', d.url,
                                                 'type', d.type),
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
                      extract(epoch from coalesce(d.resolved_at, d.at)
                                         - coalesce(d.started_at, d.prev_since))::bigint)
                  else '{}' end
          from due d where case d.event when 'silent' then 'down' else d.event end = any (d.events)
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
          from step w left join incident i on i.monitor = w.monitor
        union all
        select 'incident', i.owner, i.id,
               jsonb_build_object('monitor', i.monitor, 'change', i.change)
          from incident i
    )
    select (select count(*) from want), (select count(*) from message) into moved, owed;

    if moved > 0 then
        perform pg_notify('tocsin_live', '');
        if exists (select from tocsin.pages_of(transit_step.monitor)) then
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
