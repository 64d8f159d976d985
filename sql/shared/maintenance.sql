-- What is in maintenance, and when: windows become status 4 of the monitors they cover.
--
-- Status 4 begins and ends exactly with the window, whoever looks first: each change of a
-- monitor's status (tocsin.transit_all) first brings the monitor up to the moment of the
-- change, and the clockwork (work.maintenance_tick) does so for those where nothing else
-- happens. What the checks say meanwhile is kept in `raw` and is the status of afterwards.
--
-- Where somebody changes a window or a monitor and so moves it into maintenance or out of
-- it, that holds from then on and not back to the window's start: up to
-- `maintenance_clock.done_at` everything is as it was to be.

-- The monitors of a window: those that it names, and the owner's that have a tag or a group
-- of it, or all of them. Where a host is covered, its apps are.
create or replace function tocsin.maintenance_covers(maintenance bigint)
returns setof bigint
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with named as (
        select m.id, m.type
          from tocsin.maintenance w join tocsin.monitor m on m.owner = w.owner
         where w.id = maintenance_covers.maintenance and m.deleted_at is null
           and (w.everything or m.tags && w.tags
                or m.group_name <> '' and m.group_name = any (w.groups))
        union
        select m.id, m.type
          from tocsin.maintenance_monitor x join tocsin.monitor m on m.id = x.monitor
         where x.maintenance = maintenance_covers.maintenance and m.deleted_at is null
    )
    select n.id from named n
    union
    select a.monitor from named n join tocsin.app a on a.host = n.id where n.type = 'host';
end $$;

-- The same the other way: what covers some monitors between two times.
create or replace function tocsin.maintenance_of(monitors bigint[], "from" timestamptz,
                                                 "to" timestamptz)
returns table (monitor bigint, begins timestamptz, ends timestamptz, silence boolean,
               pause boolean, title text, maintenance bigint)
language plpgsql stable security definer set search_path = '' set enable_seqscan = off
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select m.id, greatest(o.starts_at, w.created_at), least(o.ends_at, o.cancelled_at),
           w.silence, w.pause, w.title, w.id
      from tocsin.occurrence o
      join tocsin.maintenance w on w.id = o.maintenance
      join tocsin.monitor m on m.id = any (maintenance_of.monitors) and m.deleted_at is null
      left join tocsin.app a on m.type = 'app' and a.monitor = m.id
       -- an app is covered with its host
      left join tocsin.monitor h on h.id = a.host
     where tstzrange(o.starts_at, o.ends_at)
           && tstzrange(maintenance_of."from",
                        greatest(maintenance_of."from", maintenance_of."to"), '[]')
       and least(o.ends_at, o.cancelled_at) > greatest(o.starts_at, w.created_at)
       and (m.owner = w.owner and (w.everything or m.tags && w.tags or h.tags && w.tags
                                   or m.group_name <> '' and m.group_name = any (w.groups))
            or exists (select from tocsin.maintenance_monitor x
                        where x.maintenance = w.id and x.monitor in (m.id, h.id)));
end $$;

-- May windows have a say in what becomes of these monitors now? Nearly always they do not.
-- (status + 0: few monitors are asked about, and of those in maintenance there may be many.)
create or replace function tocsin.maintenance_near(monitors bigint[]) returns boolean
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    done_at constant timestamptz := (select c.done_at from tocsin.maintenance_clock c);
    span    constant tstzrange := tstzrange(done_at, greatest(done_at, clock_timestamp()), '[]');
begin
    return exists (select from tocsin.occurrence o where tstzrange(o.starts_at, o.ends_at) && span)
        or exists (select from tocsin.monitor_state s
                    where s.monitor = any (maintenance_near.monitors) and s.status + 0 = 4);
end $$;

-- The next step of each of some monitors into maintenance or out of it, up to a time of its
-- own. With `guess`, nobody else is about to say that a monitor was not measured: it is
-- unknown from the end of its patience on, before the window or after it.
create or replace function tocsin.maintenance_next(monitors bigint[], upto timestamptz[],
                                                   guess boolean)
returns table (monitor bigint, status smallint, at timestamptz, reason smallint,
               code integer, message text)
