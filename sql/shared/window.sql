-- Maintenance windows as people write and read them: their settings, the rules of these,
-- their occurrences, their JSON.

-- ---------------------------------------------------------------- what the clock says

-- When it is over: as planned, or when it was cancelled in the middle.
create or replace function tocsin.occurrence_end(o tocsin.occurrence) returns timestamptz
language sql immutable as $$
    select least(o.ends_at, case when o.cancelled_at > o.starts_at then o.cancelled_at end)
$$;

create or replace function tocsin.occurrence_state(o tocsin.occurrence,
                                                   at timestamptz default now())
returns text
language sql stable as $$
    select case when o.cancelled_at <= occurrence_state.at then 'cancelled'
                when o.starts_at > occurrence_state.at then 'upcoming'
                when o.ends_at > occurrence_state.at then 'in-progress' else 'completed' end
$$;

-- The occurrence that runs, or else the next one.
create or replace function tocsin.maintenance_current(id bigint, at timestamptz default now())
returns tocsin.occurrence
language sql stable security definer set search_path = '' as $$
    select o from tocsin.occurrence o
     where o.maintenance = maintenance_current.id and o.ends_at > maintenance_current.at
       and o.cancelled_at is null
     order by o.starts_at limit 1
$$;

create or replace function tocsin.maintenance_state(w tocsin.maintenance,
                                                    at timestamptz default now())
returns text
language sql stable security definer set search_path = '' as $$
    select case when w.cancelled_at <= maintenance_state.at then 'cancelled'
                else coalesce(tocsin.occurrence_state(o, maintenance_state.at), 'completed') end
      from (select) one
      left join tocsin.maintenance_current(w.id, maintenance_state.at) o on o.id is not null
$$;

-- ---------------------------------------------------------------- JSON

create or replace function tocsin.maintenance_json(w tocsin.maintenance)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    o tocsin.occurrence := tocsin.maintenance_current(w.id);
begin
    return json_build_object(
        'version', w.version, 'id', w.id, 'title', w.title, 'description', w.description,
        'state', tocsin.maintenance_state(w),
        'next', case when o.id is not null and w.cancelled_at is null then json_build_object(
                    'starts_at', tocsin.ts(o.starts_at), 'ends_at', tocsin.ts(o.ends_at)) end,
        'zone', w.zone, 'starts_at', tocsin.ts(w.starts_at), 'duration', w.duration_s,
        'repeat', w.repeat, 'rule', w.rule, 'until', tocsin.ts(w.until_at),
        'everything', w.everything,
        'monitors', coalesce((select json_agg(x.monitor order by x.monitor)
                                from tocsin.maintenance_monitor x where x.maintenance = w.id), '[]'),
        'tags', w.tags, 'groups', w.groups, 'silence', w.silence, 'pause', w.pause,
        'show', w.show, 'tell', w.tell, 'tell_before', w.tell_before_s,
        'cancelled_at', tocsin.ts(w.cancelled_at), 'owner', w.owner,
        'created_at', tocsin.ts(w.created_at), 'created_by', w.created_by);
end $$;

-- What is read of one alone: how many monitors it is about now, and what it did and will do.
create or replace function tocsin.maintenance_full(w tocsin.maintenance)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    return tocsin.json_join(tocsin.maintenance_json(w), json_build_object(
        'covers', (select count(*) from tocsin.maintenance_covers(w.id)),
        'occurrences', coalesce((
            select json_agg(tocsin.occurrence_json(x.o) order by (x.o).starts_at)
              from ((select o from tocsin.occurrence o
                      where o.maintenance = w.id and o.ends_at <= now()
                      order by o.starts_at desc limit 10)
                    union all
                    (select o from tocsin.occurrence o
                      where o.maintenance = w.id and o.ends_at > now()
                      order by o.starts_at limit 20)) x (o)), '[]')));
end $$;

create or replace function tocsin.occurrence_json(o tocsin.occurrence) returns json
language sql stable set search_path = '' as $$
    select json_build_object('id', o.id, 'starts_at', tocsin.ts(o.starts_at),
                             'ends_at', tocsin.ts(tocsin.occurrence_end(o)),
                             'state', tocsin.occurrence_state(o))
$$;

-- ---------------------------------------------------------------- settings and their rules

