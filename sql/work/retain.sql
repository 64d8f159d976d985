-- What is old enough goes: results by partition, all else by row, a part at each call.

-- Is everything in a partition of segments packed?
create or replace function tocsin.packed_all(part regclass) returns boolean
language plpgsql stable set search_path = '' as $$
declare
    open boolean;
begin
    execute format('select exists (select from %s s left join tocsin.packed p
                      on p.region = s.region and p.bucket = s.bucket
                     where p.at is null or s.at >= p.at or s.changed >= p.xid)', part) into open;
    return not open;
end $$;

-- The same for the samples of hosts; those of a host that is gone are of no use.
create or replace function tocsin.fleet_packed_all(part regclass) returns boolean
language plpgsql stable set search_path = '' as $$
declare
    open boolean;
begin
    execute format('select exists (select from %s s join tocsin.host h on h.monitor = s.host
                      left join tocsin.fleet_packed p on p.host = s.host
                     where p.at is null or s.at >= p.at or s.changed >= p.xid)', part) into open;
    return not open;
end $$;

create or replace function tocsin.drop_partitions(parent text, keep interval) returns integer
language plpgsql volatile set search_path = '' as $$
declare
    p record;
    n integer := 0;
begin
    for p in
        select c.relname, c.oid::regclass as part
          from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
         where i.inhparent = ('tocsin.' || parent)::regclass
           and c.relname ~ ('^' || parent || '_[0-9]{8}(_[0-9]{2})?$')
           -- the name of the last partition that is old enough sorts after it
           and c.relname < (select x.name from tocsin.partition(parent, now() - keep) x)
           -- hours that no day was made of stay
           and (parent like '%segment'
                or c.relname < (select x.name from tocsin.watermark w
                                 cross join lateral tocsin.partition(parent, w.at) x
                                 where w.name = case parent when 'monitor_hour' then 'day' else 'fleet_day' end))
         order by c.relname loop
        continue when parent = 'segment' and not tocsin.packed_all(p.part);
        continue when parent = 'fleet_segment' and not tocsin.fleet_packed_all(p.part);
        execute format('drop table %s', p.part);
        n := n + 1;
    end loop;
    return n;
exception when lock_not_available then
    -- somebody reads for long: whoever settles would queue up behind us
    return 0;
end $$;

-- Purge monitors that were deleted long ago. Their state rows are locked first, in id order
-- like everywhere: a settle that comes across waits, and does not deadlock.
create or replace function tocsin.purge_monitors(keep interval, most integer) returns integer
language plpgsql volatile set search_path = '' as $$
declare
    ids bigint[] := array(select m.id from tocsin.monitor m where m.deleted_at < now() - keep
                           order by m.id limit most);
begin
    if cardinality(ids) = 0 then
        return 0;
    end if;
    perform 1 from tocsin.monitor_state s where s.monitor = any (ids)
      order by s.monitor for update;
    delete from tocsin.monitor m where m.id = any (ids) and m.deleted_at < now() - keep;
    return cardinality(ids);
end $$;

-- Returns how many partitions and rows went: call again while it is not 0.
create or replace function work.retain(segments interval, hours interval, days interval,
                                       deleted interval)
returns integer
language plpgsql volatile security definer set search_path = '' set lock_timeout = '400ms' as $$
declare
    most constant integer := 5000;
    n    integer := 0;
    gone integer;
