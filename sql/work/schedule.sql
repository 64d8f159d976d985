-- What the scheduler decides: where a new monitor belongs, and how many buckets each
-- checker may hold. Any number of schedulers may run; one at a time decides.

-- Give monitors that are checked from here and have none a bucket and a slot, and each bucket a row in every region.
-- Slots that were freed a day ago go first, then the last bucket is filled up. Returns how
-- many were placed, at most 20 000: call again while it is not 0.
create or replace function work.place() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    size   constant integer := 1000; -- monitors of a bucket
    fresh  bigint[];
    next   bigint; -- bucket * size + slot of the next slot never used
    reused integer;
begin
    if not pg_try_advisory_xact_lock(20261, 3) then
        return 0;
    end if;
    fresh := array(select m.id from tocsin.monitor m where m.bucket is null and m.type = 'http'
                    order by m.id limit 20000 for update skip locked);

    with free as (
        delete from tocsin.slot_free f
         where (f.bucket, f.slot) in
               (select s.bucket, s.slot from tocsin.slot_free s
                 where s.freed_at < now() - interval '1 day' and cardinality(fresh) > 0
                 order by s.bucket, s.slot limit cardinality(fresh) for update skip locked)
        returning f.bucket, f.slot
    ), numbered as (
        select f.*, row_number() over (order by f.bucket, f.slot) as n from free f
    )
    update tocsin.monitor m set bucket = n.bucket, slot = n.slot
      from numbered n where m.id = fresh[n.n];
    get diagnostics reused = row_count;

    -- a bucket's last slot is taken, or free, or was given away: never below what was used
    select coalesce(max(b.bucket * size::bigint + b.slot), -1) + 1 into next
      from (select m.bucket, m.slot from tocsin.monitor m
             where m.bucket = (select max(x.bucket) from tocsin.monitor x)
            union all
            select f.bucket, f.slot from tocsin.slot_free f
             where f.bucket >= coalesce((select max(x.bucket) from tocsin.monitor x), 0)) b;
    update tocsin.monitor m
       set bucket = (next + i.n - reused - 1) / size, slot = (next + i.n - reused - 1) % size
      from unnest(fresh) with ordinality i (id, n)
     where m.id = i.id and i.n > reused;

    insert into tocsin.monitor_state (monitor)
    select unnest(fresh) on conflict do nothing;
    insert into tocsin.bucket (region, id)
    select r.id, b from tocsin.region r,
           generate_series(0, (select max(m.bucket) from tocsin.monitor m)) b
     where not exists (select from tocsin.bucket x where x.region = r.id and x.id = b)
    on conflict do nothing;

    if cardinality(fresh) > 0 then
        perform pg_notify('tocsin_work', 'monitor');
    end if;
    return cardinality(fresh);
end $$;

-- Share the buckets of each region out over its living checkers, by weight, and forget the
-- dead. What they held runs out by itself and is not taken away here: after hours without
-- the database everybody looks dead, and who comes back first with what it kept meanwhile
-- has to find itself the owner. Returns how many checkers got another share.
create or replace function work.share_out() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    n integer;
begin
    if not pg_try_advisory_xact_lock(20261, 4) then
        return 0;
    end if;
    delete from tocsin.worker w
     where w.lease_until < clock_timestamp() - interval '10 minutes';

    with living as (
        select w.id, w.region, w.weight, sum(w.weight) over (partition by w.region) as total
          from tocsin.worker w
         where w.role = 'checker' and w.lease_until > clock_timestamp()
           -- from before the clock was set back; one that lives has beaten since
           and w.lease_until < clock_timestamp() + interval '15 minutes'
    ), due as (
        select l.id, ceil((select count(*) from tocsin.bucket b where b.region = l.region)
                          * l.weight::numeric / l.total)::integer as share
          from living l
    )
    update tocsin.worker w set share = d.share from due d where w.id = d.id and w.share <> d.share;
    get diagnostics n = row_count;
    return n;
end $$;