-- A time with an offset, or one of the wall clock of the zone ("2026-03-29T22:00").
create or replace function tocsin.window_time(said text, zone text, out at timestamptz,
                                              out error text)
language plpgsql stable set search_path = '' as $$
begin
    if said ~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?$' then
        at := tocsin.wall(said::timestamp, zone);
    elsif said ~* '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$' then
        at := said::timestamptz;
    else
        error := 'must be a time like 2026-01-31T22:00 in the window''s zone, or 2026-01-31T22:00:00Z';
        return;
    end if;
    if at < '1970-01-01' or at > now() + interval '20 years' then
        at := null;
        error := 'must lie within 20 years from now';
    end if;
exception when datetime_field_overflow or invalid_datetime_format or invalid_parameter_value then
    error := 'is not a time that exists';
end $$;

-- IANA names only: PostgreSQL would take abbreviations and POSIX rules too, which know nothing
-- of the past or of summer.
create or replace function tocsin.zone_error(zone text) returns text
language plpgsql stable set search_path = '' as $$
begin
    if zone = 'UTC' then
        return null;
    end if;
    perform now() at time zone zone;
    if exists (select from pg_catalog.pg_timezone_names z where z.name = zone)
       and zone !~ '^(posix|right)/|^(Factory|localtime|posixrules)$' then
        return null;
    end if;
    return 'must be the name of a time zone, such as Europe/Berlin';
exception when invalid_parameter_value then
    return 'must be the name of a time zone, such as Europe/Berlin';
end $$;

