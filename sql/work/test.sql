-- The checkers' side of "test now": any checker may take one up; what it claimed and did
-- not answer within a minute and a half is another's.

create or replace function work.test_claim(worker uuid, region text, n integer)
returns table (id uuid, spec jsonb)
language sql volatile security definer set search_path = '' as $$
    with open as (
        select t.id from tocsin.test_run t
         where t.done_at is null and t.created_at > now() - interval '10 minutes'
           and (t.claimed_until is null or t.claimed_until < clock_timestamp())
         order by t.created_at
         limit greatest(n, 0)
           for update skip locked
    )
    update tocsin.test_run t
       set claimed_by = worker, claimed_until = clock_timestamp() + interval '90 seconds',
           region = coalesce((select r.id from tocsin.region r where r.name = test_claim.region), 0::smallint)
      from open o where t.id = o.id
    returning t.id, t.spec
$$;

-- The answer. The settings may hold secrets and are not needed any more.
create or replace function work.test_done(worker uuid, id uuid, result jsonb)
returns void
language sql volatile security definer set search_path = '' as $$
    with done as (
        update tocsin.test_run t
           set result = test_done.result, done_at = clock_timestamp(), spec = '{}'
         where t.id = test_done.id and t.done_at is null and t.claimed_by = worker
        returning t.owner, t.id
    )
    select tocsin.emit('test', d.owner, null, jsonb_build_object('key', d.id)) from done d;
$$;
