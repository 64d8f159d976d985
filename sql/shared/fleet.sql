-- What all functions of the fleet share: numbers and words out of what agents say, who may do
-- what, and word of it to open pages.

-- ---------------------------------------------------------------- what agents say

-- Whatever comes from an agent may be of another type than it should be; then it is not known.
create or replace function tocsin.j_num(v jsonb) returns double precision
language sql immutable parallel safe as $$
    select case when jsonb_typeof(v) = 'number' then
               case when abs(v::numeric) < 1e17 then v::numeric::double precision end end
$$;

create or replace function tocsin.j_int(v jsonb) returns integer
language sql immutable parallel safe as $$
    select case when jsonb_typeof(v) = 'number' then
               case when abs(v::numeric) < 2147483647 then v::numeric::integer end end
$$;

create or replace function tocsin.j_bool(v jsonb) returns boolean
language sql immutable parallel safe as $$
    select case when jsonb_typeof(v) = 'boolean' then v::boolean end
$$;

-- One line, cut.
create or replace function tocsin.j_text(v jsonb, most integer) returns text
language sql immutable parallel safe as $$
    select case when jsonb_typeof(v) = 'string' then
               left(regexp_replace(v #>> '{}', '[\x01-\x1f\x7f]+', ' ', 'g'), most) end
$$;

create or replace function tocsin.j_time(v jsonb) returns timestamptz
language sql immutable parallel safe as $$
    select case when tocsin.j_num(v) between 1 and 9999999999 then to_timestamp(tocsin.j_num(v)) end
$$;

create or replace function tocsin.j_list(v jsonb) returns jsonb
language sql immutable parallel safe as $$
    select case when jsonb_typeof(v) = 'array' then v else '[]' end
$$;

-- Percent of a whole, with one decimal.
create or replace function tocsin.share(part double precision, whole double precision) returns numeric
language sql immutable parallel safe as $$
    select case when whole > 0 then round(least(greatest(100 * part / whole, 0), 100)::numeric, 1) end
$$;

-- ---------------------------------------------------------------- who may do what

-- What somebody may on a host or an app: 0 nothing, 1 see it, 2 also change its env, restart
-- and deploy it, 3 everything. A grant on a host holds for its apps. Who is a viewer here
-- stays one, whatever was granted.
create or replace function tocsin.fleet_right(who tocsin.account, m tocsin.monitor) returns integer
language plpgsql stable security definer set search_path = '' as $$
declare
    given integer;
begin
    if who.role in ('operator', 'admin') then
        return 3;
    elsif m.owner = who.id then
        given := 2;
    else
        select max(case g.role when 'developer' then 2 else 1 end) into given
          from tocsin.fleet_grant g
         where g.account = who.id
           and (g.monitor = m.id or g.monitor = (select a.host from tocsin.app a where a.monitor = m.id));
    end if;
    return least(coalesce(given, 0), case who.role when 'viewer' then 1 else 2 end);
end $$;

-- A host or an app that the caller may see, or none. What more is needed is refused in words.
create or replace function tocsin.fleet_of(who tocsin.account, id bigint, type text, needs integer default 1)
returns tocsin.monitor
language plpgsql stable security definer set search_path = '' as $$
declare
    m     tocsin.monitor;
    given integer;
begin
    select * into m from tocsin.monitor x
     where x.id = fleet_of.id and x.type = fleet_of.type and x.deleted_at is null;
    if m.id is null then
        return null;
    end if;
    given := tocsin.fleet_right(who, m);
    if given = 0 then
        return null;
    elsif given < needs then
        perform tocsin.fail(403, case needs when 2 then 'this needs the right developer on ' || m.name
                                            else 'this needs the role operator' end);
    end if;
    return m;
end $$;

-- What was granted to somebody, hosts with their apps.
create or replace function tocsin.fleet_granted(account bigint) returns bigint[]
language sql stable security definer set search_path = '' as $$
    select array(select g.monitor from tocsin.fleet_grant g where g.account = fleet_granted.account
                 union
                 select a.monitor from tocsin.fleet_grant g join tocsin.app a on a.host = g.monitor
                  where g.account = fleet_granted.account)
$$;

-- What a list of hosts or apps has for somebody: owners between low and high (a range that an index has, for
-- those who see everything, too), and what was granted. since of the input: rev, after which the list has only
-- what changed, and gone, what was deleted after it.
create or replace function tocsin.fleet_scope(who tocsin.account, type text, input jsonb,
                                              out low bigint, out high bigint, out granted bigint[], out rev xid8, out gone bigint[])
language plpgsql stable security definer set search_path = '' as $$
declare
    everything constant boolean := who.role in ('operator', 'admin');
begin
    low := case when everything then 0 else who.id end;
    high := case when everything then 9223372036854775807 else who.id end;
    granted := case when everything then '{}' else tocsin.fleet_granted(who.id) end;
    gone := '{}';
    if input->>'since' !~ '^[0-9]{1,19}$' then
        perform tocsin.fail(422, 'This is no rev of a list.', 'since', 'must be `rev` of an earlier answer');
    end if;
    rev := input->>'since';
    if rev is not null then
        gone := array(select m.id from tocsin.monitor m
                       where m.type = fleet_scope.type and (m.owner between low and high or m.id = any (granted))
                         and m.deleted_at is not null and m.changed >= rev);
    end if;
end $$;

-- ---------------------------------------------------------------- word of it

-- Who is told of these: the owner, and who has a grant. Operators are told of everything
-- anyway, once.
create or replace function tocsin.fleet_audience(monitors bigint[])
returns table (monitor bigint, account bigint)
language sql stable security definer set search_path = '' as $$
    select m.id, m.owner from tocsin.monitor m where m.id = any (fleet_audience.monitors)
    union
    select m.id, g.account
      from tocsin.monitor m
      left join tocsin.app a on a.monitor = m.id
      join tocsin.fleet_grant g on g.monitor in (m.id, a.host)
      join tocsin.account x on x.id = g.account and x.role not in ('operator', 'admin')
     where m.id = any (fleet_audience.monitors)
$$;

-- Tell open pages. For many: insert into tocsin.event … select from fleet_audience.
create or replace function tocsin.fleet_emit(kind text, monitor bigint, ref bigint, body jsonb)
returns void
language sql volatile security definer set search_path = '' as $$
    insert into tocsin.event (kind, owner, ref, body)
    select fleet_emit.kind, a.account, fleet_emit.ref, fleet_emit.body
      from tocsin.fleet_audience(array[fleet_emit.monitor]) a;
    select pg_catalog.pg_notify('tocsin_live', '');
$$;

-- A line of the history of a host or an app.
create or replace function tocsin.fleet_note(host bigint, app bigint, kind text, text text,
                                             actor_name text default '', action bigint default null,
                                             at timestamptz default clock_timestamp())
returns void
language sql volatile security definer set search_path = '' as $$
    insert into tocsin.fleet_event (host, app, at, kind, actor_name, action, text)
    values (fleet_note.host, fleet_note.app, fleet_note.at, fleet_note.kind,
            coalesce(fleet_note.actor_name, ''), fleet_note.action, left(fleet_note.text, 500))
$$;

-- ---------------------------------------------------------------- limits of a host

-- The limits that hold: percent of a disk, of its inodes, of the memory; load a core over five
-- minutes. null: not looked at.
create or replace function tocsin.host_limits(thresholds jsonb) returns jsonb
language sql immutable parallel safe as $$
    select '{"disk": 90, "inodes": 90, "memory": 95, "load": 4}' || thresholds
$$;

-- Which limit a host crosses, in words; null for none.
create or replace function tocsin.host_crossed(facts jsonb, cores integer, thresholds jsonb) returns text
language sql immutable set search_path = '' as $$
    with limits as (
        select tocsin.j_num(l->'disk') as disk, tocsin.j_num(l->'inodes') as inodes,
               tocsin.j_num(l->'memory') as memory, tocsin.j_num(l->'load') as load
          from tocsin.host_limits(host_crossed.thresholds) l
    ), disk as (
        select tocsin.j_text(d->'mount', 60) as mount,
               tocsin.share(tocsin.j_num(d->'used'), tocsin.j_num(d->'total')) as used,
               tocsin.j_num(d->'inodes_used_pct') as inodes
          from jsonb_array_elements(tocsin.j_list(facts->'disks')) d
    ), found (place, said) as (
        select 1, 'the disk ' || d.mount || ' is ' || d.used || ' % full' from disk d, limits l where d.used >= l.disk
        union all
        select 2, d.mount || ' has used ' || round(d.inodes::numeric, 1) || ' % of its inodes' from disk d, limits l where d.inodes >= l.inodes
        union all
        select 3, x.used || ' % of the memory is used'
          from limits l, (select tocsin.share(tocsin.j_num(facts #> '{memory,used}'), tocsin.j_num(facts #> '{memory,total}')) as used) x
         where x.used >= l.memory
        union all
        select 4, 'the load is ' || round(tocsin.j_num(facts #> '{load,1}')::numeric, 1) || ' on ' || cores || ' cores'
          from limits l where tocsin.j_num(facts #> '{load,1}') >= l.load * host_crossed.cores
    )
    select string_agg(said, '; ' order by place) from (select * from found order by place limit 4) f
$$;

-- ---------------------------------------------------------------- verdicts

-- What an app's state means. `status` null: leave it as it is. `held`: polls in a row that
-- were not good, this one in. busy: '' or what is being done to it, 'action' or 'deploy'.
--
--   running, and healthy or without a health check          up
--   failed, stopped, missing, paused                        down at once
--   the same, and a person stopped it here                  paused
--   running but unhealthy; starting, stopping, restarting   degraded, and down when it held
--                                                           for more polls than `retries`
--   the agent does not know                                 unknown
--
-- While somebody starts or stops it here nothing is read into its state; while it is deployed
-- a stop is like a restart.
create or replace function tocsin.app_verdict(state text, healthy boolean, wanted text, busy text,
                                              bad smallint, retries smallint,
                                              out status smallint, out reason smallint, out held smallint)
language plpgsql immutable set search_path = '' as $$
begin
    held := 0;
    reason := 0;
    if busy = 'action' then
        held := bad;
    elsif wanted = 'stopped' and state in ('stopped', 'failed', 'missing', 'paused', 'deactivating') then
        status := 5;
    elsif state = 'running' and healthy is not false then
        status := 1;
    elsif state in ('failed', 'stopped', 'missing', 'paused') and busy = '' then
        status := 3;
        held := least(bad + 1, 1000);
        reason := case state when 'failed' then 30 when 'missing' then 34 else 31 end;
    elsif state in ('running', 'activating', 'deactivating', 'reloading', 'restarting', 'failed', 'stopped', 'missing', 'paused') then
        held := least(bad + 1, 1000);
        status := case when held > retries then 3 else 2 end;
        reason := case state when 'running' then 32 else 33 end;
    else
        status := 0;
        reason := 25;
        held := bad;
    end if;
end $$;

-- The 30 days of an app: a digit each, the worst status of the day, oldest first.
create or replace function tocsin.bars_days(monitor bigint, days integer default 30) returns text
language sql stable security definer set search_path = '' as $$
    with first as (
        select date_trunc('day', now(), 'UTC') - make_interval(hours => 24 * (bars_days.days - 1)) as at
    ), worst as (
        select d.day, min(tocsin.status_rank(x.status)) as rank
          from first f
         cross join lateral tocsin.spans(array[bars_days.monitor], f.at, now()) x
         cross join lateral tocsin.span_days(x.begins, x.ends) d
         group by d.day
    )
    select string_agg((array[3, 2, 0, 4, 1, 5])[coalesce(w.rank, 3)]::text, '' order by g.n)
      from first f
     cross join generate_series(0, bars_days.days - 1) g (n)
      left join worst w on w.day = (f.at at time zone 'UTC')::date + g.n
$$;