language plpgsql volatile set search_path = '' set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with who as materialized (
        select s.*, m.type, u.upto, c.done_at, greatest(s.since, c.done_at) as latest,
               case when guess then
                   (select max(l.at) from tocsin.monitor_latest l where l.monitor = s.monitor)
                   + tocsin.silence(m.interval_s) end as patience
          from unnest(maintenance_next.monitors, maintenance_next.upto) u (monitor, upto)
          join tocsin.monitor_state s on s.monitor = u.monitor
          join tocsin.monitor m on m.id = u.monitor
         cross join tocsin.maintenance_clock c
         where m.paused_at is null and m.deleted_at is null and s.status <> 5
    ), near as materialized (
        select x.* from tocsin.maintenance_of(maintenance_next.monitors,
                            (select min(w.done_at) from who w), (select max(w.upto) from who w)) x
    ), span as (
        select n.monitor, unnest(range_agg(tstzrange(n.begins, n.ends))) as span
          from near n group by n.monitor
    ), begin as (
        select distinct on (w.monitor) w.monitor, greatest(lower(s.span), w.latest) as at
          from who w join span s on s.monitor = w.monitor
         where w.status <> 4 and upper(s.span) > w.latest
           and greatest(lower(s.span), w.latest) <= w.upto
         order by w.monitor, lower(s.span)
    ), named as (
        select distinct on (n.monitor) n.monitor, n.title
          from begin b join near n on n.monitor = b.monitor and n.begins <= b.at and n.ends > b.at
         order by n.monitor, n.ends desc
    ), finish as (
        select w.monitor, coalesce(upper(s.span), w.latest) as at
          from who w left join span s on s.monitor = w.monitor and s.span @> w.latest
         where w.status = 4 and coalesce(upper(s.span), w.latest) <= w.upto
    )
    select w.monitor, 0::smallint, w.patience, case w.type when 'http' then 25 else 29 end::smallint, 0, ''
      from begin b join who w on w.monitor = b.monitor
     where w.status in (1, 2, 3) and w.patience < b.at
    union all
    select w.monitor, 4::smallint, b.at, 0::smallint, 0, coalesce(n.title, '')
      from begin b join who w on w.monitor = b.monitor
      left join named n on n.monitor = b.monitor
     where not (w.status in (1, 2, 3) and coalesce(w.patience < b.at, false))
    union all
    select w.monitor, x.raw, f.at,
           case when x.raw <> 0 or w.type <> 'http' and w.raw_reason = 29 then w.raw_reason else 25 end::smallint,
           case when x.raw = 0 then 0 else w.raw_code end,
           case when x.raw = 0 then '' else w.raw_message end
      from finish f join who w on w.monitor = f.monitor
     cross join lateral (select case when w.halted or w.patience < f.at then 0
                                     else coalesce(w.raw, 0) end::smallint as raw) x;
end $$;

-- Bring monitors up to a time: all that begins and ends until then, one after the other. The
-- caller holds the locks of their states, as for transit_all. Returns how many transitions.
create or replace function tocsin.maintenance_upto(monitors bigint[], upto timestamptz[],
                                                   guess boolean)
returns integer
language plpgsql volatile set search_path = '' as $$
declare
    n integer := 0;
    d record;
begin
    for turn in 1 .. 1000 loop
        select array_agg(x.monitor) as monitor, array_agg(x.status) as status,
               array_agg(x.at) as at, array_agg(x.reason) as reason, array_agg(x.code) as code,
               array_agg(x.message) as message
          into d
          from tocsin.maintenance_next(maintenance_upto.monitors, maintenance_upto.upto,
                                       maintenance_upto.guess) x;
        exit when d.monitor is null;
        n := n + tocsin.transit_step(d.monitor, d.status, d.at, d.reason, d.code, d.message,
                                     true);
    end loop;
    perform tocsin.maintenance_halt(maintenance_upto.monitors);
    return n;
end $$;

-- Who is in maintenance and who of them is not checked: any window that covers a monitor may
-- say so. What was known of it is no longer so, and failures are counted anew afterwards.
create or replace function tocsin.maintenance_halt(monitors bigint[]) returns void
language plpgsql volatile set search_path = '' as $$
declare
    clock constant timestamptz := clock_timestamp();
begin
    with pause as (
        select x.monitor from tocsin.maintenance_of(maintenance_halt.monitors, clock, clock) x
         where x.begins <= clock and x.ends > clock and x.pause
    ), state as (
        update tocsin.monitor_state s
           set halted = not s.halted,
               raw = case when s.halted then s.raw else 0 end,
               down_mask = case when s.halted then s.down_mask else 0 end,
               degraded_mask = case when s.halted then s.degraded_mask else 0 end
         where s.monitor = any (maintenance_halt.monitors) and s.status + 0 = 4
           and s.halted <> (s.monitor in (select p.monitor from pause p))
        returning s.monitor, s.halted
    )
    update tocsin.monitor_latest l set fails = 0, fail_at = null
      from state s where s.halted and l.monitor = s.monitor and l.fails <> 0;
end $$;

-- Is a monitor, in maintenance at a time, not to be talked about? If several windows cover
-- it, one of them is enough.
create or replace function tocsin.maintenance_silent(monitor bigint, at timestamptz)
returns boolean
language plpgsql volatile set search_path = '' as $$
begin
    return (select coalesce(bool_or(x.silence), true)
              from tocsin.maintenance_of(array[maintenance_silent.monitor], maintenance_silent.at,
                                         maintenance_silent.at) x
             where x.begins <= maintenance_silent.at and x.ends > maintenance_silent.at);
end $$;
