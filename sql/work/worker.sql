-- A process of tocsind: it says hello once, beats, and says bye. Its id is made anew at
-- each start, so whatever it held and did not give back can only run out.

-- A region comes into being with the first worker that names it.
create or replace function tocsin.region_id(name text) returns smallint
language plpgsql volatile security definer set search_path = '' as $$
declare
    id smallint;
begin
    select r.id into id from tocsin.region r where r.name = region_id.name;
    if found then
        return id;
    end if;
    perform pg_advisory_xact_lock(20261, 2);
    insert into tocsin.region (id, name)
    select min(n), region_id.name from generate_series(0, 62) n
     where not exists (select from tocsin.region r where r.id = n)
    on conflict do nothing;
    select r.id into strict id from tocsin.region r where r.name = region_id.name;
    return id;
end $$;

create or replace function work.hello(worker uuid, host text, pid integer, role text,
                                      region text, version text, weight integer, ttl_s integer)
returns void
language sql volatile security definer set search_path = '' as $$
    insert into tocsin.worker (id, host, pid, role, region, version, weight, lease_until)
    values (worker, host, pid, role, tocsin.region_id(region), version, greatest(weight, 1),
            clock_timestamp() + make_interval(secs => ttl_s))
    on conflict (id) do update
       set beat_at = clock_timestamp(), lease_until = excluded.lease_until
$$;

-- Still there. Says how many buckets the worker may hold; null: say hello again.
create or replace function work.beat(worker uuid, ttl_s integer, stats jsonb)
returns integer
language sql volatile security definer set search_path = '' as $$
    update tocsin.worker w
       set beat_at = clock_timestamp(),
           lease_until = clock_timestamp() + make_interval(secs => ttl_s),
           stats = coalesce(beat.stats, w.stats)
     where w.id = worker
    returning w.share
$$;

-- Give back all that a worker held: its buckets, messages, tests, the fleet and what was
-- asked of its agents are free at once.
create or replace function tocsin.disown(worker uuid) returns void
language sql volatile security definer set search_path = '' as $$
    update tocsin.bucket b set owner = null, lease_until = '-infinity' where b.owner = worker;
    update tocsin.outbox o set locked_by = null, locked_until = null
     where o.locked_by = worker and o.state = 'pending';
    update tocsin.test_run t set claimed_by = null, claimed_until = null
     where t.claimed_by = worker and t.done_at is null;
    update tocsin.fleet f set owner = null, lease_until = '-infinity' where f.owner = worker;
    update tocsin.app_action x set claimed_by = null, claimed_until = null
     where x.claimed_by = worker and x.state = 'running';
    delete from tocsin.worker w where w.id = worker;
$$;

create or replace function work.bye(worker uuid) returns void
language sql volatile security definer set search_path = '' as $$
    select tocsin.disown(worker);
$$;

-- The master saw this one die.
create or replace function work.bury(worker uuid) returns void
language sql volatile security definer set search_path = '' as $$
    select tocsin.disown(worker);
$$;
