-- What `tocsin status-data migrate` puts in: monitors of somebody, with a history that was
-- measured elsewhere. Everything can be said again; nothing comes twice.

create or replace function tocsin.import_owner(email text) returns bigint
language plpgsql stable set search_path = '' as $$
declare
    id bigint;
begin
    select a.id into id from tocsin.account a where a.email = lower(btrim(import_owner.email));
    if id is null then
        raise exception 'there is no account %', import_owner.email;
    end if;
    return id;
end $$;

-- The owner's monitor of that name, or of that URL, or a new one. Without a URL it is made
-- paused, with an address that never is one. It existed when its first check was made.
create or replace function tocsin.import_monitor(owner bigint, name text, url text, method text,
                                                 expect text, timeout_s integer,
                                                 degraded_ms integer, interval_s integer,
                                                 begun timestamptz)
returns bigint
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    title constant text := left(import_monitor.name, 120);
    place constant text := coalesce(tocsin.kept_url(import_monitor.url),
                                    'https://import.invalid/' || md5(import_monitor.name));
    m tocsin.monitor;
begin
    select * into m from tocsin.monitor x
     where x.owner = import_monitor.owner and x.deleted_at is null and x.type = 'http'
       and (x.name = title or x.url = place and x.method = import_monitor.method)
     order by x.name <> title, x.id limit 1;
    if m.id is not null then
        update tocsin.monitor x set created_at = import_monitor.begun
         where x.id = m.id and x.created_at > import_monitor.begun;
        return m.id;
    end if;
    insert into tocsin.monitor (owner, name, url, method, expect, interval_s, timeout_s,
                                degraded_ms, created_at, paused_at)
    values (import_monitor.owner, title, place, import_monitor.method,
            coalesce(import_monitor.expect, '200-399'), import_monitor.interval_s,
            least(greatest(import_monitor.timeout_s, 1), 60,
                  case when import_monitor.interval_s < 10 then 60 else import_monitor.interval_s end),
            case when import_monitor.degraded_ms between 1 and 60000 then import_monitor.degraded_ms end,
            import_monitor.begun, case when import_monitor.url is null then now() end)
    returning * into m;
    insert into tocsin.monitor_state (monitor, since) values (m.id, import_monitor.begun);
    perform tocsin.monitor_default_channels(m.id, m.owner);
    perform pg_notify('tocsin_work', 'place');
    return m.id;
end $$;

-- Checks, as arrays side by side; at_ms counts from 1970. What an hour has at that moment
-- already stays as it is.
create or replace function tocsin.import_checks(monitor bigint, at_ms bigint[], status smallint[],
                                                reason smallint[], code integer[],
                                                total_ms integer[])
returns void
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
begin
    perform tocsin.partition_make('monitor_hour', to_timestamp(d * 86400.0))
       from (select distinct t / 86400000 as d from unnest(import_checks.at_ms) t) x;
    insert into tocsin.monitor_hour as h
           (monitor, region, hour, at_ms, status, reason, code, total_us, dns_us, connect_us,
            tls_us, ttfb_us)
    select import_checks.monitor, 0, to_timestamp((x.t / 3600000) * 3600.0),
           array_agg((x.t % 3600000)::integer order by x.t), array_agg(x.status order by x.t),
           array_agg(x.reason order by x.t),
           array_agg(least(x.code, 32767)::smallint order by x.t),
           array_agg(least(x.ms, 2147483) * 1000 order by x.t),
           array_agg(0 order by x.t), array_agg(0 order by x.t), array_agg(0 order by x.t),
           array_agg(0 order by x.t)
      from unnest(import_checks.at_ms, import_checks.status, import_checks.reason,
                  import_checks.code, import_checks.total_ms) x (t, status, reason, code, ms)
     group by x.t / 3600000
    on conflict (monitor, hour, region) do update
       set (at_ms, status, reason, code, total_us, dns_us, connect_us, tls_us, ttfb_us) =
           (select array_agg(z.a order by z.a), array_agg(z.s order by z.a),
                   array_agg(z.r order by z.a), array_agg(z.c order by z.a),
                   array_agg(z.t order by z.a), array_agg(z.p1 order by z.a),
                   array_agg(z.p2 order by z.a), array_agg(z.p3 order by z.a),
                   array_agg(z.p4 order by z.a)
              from (select distinct on (y.a) y.*
                      from unnest(h.at_ms || excluded.at_ms, h.status || excluded.status,
                                  h.reason || excluded.reason, h.code || excluded.code,
                                  h.total_us || excluded.total_us, h.dns_us || excluded.dns_us,
                                  h.connect_us || excluded.connect_us, h.tls_us || excluded.tls_us,
                                  h.ttfb_us || excluded.ttfb_us)
                           with ordinality y (a, s, r, c, t, p1, p2, p3, p4, n)
                     order by y.a, y.n) z);
