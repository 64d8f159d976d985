-- Lists of monitors: in columns for pages that hold all of them, plain for everybody else.

-- Does a monitor pass the filter of a list? Left without its own search_path on purpose:
-- so it is inlined, and a list without a filter pays nothing for it.
create or replace function tocsin.monitor_matches(m tocsin.monitor, status smallint, input jsonb)
returns boolean
language sql stable as $$
    select (input->>'status' is null or tocsin.status_word(status) = any (string_to_array(input->>'status', ',')))
       and (input->>'group' is null or m.group_name = input->>'group')
       and (input->>'tag' is null or m.tags @> string_to_array(input->>'tag', ','))
       and (input->>'owner' is null or m.owner = (input->>'owner')::bigint)
       and (input->>'q' is null
            or position(lower(input->>'q') in lower(m.name || e'\n' || m.url || e'\n' || m.group_name
                                                    || e'\n' || array_to_string(m.tags, e'\n'))) > 0)
$$;

create or replace function tocsin.is_filtered(input jsonb)
returns boolean
language sql immutable as $$
    select input ?| array['q', 'status', 'tag', 'group', 'owner']
$$;

-- Which monitors a filter means: those the caller may see, in the order of their ids. Hosts
-- and apps have their own lists: here they are for who asks for their type, or for 'all'.
create or replace function tocsin.monitors_matching(who tocsin.account, input jsonb, after bigint, "limit" integer)
returns setof tocsin.monitor
language plpgsql stable security definer set search_path = '' as $$
declare
    filtered boolean := tocsin.is_filtered(input);
    deleted boolean := coalesce((input->>'deleted')::boolean, false);
    kind constant text := coalesce(input->>'type', 'http');
begin
    return query
    select m.*
      from tocsin.monitor m
      left join tocsin.monitor_state s on s.monitor = m.id
      left join tocsin.monitor_latest l on l.monitor = m.id and l.region = 0
     where tocsin.sees(who, m.owner) and (m.type = kind or kind = 'all')
       and (m.deleted_at is not null) = deleted
       and (after is null or m.id > after)
       and (not filtered or tocsin.monitor_matches(
                m, tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s), input))
     order by m.id
     limit "limit";
end $$;

-- All in columns. since and checked_at are seconds before now, ms is whole milliseconds,
-- a status is its digit. With `since` (the rev of an earlier answer) only what changed
-- after it, and `gone`: what is no longer in this list. With `fresh` also what was checked
-- within so many seconds.
-- Runs as api.monitor_list does, under its empty search_path.
-- The owners are a range (one's own id, or all ids), so that one plan suits both. It is
-- fastest in a session with plan_cache_mode = force_generic_plan, as the modules have it.
create or replace function tocsin.monitor_columns(who tocsin.account, input jsonb)
returns json
language plpgsql stable as $$
declare
    everything constant boolean := who.role in ('operator', 'admin');
    low constant bigint := case when everything then 0 else who.id end;
    high constant bigint := case when everything then 9223372036854775807 else who.id end;
    filtered constant boolean := tocsin.is_filtered(input);
    kind constant text := coalesce(input->>'type', 'http');
    rev constant xid8 := input->>'since';
    fresh constant timestamptz := now() - interval '1 s' * (input->>'fresh')::integer;
    gone bigint[] := '{}';
    columns json;
begin
    if input->>'since' !~ '^[0-9]{1,19}$' then
        perform tocsin.fail(422, 'This is no rev of a list.', 'since', 'must be `rev` of an earlier answer');
    end if;
    if rev is not null then
        gone := array(
            select m.id from tocsin.monitor m
              left join tocsin.monitor_state s on s.monitor = m.id
              left join tocsin.monitor_latest l on l.monitor = m.id and l.region = 0
             where m.owner between low and high and (m.type = kind or kind = 'all')
               and (m.changed >= rev or s.changed >= rev)
               and (m.deleted_at is not null
                    or filtered and not tocsin.monitor_matches(
                           m, tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s), input)));
    end if;
    select json_build_object(
               'rev', pg_snapshot_xmin(pg_current_snapshot())::text, 'now', tocsin.ts(now()),
               'id', coalesce(array_agg(t.id), '{}'), 'name', coalesce(array_agg(t.name), '{}'),
               'url', coalesce(array_agg(t.url), '{}'), 'type', coalesce(array_agg(t.type), '{}'),
               'group', coalesce(array_agg(t.group_name), '{}'), 'tags', coalesce(json_agg(t.tags), '[]'),
               'status', coalesce(array_agg(t.status), '{}'), 'since', coalesce(array_agg(t.since), '{}'),
               'checked_at', coalesce(array_agg(t.checked_at), '{}'),
               'interval', coalesce(array_agg(t.interval_s), '{}'), 'ms', coalesce(array_agg(t.ms), '{}'),
               'up24', coalesce(array_agg(t.up24), '{}'), 'up30', coalesce(array_agg(t.up30), '{}'),
               'bars24', coalesce(array_agg(t.bars24), '{}'), 'enabled', coalesce(array_agg(t.enabled), '{}'),
               'owner', coalesce(array_agg(t.owner), '{}'), 'reason', coalesce(array_agg(t.reason), '{}'),
               'gone', gone)
      into columns
      from (select m.id, m.name, m.url, m.type, m.group_name, m.tags, m.interval_s, m.owner,
                   m.paused_at is null as enabled,
                   tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s) as status,
                   date_part('epoch', now() - coalesce(s.since, m.created_at))::integer as since,
                   date_part('epoch', now() - l.at)::integer as checked_at,
                   (l.total_us + 999) / 1000 as ms, f.up24, f.up30, f.bars24,
                   case when s.reason <> 0 then (select r.name from tocsin.reason r where r.code = s.reason) end as reason
              from tocsin.monitor m
              left join tocsin.monitor_state s on s.monitor = m.id
              left join tocsin.monitor_latest l on l.monitor = m.id and l.region = 0
              left join tocsin.monitor_figures f on f.monitor = m.id
             where m.deleted_at is null and (m.type = kind or kind = 'all')
               and m.owner between low and high
               and (rev is null or m.changed >= rev or s.changed >= rev or l.at >= fresh)
               and (not filtered or tocsin.monitor_matches(
                        m, tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s), input))
             order by m.id) t;
    return columns;
end $$;

create or replace function tocsin.monitor_page(who tocsin.account, input jsonb)
returns json
language sql stable security definer set search_path = '' as $$
    with page as materialized (
        select x.m, row_number() over (order by (x.m).id) as n
          from (select m from tocsin.monitors_matching(who, input, (input->>'after')::bigint,
                                                       coalesce((input->>'limit')::integer, 50) + 1) m) x
    )
    select json_build_object(
        'items', coalesce(json_agg(tocsin.monitor_json(m, who) order by n)
                          filter (where n <= coalesce((input->>'limit')::integer, 50)), '[]'),
        'next', case when count(*) > coalesce((input->>'limit')::integer, 50)
                     then (max((m).id) filter (where n = coalesce((input->>'limit')::integer, 50)))::text end)
      from page
$$;

create or replace function api.monitor_list(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
begin
    if input->>'view' = 'list' then
        return tocsin.monitor_columns(who, input);
    end if;
    return tocsin.monitor_page(who, input);
end $$;
