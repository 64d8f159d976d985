-- Buckets change hands here. Only the database's clock counts. A lease is over when its
-- time is, or when it ends later than any lease of now could: then the clock was set back,
-- and waiting for it would take as long as the jump was wide.

-- Take free buckets, up to the worker's share. The epoch grows by one, so whatever an
-- earlier owner still sends is refused.
create or replace function work.acquire(worker uuid, region text, ttl_ms integer)
returns table (bucket integer, epoch bigint, batch bigint)
language sql volatile security definer set search_path = '' as $$
    with here as (
        select r.id from tocsin.region r where r.name = acquire.region
    ), room as (
        select w.share - (select count(*) from tocsin.bucket b where b.owner = w.id
                             and b.lease_until > clock_timestamp()) as n
          from tocsin.worker w where w.id = worker
    ), free as (
        select b.region, b.id from tocsin.bucket b
         where b.region = (select id from here)
           and (b.lease_until < clock_timestamp()
                or b.lease_until > clock_timestamp() + tocsin.ms(2 * ttl_ms::bigint))
         order by b.id
         limit (select greatest(n, 0) from room)
           for update skip locked
    )
    update tocsin.bucket b
       set owner = worker, epoch = b.epoch + 1, lease_until = clock_timestamp() + tocsin.ms(ttl_ms)
      from free f
     where b.region = f.region and b.id = f.id and (select count(*) from room) = 1
    returning b.id, b.epoch, b.batch
$$;

-- Give one back.
create or replace function work.release(worker uuid, region text, bucket integer, epoch bigint)
returns void
language sql volatile security definer set search_path = '' as $$
    update tocsin.bucket b set owner = null, lease_until = '-infinity'
      from tocsin.region r
     where r.name = release.region and b.region = r.id and b.id = release.bucket
       and b.owner = worker and b.epoch = release.epoch
$$;
