-- What a status page shows, as one JSON object: everything of `struct page` (status/page.h),
-- made by status/page_json.c. Times are seconds since 1970, statuses the six numbers, days
-- the columns of page_days.sql, 89 is today in UTC.
--
-- How time is counted is said in page_days.sql.
--
-- What is called for each page is plpgsql, whose plans are kept: a function in SQL that cannot be
-- inlined is parsed and planned by every call, and that took longer than the work itself.
--
-- draft, for a preview: an object that overrides what is stored.
--   title description url lang zone theme accent link robots subscribe day_down   of the page
--   components  [{id, section, kind, monitor, group, name, description, show_ms, show_uptime}]
--               instead of its components; who calls has looked whether they may be seen
--   incident    {id, title, severity, phase, body, monitors, postmortem}: the incident of that
--               id, published or not, or a new one, with one more update
-- All of it may be absent.

-- The components of a page in the order they are shown: those of one section stand together.
create or replace function tocsin.page_components(page bigint, draft jsonb default null)
returns table (n integer, key text, section text, kind text, monitor bigint, group_name text,
               name text, description text, show_ms boolean, show_uptime boolean)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    with stated as (
        select c.id::text as key, c.position as place, c.id as tie, c.section, c.kind, c.monitor,
               c.group_name, c.name, c.description, c.show_ms, c.show_uptime
          from tocsin.component c
         where c.page = page_components.page and draft->'components' is null
        union all
        select coalesce(e.c->>'id', 'new-' || e.n), e.n, 0, coalesce(e.c->>'section', ''),
               e.c->>'kind', (e.c->>'monitor')::bigint, e.c->>'group', coalesce(e.c->>'name', ''),
               coalesce(e.c->>'description', ''), coalesce((e.c->>'show_ms')::boolean, true),
               coalesce((e.c->>'show_uptime')::boolean, true)
          from jsonb_array_elements(draft->'components') with ordinality e (c, n)
    ), shown as (
        select s.*, min(s.place) over (partition by s.section) as section_place
          from stated s left join tocsin.monitor m on m.id = s.monitor
         where s.kind = 'group' or m.deleted_at is null and m.id is not null and (s.kind <> 'host' or m.type = 'host')
    )
    select (row_number() over (order by s.section_place, s.section, s.place, s.tie) - 1)::integer,
           s.key, s.section, s.kind, s.monitor, s.group_name, s.name, s.description, s.show_ms,
           s.show_uptime
      from shown s
     order by 1;
end $$;

-- The monitors behind them, by their number in that order. A group's are those of the page's
-- owner that have this group; a host's are itself and the apps of its list.
create or replace function tocsin.page_members(page bigint, draft jsonb default null)
returns table (n integer, key text, monitor bigint, grouped boolean)
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query
    select c.n, c.key, coalesce(c.monitor, m.id), c.kind in ('group', 'host')
      from tocsin.page_components(page_members.page, page_members.draft) c
      left join tocsin.page p on c.kind = 'group' and p.id = page_members.page
      left join tocsin.monitor m on m.owner = p.owner and m.group_name = c.group_name
                                and m.deleted_at is null
     where coalesce(c.monitor, m.id) is not null
    union all
    select c.n, c.key, a.monitor, true
      from tocsin.page_components(page_members.page, page_members.draft) c
      join tocsin.app a on a.host = c.monitor and a.gone_at is null
     where c.kind = 'host';
end $$;

create or replace function tocsin.page_monitors(page bigint) returns setof bigint
language sql stable security definer set search_path = '' as $$
    select distinct m.monitor from tocsin.page_members(page_monitors.page) m
$$;

-- The pages that show one of these monitors.
create or replace function tocsin.pages_of(monitors bigint[]) returns setof bigint
language sql stable security definer set search_path = '' as $$
    select c.page from tocsin.component c where c.monitor = any (pages_of.monitors)
    union
    select c.page
      from tocsin.monitor m
      join tocsin.component c on c.kind = 'group' and c.group_name = m.group_name
      join tocsin.page p on p.id = c.page and p.owner = m.owner
     where m.id = any (pages_of.monitors)
    union
    select c.page
      from tocsin.app a join tocsin.component c on c.kind = 'host' and c.monitor = a.host
     where a.monitor = any (pages_of.monitors)
$$;

-- The incidents that the public reads of, newest first: those of a year, 300 at most. One that
-- a check opened and nobody gave a title is called as the page calls its component.
-- `members` is {"monitor id": [numbers of components]}, `names` those of the components.
create or replace function tocsin.page_incidents(names text[], members jsonb, rule text,
                                                 at timestamptz, draft jsonb)