end $$;

-- The statuses that the checks before a time make: each change, and `unknown` where none was
-- made for long. Where the monitor is paused, that follows the last one.
create or replace function tocsin.import_changes(m tocsin.monitor, till timestamptz)
returns table (seq bigint, prev smallint, status smallint, at timestamptz, reason smallint,
               code integer)
language sql stable set search_path = '' as $$
    with gap as (
        select greatest(m.interval_s * 2 + 30, 1800) * interval '1 second' as long
    ), checks as (
        select h.hour + c.at_ms * interval '1 millisecond' as at, c.status, c.reason, c.code
          from tocsin.monitor_hour h
         cross join lateral unnest(h.at_ms, h.status, h.reason, h.code) c (at_ms, status, reason, code)
         where h.monitor = m.id and h.hour < import_changes.till
    ), turn as (
        select c.*, lag(c.status) over w as was, lag(c.at) over w as before,
               lead(c.at) over w as after
          from checks c where c.at < import_changes.till
        window w as (order by c.at)
    ), change as (
        select t.at, t.status, t.reason, t.code::integer from turn t, gap g
         where t.was is distinct from t.status or t.at - t.before > g.long
        union all
        select t.at + g.long,
               case when t.after is null and m.paused_at is not null then 5 else 0 end::smallint, 0, 0
          from turn t, gap g
         where t.at + g.long < least(coalesce(t.after, import_changes.till), now())
    )
    select row_number() over (order by c.at),
           coalesce(lag(c.status) over (order by c.at), 0::smallint), c.status, c.at, c.reason,
           c.code
      from change c
$$;

-- Make the transitions that come before all that Tocsin has seen itself. Those of an earlier
-- import go; their number is kept in a setting. Returns how many there are now.
create or replace function tocsin.import_history(monitor bigint) returns bigint
language plpgsql volatile set search_path = '' set work_mem = '64MB' as $$
#variable_conflict use_column
declare
    place constant text := 'import/' || import_history.monitor;
    m     tocsin.monitor;
    s     tocsin.monitor_state;
    old   bigint;
    fresh bigint;
    own   timestamptz; -- the first transition of its own
    made  tocsin.transition[];
    last  tocsin.transition;
begin
    select * into m from tocsin.monitor x where x.id = import_history.monitor;
    select * into s from tocsin.monitor_state x where x.monitor = m.id for update;
    old := coalesce((select (x.value->>'transitions')::bigint from tocsin.setting x where x.key = place), 0);
    select min(t.at) into own from tocsin.transition t where t.monitor = m.id and t.seq > old;

    select coalesce(array_agg(row(m.id, c.seq, c.prev, c.status, c.at, c.at, c.reason, c.code, '')
                              ::tocsin.transition order by c.seq), '{}')
      into made from tocsin.import_changes(m, coalesce(own, 'infinity')) c;
    fresh := cardinality(made);
    last := made[fresh];
    delete from tocsin.transition t where t.monitor = m.id and t.seq <= old;
    if fresh <> old then
        -- by way of negative numbers, so that none meets another
        update tocsin.transition t set seq = -(t.seq + fresh - old) where t.monitor = m.id;
        update tocsin.transition t set seq = -t.seq where t.monitor = m.id and t.seq < 0;
        update tocsin.incident i set open_seq = -(i.open_seq + fresh - old),
                                     close_seq = i.close_seq + fresh - old
         where i.monitor = m.id and i.open_seq > old;
        update tocsin.incident i set open_seq = -i.open_seq
         where i.monitor = m.id and i.open_seq < 0;
    end if;
    insert into tocsin.transition select * from unnest(made);

    if own is not null then
        update tocsin.transition t set prev = coalesce(last.status, 0::smallint)
         where t.monitor = m.id and t.seq = fresh + 1;
        update tocsin.monitor_state x set seq = x.seq + fresh - old where x.monitor = m.id;
    elsif fresh > 0 then
        update tocsin.monitor_state x
           set seq = fresh, status = last.status, since = last.at, reason = last.reason,
               code = last.code, message = ''
         where x.monitor = m.id;
    end if;
    insert into tocsin.setting (key, value)
    values (place, jsonb_build_object('transitions', fresh))
    on conflict (key) do update set value = excluded.value;
    return fresh;
end $$;

-- The days before today, from what was put in.
create or replace function tocsin.import_days(monitors bigint[], first date, last date) returns bigint
language sql volatile set search_path = '' set work_mem = '64MB' as $$
    select sum(tocsin.pack_day(d::date, import_days.monitors))
      from generate_series(import_days.first, least(import_days.last, (now() at time zone 'UTC')::date - 1),
                           interval '1 day') d
$$;

-- ---------------------------------------------------------------- what people said

