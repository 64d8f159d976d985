-- When windows repeat. Times of day are those of the wall clock of a zone, and PostgreSQL
-- knows the zones.

-- When the clock on the wall shows this. A time that is skipped in spring comes as much
-- later (02:30 is 03:30 then); of one that comes twice in autumn it is the first.
create or replace function tocsin.wall(t timestamp, zone text) returns timestamptz
language sql immutable set search_path = '' as $$
    select case when (x.at - x.back) at time zone wall.zone = wall.t then x.at - x.back
                else x.at end
      from (select y.at, greatest(((y.at - interval '1 day') at time zone wall.zone)
                                  - ((y.at - interval '1 day') at time zone 'UTC')
                                  - (wall.t - (y.at at time zone 'UTC')), '0') as back
              from (select wall.t at time zone wall.zone as at) y) x
$$;

-- ---------------------------------------------------------------- cron

-- A number, or a name of the list that begins with `low`.
create or replace function tocsin.cron_value(word text, low integer, names text[])
returns integer
language sql immutable as $$
    select case when word ~ '^[0-9]{1,3}$' then word::integer
                else array_position(names, word) - 1 + low end
$$;

-- One field as the values it stands for, ascending; null when it cannot be read.
create or replace function tocsin.cron_field(field text, low integer, high integer,
                                             names text[] default '{}')
returns integer[]
language plpgsql immutable set search_path = '' as $$
declare
    part  text;
    span  text;
    step  integer;
    first integer;
    last  integer;
    found integer[] := '{}';
begin
    if field is null or field = '' or length(field) > 200 then
        return null;
    end if;
    foreach part in array string_to_array(lower(field), ',') loop
        if part !~ '^(\*|[a-z0-9]{1,3}(-[a-z0-9]{1,3})?)(/[0-9]{1,3})?$' then
            return null;
        end if;
        span := split_part(part, '/', 1);
        step := coalesce(nullif(split_part(part, '/', 2), ''), '1')::integer;
        if span = '*' then
            first := low;
            last := high;
        else
            first := tocsin.cron_value(split_part(span, '-', 1), low, names);
            last := case when span ~ '-' then tocsin.cron_value(split_part(span, '-', 2), low, names)
                         when part ~ '/' then high else first end;
        end if;
        if (first >= low and last <= high and first <= last and step > 0) is not true then
            return null;
        end if;
        found := found || array(select generate_series(first, last, step));
    end loop;
    return array(select distinct v from unnest(found) v order by v);
end $$;

-- An expression as five lists: minutes, hours, days of the month, months, days of the week
-- (0 … 6, from Sunday), and whether the days of month and week both count. `error` says what
-- cannot be read.
create or replace function tocsin.cron(expression text, out minutes integer[],
                                       out hours integer[], out days integer[],
                                       out months integer[], out weekdays integer[],
                                       out either boolean, out error text)
language plpgsql immutable set search_path = '' as $$
declare
    f text[] := regexp_split_to_array(btrim(coalesce(case lower(btrim(expression))
        when '@hourly' then '0 * * * *' when '@daily' then '0 0 * * *'
        when '@midnight' then '0 0 * * *' when '@weekly' then '0 0 * * 0'
        when '@monthly' then '0 0 1 * *' when '@yearly' then '0 0 1 1 *'
        when '@annually' then '0 0 1 1 *' else expression end, '')), '[ \t]+');