returns json
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return (with affected as materialized (
        select i.id as incident, m.key::bigint as monitor
          from jsonb_object_keys(members) m (key)
          join tocsin.incident i on i.monitor = m.key::bigint
         union
        select a.incident, a.monitor
          from jsonb_object_keys(members) m (key)
          join tocsin.incident_affects a on a.monitor = m.key::bigint
    ), known as materialized ( -- before it is asked for each whether it is shown
        select i from tocsin.incident i where exists (select from affected a where a.incident = i.id)
    ), change as (
        select draft->'incident' as d, (draft #>> '{incident,id}')::bigint as id
         where jsonb_typeof(draft->'incident') = 'object'
    ), told as (
        select i.id, i.started_at,
               coalesce(c.d->>'title', nullif(i.public_title, ''),
                        case when i.auto then
                            names[(members->(i.monitor::text)->>0)::integer + 1] || ' is down' end,
                        i.title) as title,
               coalesce(c.d->>'severity', i.severity) as severity, i.resolved_at, c.d
          from known k cross join lateral (select (k.i).*) i left join change c on c.id = i.id
         where (tocsin.incident_shown(k.i, rule) or c.id is not null)
           and (i.resolved_at is null or i.started_at > page_incidents.at - interval '366 days')
        union all
        select null, page_incidents.at, coalesce(c.d->>'title', ''),
               coalesce(c.d->>'severity', 'major'), null, c.d
          from change c where c.id is null
    ), newest as (
        select * from told t order by t.started_at desc, t.id desc nulls first limit 300
    )
    select json_agg(json_build_object(
               'key', coalesce(t.id::text, 'draft'), 'title', t.title, 'severity', t.severity,
               'started_at', floor(extract(epoch from t.started_at))::bigint,
               'resolved_at', coalesce(floor(extract(epoch from
                    case when t.d->>'phase' = 'resolved' then coalesce(t.resolved_at, page_incidents.at)
                         else t.resolved_at end))::bigint, 0),
               'components', coalesce(
                    (select json_agg(distinct n::integer order by n::integer)
                       from (select a.monitor::text as monitor from affected a where a.incident = t.id
                              union
                             select jsonb_array_elements_text(case jsonb_typeof(t.d->'monitors')
                                        when 'array' then t.d->'monitors' else '[]' end)) a
                      cross join jsonb_array_elements_text(members->a.monitor) n), '[]'),
               'updates', (select coalesce(json_agg(u.update order by u.at, u.id nulls last), '[]')
                             from (select e.id, e.at, json_build_object(
                                            'at', floor(extract(epoch from e.at))::bigint,
                                            'phase', coalesce(e.phase, ''), 'author', '',
                                            'body', e.body) as update
                                     from tocsin.incident_event e
                                    where e.incident = t.id and e.public
                                      and e.kind in ('update', 'comment')
                                    union all
                                   select null, page_incidents.at, json_build_object(
                                            'at', floor(extract(epoch from page_incidents.at))::bigint,
                                            'phase', coalesce(t.d->>'phase', ''), 'author', '',
                                            'body', coalesce(t.d->>'body', ''))
                                    where t.d->>'phase' is not null or t.d->>'body' <> '') u),
               'postmortem', coalesce(t.d->>'postmortem',
                    (select m.body from tocsin.postmortem m
                      where m.incident = t.id and m.published_at is not null
                      order by m.revision desc limit 1)))
               order by t.started_at desc, t.id desc nulls first)
      from newest t);
end $$;

-- The occurrences of maintenance that is shown and covers one of the monitors, from 30 days ago
-- to 30 ahead. One that was ended or skipped by hand ends there, or never was.
create or replace function tocsin.page_windows(members jsonb, at timestamptz) returns json
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return (with near as materialized (
        select o.id, o.maintenance, o.starts_at,
               least(o.ends_at, o.cancelled_at) as ends_at, w.title, w.description,
               -- when readers could see it first
               greatest(w.created_at, o.starts_at - interval '30 days') as told_at
          from tocsin.occurrence o join tocsin.maintenance w on w.id = o.maintenance
         where w.show and o.ends_at > page_windows.at - interval '30 days'
           and o.starts_at < page_windows.at + interval '30 days'
           and coalesce(o.cancelled_at > o.starts_at, true)
    ), covered as materialized (
        select x.maintenance, array_agg(distinct n::integer) as components
          from (select distinct n.maintenance from near n) x
         cross join lateral tocsin.maintenance_covers(x.maintenance) c (monitor)
         cross join lateral jsonb_array_elements_text(members->(c.monitor::text)) n
         group by x.maintenance
    )
    select json_agg(json_build_object(
               'key', n.id::text, 'title', n.title, 'description', n.description,
               'starts_at', floor(extract(epoch from n.starts_at))::bigint,
               'ends_at', floor(extract(epoch from n.ends_at))::bigint,
               'told_at', floor(extract(epoch from n.told_at))::bigint,
               'components', c.components, 'updates', json_build_array())
               order by n.starts_at, n.id)
      from (select * from near order by starts_at desc limit 300) n
      join covered c on c.maintenance = n.maintenance);
end $$;

create or replace function tocsin.page_model(page bigint, at timestamptz default now(),
                                             draft jsonb default null)
returns json
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    p       tocsin.page;
    today   constant date := (page_model.at at time zone 'UTC')::date;
    ns      integer[];
    watched bigint[];
    grouped boolean[];
    members jsonb;
    names   text[];
    parts   json;
begin
    select * into p from tocsin.page x where x.id = page_model.page;
    if p.id is null then
        return null;
    end if;
    select array_agg(m.n), array_agg(m.monitor), array_agg(m.grouped) into ns, watched, grouped
      from tocsin.page_members(p.id, draft) m;
    select coalesce(jsonb_object_agg(m.monitor, m.ns), '{}') into members
      from (select u.monitor, jsonb_agg(u.n) as ns from unnest(ns, watched) u (n, monitor)
             group by u.monitor) m;

    with member as (
        select u.n, s.status, s.since, l.ms
          from unnest(ns, watched) u (n, monitor)
          left join tocsin.monitor_state s on s.monitor = u.monitor
          left join lateral (select y.total_us / 1000 as ms from tocsin.monitor_latest y
                              where y.monitor = u.monitor and y.status <> 3 and (y.total_us > 0 or cardinality(y.phase_us) > 0)
                              order by y.at desc limit 1) l on true
    ), worst as (
        select m.n, min(tocsin.status_rank(coalesce(m.status, 0::smallint))) as rank, max(m.ms) as ms
          from member m group by m.n
    ), now_ as (
        select w.n, w.ms, max(coalesce(m.status, 0)) as status, min(m.since) as since
          from worst w join member m
            on m.n = w.n and tocsin.status_rank(coalesce(m.status, 0::smallint)) = w.rank
         group by w.n, w.ms
    )
    select json_agg(json_build_object(
               'key', c.key, 'section', c.section, 'name', c.name, 'description', c.description,
               'status', coalesce(s.status, 0),
               'since', coalesce(floor(extract(epoch from s.since))::bigint, 0),
               'ms', coalesce(s.ms, -1), 'show_ms', c.show_ms, 'show_uptime', c.show_uptime,
               'days', d.days) order by c.n)
, array_agg(c.name order by c.n)
      into parts, names
      from tocsin.page_components(p.id, draft) c
      left join now_ s on s.n = c.n
      left join tocsin.page_days(ns, watched, grouped, today, page_model.at) d on d.n = c.n;

    return json_build_object(
        'id', p.id, 'slug', p.slug, 'title', coalesce(draft->>'title', p.title),
        'description', coalesce(draft->>'description', p.description),
        'url', coalesce(draft->>'url', p.url), 'lang', coalesce(draft->>'lang', p.lang),
        'zone', coalesce(draft->>'zone', p.zone), 'theme', coalesce(draft->>'theme', p.theme),
        'accent', coalesce(draft->>'accent', p.accent), 'link', coalesce(draft->>'link', p.link),
        'logo', translate(encode(p.logo, 'base64'), e'\n', ''), 'logo_type', p.logo_type,
        'robots', coalesce((draft->>'robots')::boolean, p.robots),
        'subscribe', coalesce((draft->>'subscribe')::boolean, p.subscribe) and p.access <> 'password',
        'day_down_s', coalesce((draft->>'day_down')::integer, p.day_down_s),
        'now', floor(extract(epoch from page_model.at))::bigint, 'today', today - date '1970-01-01',
        'components', coalesce(parts, '[]'),
        'incidents', coalesce(tocsin.page_incidents(names, members, p.publish, page_model.at, draft), '[]'),
        'windows', coalesce(tocsin.page_windows(members, page_model.at), '[]'));
end $$;