create or replace function tocsin.import_affected(owner bigint, systems jsonb)
returns table (id bigint)
language sql stable set search_path = '' as $$
    select distinct m.id
      from jsonb_array_elements_text(import_affected.systems) s
      join tocsin.monitor m on m.name = left(s, 120)
     where m.owner = import_affected.owner and m.deleted_at is null and m.type = 'http'
$$;

-- An incident, told by its title and its begin from others; it is public, as it was.
create or replace function tocsin.import_incident(owner bigint, note jsonb) returns bigint
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    named constant text := left(note->>'title', 200);
    begun constant timestamptz := (note->>'createdAt')::timestamptz;
    ended constant timestamptz := (note->>'closedAt')::timestamptz;
    word  constant text := case when note->>'closedAt' is null then 'investigating' else 'resolved' end;
    i bigint;
begin
    select x.id into i from tocsin.incident x
     where x.owner = import_incident.owner and not x.auto and x.title = named
       and x.started_at = begun;
    if i is null then
        insert into tocsin.incident (owner, auto, title, severity, cause, started_at, resolved_at,
                                     phase, published_at)
        values (import_incident.owner, false, named, note->>'severity', left(coalesce(note->>'url', ''), 500),
                begun, ended, word, begun)
        returning id into i;
    else
        update tocsin.incident x set resolved_at = ended, phase = word, severity = note->>'severity'
         where x.id = i and (x.resolved_at, x.severity) is distinct from (ended, note->>'severity');
    end if;
    insert into tocsin.incident_event (incident, at, actor_name, kind, phase, body, public)
    select i, e.at, e.who, 'update', e.phase, e.body, true
      from (select begun as at, '' as who, 'investigating' as phase, left(note->>'body', 10000) as body
             where coalesce(note->>'body', '') <> ''
            union all
            select coalesce((c->>'createdAt')::timestamptz, begun), coalesce(c->>'author', ''),
                   case when c->>'phase' in ('identified', 'monitoring', 'resolved') then c->>'phase'
                        else 'investigating' end, left(c->>'body', 10000)
              from jsonb_array_elements(note->'comments') c where coalesce(c->>'body', '') <> ''
            union all
            select ended, '', 'resolved', '' where ended is not null) e
     where not exists (select from tocsin.incident_event x
                        where x.incident = i and x.at = e.at and x.kind = 'update' and x.body = e.body)
     order by e.at;
    insert into tocsin.incident_affects (incident, monitor)
    select i, a.id from tocsin.import_affected(import_incident.owner, note->'systems') a
    on conflict do nothing;
    return i;
end $$;

-- A window. One that was closed before its end ended then; too short a one lasts a minute.
create or replace function tocsin.import_maintenance(owner bigint, note jsonb) returns bigint
language plpgsql volatile set search_path = '' as $$
#variable_conflict use_column
declare
    named constant text := left(note->>'title', 200);
    begun constant timestamptz := (note->>'start')::timestamptz;
    ends  constant timestamptz := least((note->>'end')::timestamptz,
                                        case when note->>'closedAt' is not null then
                                             greatest((note->>'closedAt')::timestamptz, begun) end);
    long  constant integer := least(greatest(extract(epoch from ends - begun), 60), 2678400);
    w bigint;
begin
    select x.id into w from tocsin.maintenance x
     where x.owner = import_maintenance.owner and x.title = named
       and x.starts_at = begun;
    if w is not null then
        return w;
    end if;
    insert into tocsin.maintenance (owner, title, description, starts_at, duration_s, everything,
                                    tell, created_by, created_at)
    values (import_maintenance.owner, named, left(coalesce(note->>'body', ''), 10000), begun, long,
            coalesce(jsonb_array_length(note->'systems'), 0) = 0, false, 'status-data',
            coalesce((note->>'createdAt')::timestamptz, begun))
    returning id into w;
    insert into tocsin.maintenance_monitor (maintenance, monitor)
    select w, a.id from tocsin.import_affected(import_maintenance.owner, note->'systems') a
    on conflict do nothing;
    insert into tocsin.occurrence (maintenance, starts_at, ends_at, told_start_at, told_end_at)
    values (w, begun, begun + long * interval '1 second', begun, begun)
    on conflict do nothing;
    perform pg_notify('tocsin_work', 'config');
    return w;
end $$;

-- ---------------------------------------------------------------- and out again

-- The monitors of somebody, or of all (null), with the name that their readings get: the
-- second of one name gets its number behind it.
create or replace function tocsin.export_monitors(owner bigint)
returns table (id bigint, name text)
language sql stable set search_path = '' as $$
    select m.id, case when row_number() over (partition by m.name order by m.id) = 1 then m.name
                 else m.name || ' (' || m.id || ')' end
      from tocsin.monitor m
     where m.deleted_at is null and m.type = 'http' and (export_monitors.owner is null or m.owner = export_monitors.owner)