begin
    if cardinality(f) <> 5 then
        error := 'must have five fields: minute, hour, day of month, month, day of week';
        return;
    end if;
    minutes := tocsin.cron_field(f[1], 0, 59);
    hours := tocsin.cron_field(f[2], 0, 23);
    days := tocsin.cron_field(f[3], 1, 31);
    months := tocsin.cron_field(f[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
    weekdays := array(select distinct d % 7 from unnest(tocsin.cron_field(f[5], 0, 7,
                          '{sun,mon,tue,wed,thu,fri,sat}')) d order by 1);
    either := f[3] !~ '^\*' and f[5] !~ '^\*';
    error := case when minutes is null then 'has a minute that is none: ' || left(f[1], 40)
                  when hours is null then 'has an hour that is none: ' || left(f[2], 40)
                  when days is null then 'has a day of the month that is none: ' || left(f[3], 40)
                  when months is null then 'has a month that is none: ' || left(f[4], 40)
                  when weekdays = '{}' then 'has a day of the week that is none: ' || left(f[5], 40)
             end;
end $$;

-- ---------------------------------------------------------------- rules

-- What a rule does not say.
create or replace function tocsin.rule_number(rule jsonb, name text, otherwise integer)
returns integer
language sql immutable as $$
    select coalesce((rule ->> name)::integer, otherwise)
$$;

-- Does a rule that is not cron name this day? `first` is the day of the first occurrence: it
-- is where "every second week" counts from, and the day where the rule names none. A month
-- without the day that is named has it on its last one.
create or replace function tocsin.rule_names(repeat text, rule jsonb, first date, day date)
returns boolean
language sql immutable set search_path = '' as $$
    select case repeat
        when 'weekly' then
            (date_trunc('week', day::timestamp)::date - date_trunc('week', first::timestamp)::date)
                / 7 % tocsin.rule_number(rule, 'every', 1) = 0
            and case when jsonb_array_length(rule -> 'days') > 0
                     then rule -> 'days' @> to_jsonb(extract(isodow from day)::integer)
                     else extract(isodow from day) = extract(isodow from first) end
        when 'monthly' then
            (12 * (extract(year from day) - extract(year from first))
             + extract(month from day) - extract(month from first))::integer
                % tocsin.rule_number(rule, 'every', 1) = 0
            and case when rule ? 'week' then
                    extract(isodow from day) = tocsin.rule_number(rule, 'weekday', 0)
                    and case when tocsin.rule_number(rule, 'week', 0) = -1
                             then extract(month from day + 7) <> extract(month from day)
                             else ceil(extract(day from day) / 7)
                                  = tocsin.rule_number(rule, 'week', 0) end
                else extract(day from day)
                     = least(tocsin.rule_number(rule, 'day', extract(day from first)::integer),
                             extract(day from date_trunc('month', day::timestamp)
                                              + interval '1 month - 1 day')) end
        end
$$;

-- The starts of a window's occurrences between two times, ascending.
create or replace function tocsin.maintenance_starts(w tocsin.maintenance, "from" timestamptz,
                                                     "to" timestamptz)
returns setof timestamptz
language plpgsql stable set search_path = '' as $$
declare
    low   constant timestamptz := greatest("from", w.starts_at);
    high  constant timestamptz := least("to", w.until_at);
    first constant timestamp := w.starts_at at time zone w.zone;
    c     record;
begin
    if w.repeat = 'once' then
        return query select w.starts_at where w.starts_at between low and "to";
        return;
    end if;
    c := tocsin.cron(w.rule ->> 'expression');
    return query
    select distinct x.at
      from generate_series((low at time zone w.zone)::date - 1, (high at time zone w.zone)::date + 1,
                           interval '1 day') d (day)
     cross join lateral (
           select tocsin.wall(d.day::timestamp + first::time, w.zone) as at
            where w.repeat <> 'cron' and tocsin.rule_names(w.repeat, w.rule, first::date, d.day::date)
           union all
           select tocsin.wall(d.day::timestamp + make_interval(hours => h, mins => m), w.zone)
             from unnest(c.hours) h cross join unnest(c.minutes) m
            where w.repeat = 'cron' and extract(month from d.day) = any (c.months)
              and case when c.either
                       then extract(day from d.day) = any (c.days)
                            or extract(dow from d.day) = any (c.weekdays)
                       else extract(day from d.day) = any (c.days)
                            and extract(dow from d.day) = any (c.weekdays) end) x
     where x.at between low and high
     order by 1;
end $$;

-- Make the occurrences of the next hundred days that are not there, and one at least: the
-- next, however far it is. Returns how many that were.
create or replace function tocsin.maintenance_ahead(w tocsin.maintenance) returns integer
language plpgsql volatile set search_path = '' as $$
declare
    n integer;
begin
    insert into tocsin.occurrence (maintenance, starts_at, ends_at, announce_at)
    select w.id, s.at, s.at + make_interval(secs => w.duration_s),
           s.at - make_interval(secs => w.tell_before_s)
      from tocsin.maintenance_next_starts(w) s (at)
    on conflict (maintenance, starts_at) do nothing;
    get diagnostics n = row_count;
    return n;
end $$;

create or replace function tocsin.maintenance_next_starts(w tocsin.maintenance)
returns setof timestamptz
language plpgsql stable set search_path = '' as $$
declare
    -- what runs now belongs to it
    low constant timestamptz := now() - make_interval(secs => w.duration_s) + interval '1 us';
begin
    return query
    select s from tocsin.maintenance_starts(w, low, now() + interval '100 days') s;
    if not found then
        return query
        select s from tocsin.maintenance_starts(w, now(), greatest(now(), w.starts_at)
                                                          + interval '9 years') s limit 1;
    end if;
end $$;
