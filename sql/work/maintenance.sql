-- The clockwork of maintenance. Called each second by the role status.

-- Put monitors into maintenance and out of it, each at the window's own time, also when that
-- was long ago: nobody was there then. After such a pause it leaves monitors alone, for half
-- a minute, until their checkers have brought what they kept meanwhile: that is older.
-- Returns how many transitions that made: call again while it is not 0.
create or replace function work.maintenance_tick() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    most  constant integer := 5000;
    clock constant timestamptz := clock_timestamp();
    seen  constant xid8 := pg_snapshot_xmin(pg_current_snapshot());
    c     tocsin.maintenance_clock;
    begun timestamptz; -- asked without a pause since then
    ids   bigint[] := '{}';
    held  integer := 0;
    n     integer := 0;
begin
    if not pg_try_advisory_xact_lock(20261, 11) then
        return 0;
    end if;
    select * into c from tocsin.maintenance_clock where id = 1;
    begun := case when c.beat_at < clock - interval '20 seconds' or c.beat_at > clock
                  then clock else c.since end;
    if tocsin.maintenance_changed(c, clock) then
        select coalesce(array_agg(x.monitor) filter (where not x.held), '{}'),
               count(*) filter (where x.held)
          into ids, held
          from (select w.monitor, begun > clock - interval '30 seconds'
                       and not exists (select from tocsin.bucket b
                                        where b.id = m.bucket and b.settled_at > begun) as held
                  from tocsin.maintenance_wrong(c.done_at, clock) w
                  join tocsin.monitor m on m.id = w.monitor
                 order by 2, w.monitor limit most) x;
    end if;
    if cardinality(ids) > 0 then
        perform 1 from tocsin.monitor_state s
          where s.monitor = any (ids) order by s.monitor for update;
        n := tocsin.maintenance_upto(ids, array_fill(clock, array[cardinality(ids)]), true);
    end if;
    if cardinality(ids) + held >= most or held > 0 then
        update tocsin.maintenance_clock set since = begun, beat_at = clock where id = 1;
    elsif cardinality(ids) > 0 or begun <> c.since or c.beat_at < clock - interval '5 seconds' then
        update tocsin.maintenance_clock
           set since = begun, beat_at = clock, done_at = clock, rev = seen
         where id = 1;
    end if;
    if n = 0 then
        perform set_config('synchronous_commit', 'off', true);
    end if;
    return n;
end $$;

-- Has anything happened since the last time that all was right?
create or replace function tocsin.maintenance_changed(c tocsin.maintenance_clock,
                                                      clock timestamptz) returns boolean
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    span constant tstzrange := tstzrange(least(c.done_at, clock), clock, '[]');
begin
    if not exists (select from tocsin.occurrence o where tstzrange(o.starts_at, o.ends_at) && span) then
        return exists (select from tocsin.monitor_state s where s.status = 4);
    end if;
    return c.done_at < clock - interval '30 seconds' or c.done_at > clock
        or exists (select from tocsin.occurrence o
                    where tstzrange(o.starts_at, o.ends_at) && span
                      and (o.starts_at between c.done_at and clock
                           or least(o.ends_at, o.cancelled_at) between c.done_at and clock))
        or exists (select from tocsin.maintenance w where w.changed >= c.rev)
        or exists (select from tocsin.monitor m where m.changed >= c.rev);
end $$;