$$;

create or replace function tocsin.export_days(owner bigint, out first date, out last date)
language sql stable set search_path = '' as $$
    select min(x.first at time zone 'UTC')::date, (now() at time zone 'UTC')::date
      from (select (select min(h.hour) from tocsin.monitor_hour h where h.monitor = m.id) as first
              from tocsin.export_monitors(export_days.owner) m
            union all
            select min(s.at) - interval '1 hour' from tocsin.segment s) x
$$;

-- The checks of a day, oldest first.
create or replace function tocsin.export_checks(owner bigint, day date)
returns table (t bigint, name text, status smallint, code integer, ms integer, err text)
language sql stable set search_path = '' as $$
    select round(extract(epoch from c.at) * 1000)::bigint, m.name, c.status, c.code::integer,
           c.total_us / 1000,
           case when c.status = 3 and c.code = 0 then tocsin.reason_text(c.reason) end
      from tocsin.export_monitors(export_checks.owner) m
     cross join lateral tocsin.checks(m.id, export_checks.day::timestamp at time zone 'UTC',
                                      (export_checks.day + 1)::timestamp at time zone 'UTC') c
     where c.status between 1 and 4
     order by c.at, m.id
$$;

-- Days of which the numbers are left, and no checks.
create or replace function tocsin.export_old_days(owner bigint)
returns table (day date, name text, checks integer, failed integer, outages integer, ms integer)
language sql stable set search_path = '' as $$
    select d.day, m.name, d.checks, d.failed,
           (select count(*) from tocsin.transition t
             where t.monitor = m.id and t.status = 3 and t.at >= d.day::timestamp at time zone 'UTC'
               and t.at < (d.day + 1)::timestamp at time zone 'UTC')::integer,
           coalesce(d.sum_us / nullif(d.checks - d.failed, 0) / 1000, 0)::integer
      from tocsin.export_monitors(export_old_days.owner) m
      join tocsin.monitor_day d on d.monitor = m.id
     where d.checks > 0
       and not exists (select from tocsin.monitor_hour h
                        where h.monitor = m.id and h.hour >= d.day::timestamp at time zone 'UTC'
                          and h.hour < (d.day + 1)::timestamp at time zone 'UTC')
     order by d.day, m.id
$$;

-- What the public may read of incidents, and the windows that are shown, in the shape of
-- incidents.json and maintenance.json.
create or replace function tocsin.export_notes(owner bigint) returns json
language sql stable set search_path = '' as $$
    with named as materialized (select * from tocsin.export_monitors(export_notes.owner))
    select json_build_object(
        'incidents', coalesce((select json_agg(json_build_object(
            'id', i.id, 'title', coalesce(nullif(i.public_title, ''), i.title), 'severity', i.severity,
            'createdAt', tocsin.ts(i.started_at), 'closedAt', tocsin.ts(i.resolved_at),
            'updatedAt', tocsin.ts((select max(e.at) from tocsin.incident_event e
                                     where e.incident = i.id and e.public)),
            'url', nullif(i.cause, ''),
            'systems', coalesce((select json_agg(n.name order by n.id) from named n
                                  where n.id = i.monitor
                                     or n.id in (select a.monitor from tocsin.incident_affects a
                                                  where a.incident = i.id)), '[]'),
            'body', coalesce((select e.body from tocsin.incident_event e
                               where e.incident = i.id and e.kind = 'update' and e.public
                                 and e.at = i.started_at order by e.id limit 1), ''),
            'comments', coalesce((select json_agg(json_build_object(
                'author', e.actor_name, 'createdAt', tocsin.ts(e.at), 'phase', e.phase, 'body', e.body)
                                   order by e.at, e.id)
                                    from tocsin.incident_event e
                                   where e.incident = i.id and e.kind = 'update' and e.public
                                     and e.body <> '' and e.at <> i.started_at), '[]'))
                                  order by i.id)
                                from tocsin.incident i
                               where i.published_at is not null
                                 and (export_notes.owner is null or i.owner = export_notes.owner)), '[]'),
        'maintenance', coalesce((select json_agg(json_build_object(
            'id', o.id, 'title', w.title, 'description', w.description,
            'start', tocsin.ts(o.starts_at), 'end', tocsin.ts(o.ends_at),
            'createdAt', tocsin.ts(w.created_at),
            'systems', coalesce((select json_agg(n.name order by n.id) from named n
                                  where n.id in (select tocsin.maintenance_covers(w.id))), '[]'))
                                  order by o.id)
                                from tocsin.occurrence o
                                join tocsin.maintenance w on w.id = o.maintenance
                               where w.show and o.cancelled_at is null
                                 and o.starts_at < now() + interval '30 days'
                                 and (export_notes.owner is null or w.owner = export_notes.owner)), '[]'))
$$;
