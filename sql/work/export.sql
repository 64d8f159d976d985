-- Status data out: what the export role asks to write the plain files of docs/status-data.md.

-- Whose data goes out, under which name: of a page what it shows, by the names it has there;
-- with '*' all monitors, by their own. Hosts and apps have no readings. Where two have the same name, the later has its
-- number behind it. null: there is no such page.
create or replace function work.export_systems(page text)
returns table (monitor bigint, name text, description text)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
    p bigint := (select x.id from tocsin.page x where x.slug = export_systems.page);
begin
    if p is null and export_systems.page <> '*' then
        raise exception using errcode = 'PT404', message = 'there is no page ''' || export_systems.page || '''';
    end if;
    return query
    with shown as (
        select m.id, m.name, '' as description, row_number() over (order by m.id) as place
          from tocsin.monitor m where p is null and m.deleted_at is null and m.type = 'http'
        union all
        -- a monitor may stand on a page more than once, by itself and in a group
        (select distinct on (x.monitor) x.monitor,
                case when x.grouped then m.name else c.name end,
                case when x.grouped then '' else c.description end, c.n
           from tocsin.page_members(p) x
           join tocsin.page_components(p) c on c.n = x.n
           join tocsin.monitor m on m.id = x.monitor
          where p is not null and m.type = 'http'
          order by x.monitor, x.grouped, c.n)
    )
    select s.id, case when row_number() over (partition by lower(s.name) order by s.place, s.id) = 1
                      then s.name else s.name || ' (' || s.id || ')' end, s.description
      from shown s order by s.place, s.id limit 1001;
end $$;

-- A mark for the readings that exist now. `before` is from when on they have to be read by
-- export_between() first: the last `at` when it is more than `fresh_s` ago or its mark is of
-- another database (a restored one counts its transactions anew), 14 days ago without one;
-- else null.
create or replace function work.export_mark(last text, at text, fresh_s bigint)
returns table (mark text, mark_at text, before text)
language sql volatile security definer set search_path = '' as $$
    select pg_current_snapshot()::text, clock_timestamp()::text,
           case when export_mark.at is null then (clock_timestamp() - interval '14 days')::text
                when export_mark.at::timestamptz
                     not between clock_timestamp() - make_interval(secs => fresh_s)
                             and clock_timestamp() + interval '1 minute'
                  or pg_snapshot_xmax(export_mark.last::pg_snapshot)
                     > pg_snapshot_xmax(pg_current_snapshot())
                then greatest(least(export_mark.at::timestamptz, clock_timestamp()) - interval '10 minutes',
                              clock_timestamp() - interval '14 days')::text end
$$;

-- A check as a reading: in maintenance while its monitor was.
create or replace function tocsin.export_reading(monitor bigint, at timestamptz, status smallint,
                                                 reason smallint, code smallint, total_us integer,
                                                 in_maintenance boolean,
                                                 out t bigint, out state integer, out code_ integer,
                                                 out lat integer, out err text)
language sql stable parallel safe as $$
    select floor(extract(epoch from at) * 1000)::bigint,
           case when in_maintenance then 3 when status = 3 then 2 when status = 2 then 1 else 0 end,
           code::integer, total_us / 1000,
           case when status = 3 then (select case when reason = 13 then 'HTTP ' || export_reading.code else r.text end
                                        from tocsin.reason r where r.code = reason) end
$$;

-- The readings that came since a mark, each once: those of transactions that were not to be
-- seen then. The first row carries the next mark. `at` is that of the mark; what came late by
-- more than ten minutes to commit does not exist. states: 0 up, 1 degraded, 2 down, 3
-- maintenance.
create or replace function work.export_since(monitors bigint[], mark text, at text)
returns table (next text, next_at text, monitor bigint, t bigint, state integer, code integer,
               lat integer, err text)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    before constant pg_snapshot := export_since.mark::pg_snapshot;
    low    constant timestamptz := export_since.at::timestamptz - interval '10 minutes';
begin
    return query
        select pg_current_snapshot()::text, clock_timestamp()::text, null::bigint, null::bigint,
               null::integer, null::integer, null::integer, null::text;
    return query
    with wanted as materialized (
        select m.id, m.bucket, m.slot, m.created_at
          from tocsin.monitor m where m.id = any (export_since.monitors) and m.slot is not null
    ), fresh as materialized (
        select w.id, s.at - tocsin.ms(u.age_ms) as at, s.status[u.n] as status,
               s.reason[u.n] as reason, s.code[u.n] as code, s.total_us[u.n] as total_us,
               w.created_at
          from tocsin.segment s
         cross join lateral unnest(s.slot, s.age_ms) with ordinality u (slot, age_ms, n)
          join wanted w on w.bucket = s.bucket and w.slot = u.slot
         where s.at >= low and not pg_visible_in_snapshot(s.changed, before)
    ), upkeep as materialized (
        select x.monitor, x.begins, x.ends
          from tocsin.spans(export_since.monitors, (select min(f.at) from fresh f), now()) x
         where x.status = 4
    )
    select null::text, null::text, f.id, r.t, r.state, r.code_, r.lat, r.err
      from fresh f
     cross join lateral tocsin.export_reading(f.id, f.at, f.status, f.reason, f.code, f.total_us,
               exists (select from upkeep u where u.monitor = f.id and f.at >= u.begins
                                              and f.at < u.ends)) r
     where f.at >= f.created_at
     order by r.t;
end $$;

-- The readings of one monitor in a span of time, for what was before the first mark, or
-- while nobody exported for so long that segments are gone.
create or replace function work.export_between(monitor bigint, "from" text, "to" text)
returns table (t bigint, state integer, code integer, lat integer, err text)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
    low  constant timestamptz := export_between."from"::timestamptz;
    high constant timestamptz := export_between."to"::timestamptz + interval '1 minute';
begin
    return query
    with upkeep as materialized (
        select x.begins, x.ends from tocsin.spans(array[export_between.monitor], low, high) x
         where x.status = 4
    )
    select r.t, r.state, r.code_, r.lat, r.err
      from tocsin.checks(export_between.monitor, low, high) c
     cross join lateral tocsin.export_reading(export_between.monitor, c.at, c.status, c.reason,
               c.code, c.total_us,
               exists (select from upkeep u where c.at >= u.begins and c.at < u.ends)) r
     order by r.t;
end $$;

-- Incidents and maintenance windows of these monitors: those that a page shows, with '*' all
-- incidents, as nobody has to publish anything for data of all.
create or replace function work.export_notes(page text, monitors bigint[]) returns json
language sql stable security definer set search_path = '' as $$
    with incident as (
        select i.*, array(select x.monitor
                            from (select i.monitor union
                                  select a.monitor from tocsin.incident_affects a where a.incident = i.id) x
                           where x.monitor = any (export_notes.monitors)) as affects
          from tocsin.incident i
         where (i.published_at is not null or export_notes.page = '*')
           and (i.resolved_at is null or i.resolved_at > now() - interval '90 days')
    ), window_ as (
        select o.id, w.title, w.description, w.created_at, o.starts_at,
               least(o.ends_at, o.cancelled_at) as ends_at,
               array(select c from tocsin.maintenance_covers(w.id) c
                      where c = any (export_notes.monitors)) as affects
          from tocsin.occurrence o join tocsin.maintenance w on w.id = o.maintenance
         where w.show and o.ends_at > now() - interval '60 days'
           and o.starts_at < now() + interval '30 days'
           and coalesce(o.cancelled_at > o.starts_at, true)
    )
    select json_build_object(
        'title', coalesce((select p.title from tocsin.page p where p.slug = export_notes.page), ''),
        'url', coalesce((select p.url from tocsin.page p where p.slug = export_notes.page), ''),
        'incidents', coalesce((select json_agg(json_build_object(
                'id', i.id, 'title', coalesce(nullif(i.public_title, ''), i.title),
                'severity', i.severity, 'created_at', floor(extract(epoch from i.started_at))::bigint,
                'closed_at', coalesce(floor(extract(epoch from i.resolved_at))::bigint, 0),
                'monitors', i.affects,
                'body', coalesce((select e.body from tocsin.incident_event e
                                   where e.incident = i.id and e.public and e.body <> ''
                                   order by e.id limit 1), ''),
                'comments', (select coalesce(json_agg(json_build_object(
                                 'at', floor(extract(epoch from e.at))::bigint, 'phase', e.phase,
                                 'body', e.body) order by e.id), '[]')
                               from tocsin.incident_event e
                              where e.incident = i.id and e.public and e.kind in ('update', 'comment')))
                order by i.started_at desc, i.id desc)
            from (select * from incident where cardinality(affects) > 0
                   order by started_at desc, id desc limit 500) i), '[]'),
        'windows', coalesce((select json_agg(json_build_object(
                'id', w.id, 'title', w.title, 'body', w.description, 'monitors', w.affects,
                'created_at', floor(extract(epoch from w.created_at))::bigint,
                'starts_at', floor(extract(epoch from w.starts_at))::bigint,
                'ends_at', floor(extract(epoch from w.ends_at))::bigint) order by w.starts_at desc, w.id)
            from (select * from window_ where cardinality(affects) > 0
                   order by starts_at desc limit 500) w), '[]'))
$$;