-- One member of a rule: a whole number between two.
create or replace function tocsin.rule_between(value jsonb, low integer, high integer)
returns boolean
language sql immutable set search_path = '' as $$
    select jsonb_typeof(value) = 'number' and (value #>> '{}') ~ '^-?[0-9]{1,4}$'
       and (value #>> '{}')::integer between low and high
$$;

-- What is wrong with a rule: a sentence about its members, null when nothing is.
create or replace function tocsin.rule_error(repeat text, rule jsonb) returns text
language plpgsql immutable set search_path = '' as $$
declare
    known constant text[] := case repeat when 'weekly' then '{every,days}'
                                         when 'monthly' then '{every,day,week,weekday}'
                                         when 'cron' then '{expression}' else '{}' end;
begin
    return nullif(concat_ws('; ',
        (select string_agg(left(k, 40) || ' does not go with repeat ' || repeat, '; ')
           from jsonb_object_keys(rule) k where k <> all (known)),
        case when rule ? 'every' and not tocsin.rule_between(rule -> 'every', 1, 52)
             then 'every must be between 1 and 52' end,
        case when not rule ? 'days' then null
             when jsonb_typeof(rule -> 'days') <> 'array' then 'days must be a list of 1 (Monday) to 7 (Sunday)'
             when jsonb_array_length(rule -> 'days') not between 1 and 7
               or exists (select from jsonb_array_elements(rule -> 'days') d where not tocsin.rule_between(d, 1, 7))
             then 'days must be a list of 1 (Monday) to 7 (Sunday)' end,
        case when not rule ? 'day' then null
             when not tocsin.rule_between(rule -> 'day', 1, 31) then 'day must be between 1 and 31'
             when rule ?| '{week,weekday}' then 'day does not go with week and weekday' end,
        case when repeat = 'monthly' and rule ?| '{week,weekday}' then nullif(concat_ws('; ',
            case when tocsin.rule_between(rule -> 'week', -1, 5) is not true or rule -> 'week' = '0'
                 then 'week must be 1 to 5, or -1 for the last' end,
            case when tocsin.rule_between(rule -> 'weekday', 1, 7) is not true
                 then 'weekday must be between 1 (Monday) and 7 (Sunday)' end), '') end,
        case when repeat <> 'cron' then null
             when coalesce(jsonb_typeof(rule -> 'expression'), '') <> 'string' or length(rule ->> 'expression') > 500
             then 'expression is required'
             else 'expression ' || (tocsin.cron(rule ->> 'expression')).error end), '');
end $$;

-- How the occurrences of a window fit together: null, or {field: rule}.
create or replace function tocsin.occurrence_errors(w tocsin.maintenance) returns jsonb
language plpgsql stable set search_path = '' as $$
declare
    c      record;
    starts timestamptz[];
begin
    if w.repeat = 'once' then
        return case when w.starts_at + make_interval(secs => w.duration_s) <= now()
                    then '{"starts_at": "lies so far back that the window is over"}'::jsonb end;
    elsif w.repeat = 'cron' then
        c := tocsin.cron(w.rule ->> 'expression');
        if cardinality(c.minutes) * cardinality(c.hours) > 50 then
            return '{"rule": "expression comes too often: more than 50 times a day"}';
        elsif not c.either and (select min(d) from unnest(c.days) d)
                 > (select max(case when m = 2 then 29 when m in (4, 6, 9, 11) then 30 else 31 end)
                      from unnest(c.months) m) then
            return '{"rule": "expression never comes"}';
        end if;
    end if;
    starts := array(select tocsin.maintenance_next_starts(w));
    return case
        when cardinality(starts) = 0 then
            case when w.until_at is not null then '{"until": "leaves no occurrence"}'::jsonb
                 else '{"rule": "never comes"}' end
        when exists (select from unnest(starts[:cardinality(starts) - 1], starts[2:]) x (a, b)
                      where x.a + make_interval(secs => w.duration_s) > x.b)
            then '{"duration": "must not be longer than the time to the next occurrence"}'::jsonb
        end;
end $$;

-- The settings put into a window that is new or stored; what is not named stays. Raises 422
-- with all that is wrong.
create or replace function tocsin.maintenance_with(w tocsin.maintenance, input jsonb)
returns tocsin.maintenance
language plpgsql stable set search_path = '' as $$
declare
    errors jsonb := '{}';
    t      record;
begin
    if input ? 'title' then w.title := btrim(input ->> 'title'); end if;
    if w.title = '' then errors := errors || '{"title": "must not be empty"}'; end if;
    if input ? 'description' then w.description := coalesce(input ->> 'description', ''); end if;
    if input ? 'zone' then
        errors := errors || jsonb_strip_nulls(jsonb_build_object('zone', tocsin.zone_error(input ->> 'zone')));
        if not errors ? 'zone' then w.zone := input ->> 'zone'; end if;
    end if;
    if input ? 'starts_at' then
        t := tocsin.window_time(input ->> 'starts_at', w.zone);
        errors := errors || jsonb_strip_nulls(jsonb_build_object('starts_at', t.error));
        w.starts_at := coalesce(t.at, w.starts_at);
    end if;
    if input ? 'duration' then w.duration_s := (input ->> 'duration')::integer; end if;
    if input ? 'ends_at' then
        t := tocsin.window_time(input ->> 'ends_at', w.zone);
        t.error := case when t.error is not null then t.error
                        when input ? 'duration' then 'does not go with duration'
                        when t.at <= w.starts_at then 'must be after the start'
                        when t.at < w.starts_at + interval '1 minute' then 'must be a minute after the start at least'
                        when t.at > w.starts_at + interval '31 days' then 'must be 31 days after the start at most' end;
        errors := errors || jsonb_strip_nulls(jsonb_build_object('ends_at', t.error));
        if t.error is null then
            w.duration_s := ceil(extract(epoch from t.at - w.starts_at));
        end if;
    end if;
    if w.duration_s is null and not input ? 'ends_at' then
        errors := errors || '{"duration": "is required"}';
    end if;
    if input ? 'repeat' then
        w.rule := case when input ->> 'repeat' <> w.repeat then '{}' else w.rule end;
        w.repeat := input ->> 'repeat';
    end if;
    if input ? 'rule' then w.rule := coalesce(nullif(input -> 'rule', 'null'), '{}'); end if;
    errors := errors || jsonb_strip_nulls(jsonb_build_object('rule', tocsin.rule_error(w.repeat, w.rule)));
    if input ? 'until' then
        w.until_at := null;
        if input ->> 'until' is not null then
            t := tocsin.window_time(input ->> 'until', w.zone);
            w.until_at := t.at;
            t.error := coalesce(t.error, case when t.at < w.starts_at then 'must not be before the start' end);
            errors := errors || jsonb_strip_nulls(jsonb_build_object('until', t.error));
        end if;
    end if;
    if w.repeat = 'once' then
        w.until_at := null;
    end if;
    w := tocsin.maintenance_effects(w, input);
    errors := errors || jsonb_strip_nulls(jsonb_build_object('tags', tocsin.tags_error(w.tags),
        'groups', case when exists (select from unnest(w.groups) g where length(g) not between 1 and 80)
                       then 'must hold names of 1 to 80 characters' end));
    if errors = '{}' and (w.id is null or input ?| '{zone,starts_at,ends_at,duration,repeat,rule,until}') then
        errors := coalesce(tocsin.occurrence_errors(w), '{}');
    end if;
    if errors <> '{}' then
        raise exception using errcode = 'PT422', message = 'The window cannot be so.',
            detail = jsonb_build_object('errors', errors)::text;
    end if;
    return w;
end $$;

-- What it is about and what it does.
create or replace function tocsin.maintenance_effects(w tocsin.maintenance, input jsonb)
returns tocsin.maintenance
language plpgsql immutable set search_path = '' as $$
begin
    if input ? 'everything' then w.everything := (input ->> 'everything')::boolean; end if;
    if input ? 'tags' then
        w.tags := array(select distinct btrim(t) from jsonb_array_elements_text(input -> 'tags') t order by 1);
    end if;
    if input ? 'groups' then
        w.groups := array(select distinct btrim(g) from jsonb_array_elements_text(input -> 'groups') g order by 1);
    end if;
    if input ? 'silence' then w.silence := (input ->> 'silence')::boolean; end if;
    if input ? 'pause' then w.pause := (input ->> 'pause')::boolean; end if;
    if input ? 'show' then w.show := (input ->> 'show')::boolean; end if;
    if input ? 'tell' then w.tell := (input ->> 'tell')::boolean; end if;
    if input ? 'tell_before' then w.tell_before_s := (input ->> 'tell_before')::integer; end if;
    return w;
end $$;

-- The monitors that it names, set to these; refused when the caller may not see one, and when
-- the window would be about nothing.
create or replace function tocsin.maintenance_monitors(w tocsin.maintenance, who tocsin.account,
                                                       monitors jsonb)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    wanted  bigint[] := array(select distinct jsonb_array_elements_text(monitors)::bigint);
    strange bigint;
begin
    if monitors is not null then
        select x into strange from unnest(wanted) x
         where not exists (select from tocsin.monitor m
                            where m.id = x and m.deleted_at is null and tocsin.sees(who, m.owner))
           and not exists (select from tocsin.maintenance_monitor o
                            where o.maintenance = w.id and o.monitor = x)
         limit 1;
        if found then
            perform tocsin.fail(422, 'A monitor of the list is not there.', 'monitors',
                                'there is no monitor ' || strange);
        end if;
        delete from tocsin.maintenance_monitor x where x.maintenance = w.id and x.monitor <> all (wanted);
        insert into tocsin.maintenance_monitor (maintenance, monitor)
        select w.id, x from unnest(wanted) x on conflict do nothing;
    end if;
    if not w.everything and w.tags = '{}' and w.groups = '{}'
       and not exists (select from tocsin.maintenance_monitor x where x.maintenance = w.id) then
        perform tocsin.fail(422, 'The window is about nothing: name monitors, tags or groups, or everything.',
                            'monitors', 'must be given, or tags, groups or everything');
    end if;
end $$;

-- Occurrences anew after the times were changed. What is over stays as it was; what runs goes
-- on, but a window that comes once moves: to another end, or away. Those that were skipped
-- stay skipped where the new rule has them too.
create or replace function tocsin.maintenance_remake(w tocsin.maintenance) returns void
language plpgsql volatile set search_path = '' as $$
begin
    if w.repeat = 'once' then
        update tocsin.occurrence o
           set ends_at = case when w.starts_at > now() then greatest(now(), o.starts_at + interval '1 us')
                              else w.starts_at + make_interval(secs => w.duration_s) end,
               starts_at = case when w.starts_at > now() then o.starts_at else w.starts_at end
         where o.maintenance = w.id and o.cancelled_at is null and o.starts_at <= now() and o.ends_at > now();
    end if;
    delete from tocsin.occurrence o
     where o.maintenance = w.id and o.starts_at > now()
       and not exists (select from tocsin.maintenance_next_starts(w) s where s = o.starts_at);
    update tocsin.occurrence o
       set ends_at = o.starts_at + make_interval(secs => w.duration_s)
     where o.maintenance = w.id and o.starts_at > now() and o.cancelled_at is null;
    perform tocsin.maintenance_ahead(w);
end $$;
