-- Partitions of segment and fleet_segment (an hour each), monitor_hour and fleet_hour (a day
-- each): there for the next 48
-- hours at any time, so that a keeper that fails is noticed long before it matters. What
-- came when none was there waits in the default partition, and is moved into its own here.
-- Returns how many rows had to be moved; more than 0 is worth an alarm.

-- The name of the partition that a time belongs to, and its bounds.
create or replace function tocsin.partition(parent text, at timestamptz)
returns table (name text, low timestamptz, high timestamptz)
language sql immutable set search_path = '' as $$
    select parent || to_char(low at time zone 'UTC',
                             case when parent like '%segment' then '_YYYYMMDD_HH24'
                                  else '_YYYYMMDD' end),
           low, low + case when parent like '%segment' then interval '1 hour' else interval '24 hours' end
      from (select date_trunc(case when parent like '%segment' then 'hour' else 'day' end, at, 'UTC')
                   as low) x
$$;

-- Made apart and then attached: `create table … partition of` would lock out every settle.
create or replace function tocsin.partition_make(parent text, at timestamptz) returns integer
language plpgsql volatile set search_path = '' as $$
declare
    p     record;
    key   constant text := case when parent like '%segment' then 'at' else 'hour' end;
    moved integer;
begin
    select * into p from tocsin.partition(partition_make.parent, partition_make.at);
    if to_regclass(format('tocsin.%I', p.name)) is not null then
        return 0;
    end if;
    -- compress arrays in rows of any size: constant ones shrink to nothing
    execute format('create table tocsin.%I (like tocsin.%I including all)
                    with (toast_tuple_target = 128)', p.name, parent);
    execute format('with gone as (delete from tocsin.%I where %I >= %L and %I < %L returning *)
                    insert into tocsin.%I select * from gone',
                   parent || '_default', key, p.low, key, p.high, p.name);
    get diagnostics moved = row_count;
    execute format('alter table tocsin.%I attach partition tocsin.%I for values from (%L) to (%L)',
                   parent, p.name, p.low, p.high);
    return moved;
end $$;

create or replace function work.keep_partitions() returns integer
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1s' as $$
declare
    moved integer := 0;
    t     record;
begin
    if not pg_try_advisory_xact_lock(20261, 6) then
        return 0;
    end if;
    for t in select p as parent, at
               from generate_series(now() - interval '1 hour', now() + interval '48 hours',
                                    interval '1 hour') at, unnest(array['segment', 'fleet_segment']) p
             union all
             select p, at
               from generate_series(now() - interval '1 day', now() + interval '3 days',
                                    interval '1 day') at, unnest(array['monitor_hour', 'fleet_hour']) p
             union
             select 'segment', s.at from tocsin.segment_default s
             union
             select 'fleet_segment', s.at from tocsin.fleet_segment_default s
             union
             select 'monitor_hour', h.hour from tocsin.monitor_hour_default h
             union
             select 'fleet_hour', h.hour from tocsin.fleet_hour_default h loop
        moved := moved + tocsin.partition_make(t.parent, t.at);
    end loop;
    if moved > 0 then
        raise warning '% rows were in a default partition: the keeper came late', moved;
    end if;
    return moved;
end $$;
