-- What mod_tocsin_live reads, on its own connection and for polled streams.
--
-- A cursor is "milliseconds.snapshot": the database's time and pg_current_snapshot() of a
-- reading. What is new is what that snapshot did not see: nothing is missed and nothing
-- comes twice, in whatever order transactions commit. The `rev` of a list (a number)
-- is also taken: it is the horizon of a snapshot, and things may come twice.

-- The snapshot in a cursor; null when it is none of ours or not this database's.
create or replace function tocsin.live_snapshot(cursor text) returns pg_snapshot
language plpgsql stable security definer set search_path = '' as $$
declare
    inner_part text := regexp_replace(cursor, '^[0-9]{1,15}\.', '');
    seen pg_snapshot;
begin
    if length(cursor) > 4000 or inner_part !~ '^[0-9]{1,19}(:[0-9]{1,19}:[0-9,]*)?$' then
        return null;
    end if;
    if inner_part !~ ':' then
        inner_part := inner_part || ':' || inner_part || ':';
    end if;
    seen := inner_part::pg_snapshot;
    if pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot()) then
        return null;
    end if;
    return seen;
exception when data_exception then
    return null;
end $$;

-- The cursor of this reading. A crowd of open transactions would make it longer than a
-- header may be: then its horizon alone, and a few events come twice.
create or replace function tocsin.live_cursor() returns text
language sql stable security definer set search_path = '' as $$
    select floor(extract(epoch from now()) * 1000)::bigint || '.'
        || case when length(pg_current_snapshot()::text) <= 1000 then pg_current_snapshot()::text
                else pg_snapshot_xmin(pg_current_snapshot()) || ':'
                  || pg_snapshot_xmin(pg_current_snapshot()) || ':' end
$$;

-- Events keep for an hour: is everything after this cursor still there? Not when the server
-- was started since: after a crash it may give the same transaction numbers again.
create or replace function tocsin.live_complete(cursor text, seen pg_snapshot) returns boolean
language sql stable security definer set search_path = '' as $$
    select case
        when cursor ~ '\.' then
            to_timestamp(split_part(cursor, '.', 1)::bigint / 1000.0)
                > greatest(now() - interval '55 minutes', pg_postmaster_start_time())
        else exists (select from tocsin.event e where e.changed <= pg_snapshot_xmin(seen))
          or exists (select from tocsin.event e where e.id = 1)
    end
$$;

-- Of things of the fleet each who may see them has an event of his own. Is this one somebody
-- else's than the owner's? Who hears everybody's shall hear the owner's alone.
create or replace function tocsin.live_copy(e tocsin.event) returns boolean
language sql stable security definer set search_path = '' as $$
    select e.kind in ('host', 'app', 'action', 'deploy', 'enrolled')
       and e.owner <> (select m.owner from tocsin.monitor m
                        where m.id = case when e.kind in ('action', 'deploy') then (e.body->>'app')::bigint else e.ref end)
$$;

-- What happened after `after` and, where given, not after `upto`, of these owners (null:
-- all). First the rows of the stream itself: kind 'cursor' (where the next reading goes
-- on), then 'resync' alone when the gap is too old or too long to be told, else the
-- events in order, then one row of checks per owner: "[id,status,ms,at,verdict],…":
-- the monitor's status, the response time (null without), the second it was checked at,
-- and this check's own verdict. Where all owners are asked for, the owner of an event that is a
-- copy is negative: it is for that account alone.
create or replace function api.live(after text, upto text, owners bigint[])
returns table (kind text, owner bigint, body text)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
    event_max constant integer := 500;
    check_max constant integer := 5000;
    seen pg_snapshot := tocsin.live_snapshot(after);
    till pg_snapshot := tocsin.live_snapshot(upto);
    since timestamptz;
begin
    return query select 'cursor', 0::bigint, tocsin.live_cursor();
    if after is null then
        return;
    end if;
    if seen is null or not tocsin.live_complete(after, seen)
       or (select count(*) > event_max
             from (select from tocsin.event e
                    where e.changed >= pg_snapshot_xmin(seen)
                      and not pg_visible_in_snapshot(e.changed, seen)
                      and (owners is null or e.owner = any(owners))
                    limit event_max + 1) as too_many) then
        return query select 'resync', 0::bigint, '{}';
        return;
    end if;

    return query
        select e.kind, case when owners is null and tocsin.live_copy(e) then -e.owner else e.owner end,
               (e.body || jsonb_build_object('id', e.ref, 'owner', e.owner, 'at', tocsin.ts(e.at)))::text
          from tocsin.event e
         where e.changed >= pg_snapshot_xmin(seen)
           and not pg_visible_in_snapshot(e.changed, seen)
           and (till is null or pg_visible_in_snapshot(e.changed, till))
           and (owners is null or e.owner = any(owners))
         order by e.id;

    -- A settle is over in a moment: ten seconds before the last reading hold all that
    -- may have committed since. Who was away longer reads the list again.
    since := greatest(now() - interval '1 minute',
                      case when after ~ '\.' then to_timestamp(split_part(after, '.', 1)::bigint / 1000.0)
                           else now() end - interval '10 seconds');
    return query
        with sample as (
            select m.owner, m.id, st.status, c.total_us, c.status as verdict,
                   s.at - c.age_ms * interval '1 millisecond' as at
              from tocsin.segment s
             cross join unnest(s.slot, s.age_ms, s.status, s.total_us)
                   as c (slot, age_ms, status, total_us)
              join tocsin.monitor m on m.bucket = s.bucket and m.slot = c.slot
              join tocsin.monitor_state st on st.monitor = m.id
             where s.at > since
               and not pg_visible_in_snapshot(s.changed, seen)
               and (till is null or pg_visible_in_snapshot(s.changed, till))
               and (owners is null or m.owner = any(owners))
               and m.deleted_at is null
             order by s.at desc
             limit check_max
        )
        select 'checks', sample.owner,
               string_agg(format('[%s,%s,%s,%s,%s]', id, status,
                                 coalesce(round(total_us / 1000.0)::text, 'null'),
                                 floor(extract(epoch from at))::bigint, verdict), ',' order by at)
          from sample
         group by sample.owner;
end $$;

-- Who of these may still listen, and to whom: scope 0 is everybody's, else the account's own.
-- Beside each account what it came with: a session's uuid, an API token's number, or null.
create or replace function api.live_access(accounts bigint[], sessions text[])
returns table (account bigint, session text, scope bigint)
language sql stable security definer set search_path = '' as $$
    select asked.account, asked.session,
           case when a.role in ('operator', 'admin') then 0 else a.id end
      from unnest(live_access.accounts, live_access.sessions) as asked (account, session)
      join tocsin.account a on a.id = asked.account and a.disabled_at is null
      left join tocsin.session s on s.id = case when asked.session ~ '-' then asked.session::uuid end
      left join tocsin.api_token t on t.id = case when asked.session !~ '-' then asked.session::bigint end
     where asked.session is null
        or (s.account = a.id and s.revoked_at is null and s.expires_at > now())
        or (t.account = a.id and (t.expires_at is null or t.expires_at > now()))
$$;

-- A polled stream: the same for one caller, who is looked up each time.
create or replace function api.live_poll(caller bigint, after text)
returns table (kind text, owner bigint, body text)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
begin
    return query
        select * from api.live(live_poll.after, null,
                               case when who.role in ('operator', 'admin') then null
                                    else array[who.id] end);
end $$;