begin
    if not pg_try_advisory_xact_lock(20261, 9) then
        return 0;
    end if;
    n := tocsin.drop_partitions('segment', greatest(segments, interval '2 hours'))
       + tocsin.drop_partitions('fleet_segment', greatest(segments, interval '2 hours'))
       + tocsin.drop_partitions('monitor_hour', greatest(hours, interval '2 days'))
       + tocsin.drop_partitions('fleet_hour', greatest(hours, interval '2 days'))
       + tocsin.purge_monitors(deleted, most / 10);

    delete from tocsin.monitor_day d where d.ctid = any (array(
        select x.ctid from tocsin.monitor_day x where x.day < (now() - days)::date limit most));
    get diagnostics gone = row_count; n := n + gone;
    -- the last one of each monitor stays: it says what was before
    delete from tocsin.transition t where (t.monitor, t.seq) in (
        select x.monitor, x.seq
          from tocsin.transition x join tocsin.monitor_state s on s.monitor = x.monitor
         where x.at < now() - days and x.seq < s.seq limit most);
    get diagnostics gone = row_count; n := n + gone;
    delete from tocsin.incident i where i.id = any (array(
        select x.id from tocsin.incident x where x.resolved_at < now() - days limit most));
    get diagnostics gone = row_count; n := n + gone;
    delete from tocsin.outbox o where o.id = any (array(
        select x.id from tocsin.outbox x
         where x.state <> 'pending' and x.created_at < now() - interval '90 days' limit most));
    get diagnostics gone = row_count; n := n + gone;
    delete from tocsin.event e where e.id = any (array(
        select x.id from tocsin.event x where x.at < now() - interval '1 hour'
         order by x.id limit most));
    get diagnostics gone = row_count; n := n + gone;
    delete from tocsin.audit a where a.id = any (array(
        select x.id from tocsin.audit x where x.at < now() - days limit most));
    get diagnostics gone = row_count; n := n + gone;
    return n + tocsin.retain_keys() + tocsin.retain_fleet(days, most);
end $$;

-- What happened on hosts and in apps is kept like the days; an action that is asked of
-- somebody stays until it is over.
create or replace function tocsin.retain_fleet(days interval, most integer) returns integer
language sql volatile set search_path = '' as $$
    with day as (
        delete from tocsin.fleet_day d where d.ctid = any (array(
            select x.ctid from tocsin.fleet_day x where x.day < (now() - days)::date limit most)) returning 1
    ), event as (
        delete from tocsin.fleet_event e where e.id = any (array(
            select x.id from tocsin.fleet_event x where x.at < now() - days order by x.at limit most)) returning 1
    ), action as (
        delete from tocsin.app_action a where a.id = any (array(
            select x.id from tocsin.app_action x
             where x.asked_at < now() - days and x.done_at is not null order by x.asked_at limit most)) returning 1
    ), output as (
        -- the output of a deploy is long, and soon nobody asks for it
        update tocsin.app_action a set output = null
         where a.id = any (array(select x.id from tocsin.app_action x
                                  where x.output is not null and x.done_at < now() - interval '90 days' limit 500))
        returning 1
    ), enrolment as (
        delete from tocsin.enrolment e where e.result is null and e.expires_at < now() - interval '30 days' returning 1
    )
    select ((select count(*) from day) + (select count(*) from event) + (select count(*) from action)
            + (select count(*) from output) + (select count(*) from enrolment))::integer
$$;

-- What opens doors and is over: kept for a while, so that its use can be told from a guess.
create or replace function tocsin.retain_keys() returns integer
language sql volatile set search_path = '' as $$
    with tests as (
        delete from tocsin.test_run t where t.created_at < now() - interval '10 minutes' returning 1
    ), sessions as (
        delete from tocsin.session s
         where s.expires_at < now() - interval '30 days'
            or s.revoked_at < now() - interval '30 days' returning 1
    ), refresh as (
        delete from tocsin.refresh_token r where r.expires_at < now() - interval '1 day' returning 1
    ), tokens as (
        delete from tocsin.api_token a where a.expires_at < now() - interval '90 days' returning 1
    ), invites as (
        delete from tocsin.invite i where i.expires_at < now() - interval '30 days' returning 1
    )
    select ((select count(*) from tests) + (select count(*) from sessions)
            + (select count(*) from refresh) + (select count(*) from tokens)
            + (select count(*) from invites))::integer
$$;