-- Monitors that are not what they should be: in maintenance now, or for a while since then.
create or replace function tocsin.maintenance_wrong(done_at timestamptz, clock timestamptz)
returns table (monitor bigint)
language sql volatile set search_path = '' as $$
    with cover as materialized (
        select m.id, max(x.ends) as ends, bool_or(w.pause) filter (where x.ends > clock) as pause,
               bool_or(x.ends > clock) as now
          from tocsin.occurrence o
          join tocsin.maintenance w on w.id = o.maintenance
         cross join lateral (select greatest(o.starts_at, w.created_at) as begins,
                                    least(o.ends_at, o.cancelled_at) as ends) x
         cross join lateral tocsin.maintenance_covers(w.id) m (id)
         where tstzrange(o.starts_at, o.ends_at)
               && tstzrange(least(done_at, clock), clock, '[]')
           and x.begins <= clock and x.ends > x.begins and x.ends > done_at
         group by m.id
    )
    select s.monitor
      from cover c
      join tocsin.monitor_state s on s.monitor = c.id
      join tocsin.monitor m on m.id = c.id
     where m.paused_at is null
       and (s.status not in (4, 5) and c.ends > s.since and s.since <= clock
            or s.status = 4 and c.now and s.halted <> c.pause)
    union
    select s.monitor
      from tocsin.monitor_state s join tocsin.monitor m on m.id = s.monitor
     where s.status = 4 and s.since <= clock and m.paused_at is null and m.deleted_at is null
       and s.monitor not in (select c.id from cover c where c.now)
$$;

-- Tell what is due: before an occurrence, at its start, at its end. What nobody could tell in
-- time is not told late: a start that is over, an end whose start was not told.
create or replace function work.maintenance_tell() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    clock constant timestamptz := clock_timestamp();
    d     record;
    n     integer := 0;
begin
    if not pg_try_advisory_xact_lock(20261, 12) then
        return 0;
    end if;
    for d in
        select o.id, o.maintenance, w.owner, w.tell, 'announced' as what, true as fresh
          from tocsin.occurrence o join tocsin.maintenance w on w.id = o.maintenance
         where o.announce_at <= clock and o.announced_at is null and o.starts_at > clock
           and o.cancelled_at is null
        union all
        select o.id, o.maintenance, w.owner, w.tell, 'started', o.told_start_at is null
          from tocsin.occurrence o join tocsin.maintenance w on w.id = o.maintenance
         where o.told_end_at is null and o.told_start_at is null and o.starts_at <= clock
           and least(o.ends_at, o.cancelled_at) > clock
        union all
        select o.id, o.maintenance, w.owner, w.tell, 'ended', o.told_start_at is not null
          from tocsin.occurrence o join tocsin.maintenance w on w.id = o.maintenance
         where o.told_end_at is null and o.starts_at <= clock
           and least(o.ends_at, o.cancelled_at) <= clock
         limit 1000
    loop
        update tocsin.occurrence o
           set announced_at = case when d.what = 'announced' then clock else o.announced_at end,
               told_start_at = case when d.what = 'started' then clock else o.told_start_at end,
               told_end_at = case when d.what = 'ended' then clock else o.told_end_at end
         where o.id = d.id;
        continue when not d.fresh;
        n := n + 1;
        perform tocsin.emit('maintenance', d.owner, d.maintenance,
                            jsonb_build_object('change', d.what, 'occurrence', d.id));
        if d.tell then
            perform tocsin.tell_maintenance(d.id, d.what);
        end if;
    end loop;
    return n;
end $$;

-- Keep the occurrences of repeating windows made a hundred days ahead, and those of the past
-- for a year and a month. Returns how many were made.
create or replace function work.maintenance_occurrences() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    n integer := 0;
    w tocsin.maintenance;
begin
    if not pg_try_advisory_xact_lock(20261, 13) then
        return 0;
    end if;
    for w in select m.* from tocsin.maintenance m
              where m.repeat <> 'once' and m.cancelled_at is null
                and (m.until_at is null or m.until_at > now())
                and not exists (select from tocsin.occurrence o
                                 where o.maintenance = m.id and o.starts_at > now() + interval '95 days')
                for update loop
        n := n + tocsin.maintenance_ahead(w);
    end loop;
    delete from tocsin.occurrence o
     where o.ends_at < now() - interval '400 days'
       and exists (select from tocsin.maintenance m
                    where m.id = o.maintenance and m.repeat <> 'once');
    return n;
end $$;
