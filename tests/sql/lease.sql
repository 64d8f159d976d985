-- Buckets change hands by the database's clock, each time with a new epoch.
select test.eq(count(*)::integer, 0, 'nobody else gets a bucket that is held') from work.acquire(test.worker(1), 'local', 10000);
select test.hello(2);
select test.eq(work.share_out(), 1, 'worker 2 gets a share');
select test.eq(count(*)::integer, 0, 'but no bucket while the lease runs') from work.acquire(test.worker(2), 'local', 10000);
select test.later('11 seconds');
select test.hello(1), test.hello(2);
select test.eq(array_agg((a.bucket, a.epoch)::text), array['(0,2)'], 'a lease that ran out is taken over') from work.acquire(test.worker(2), 'local', 10000) a;
select test.eq(test.settle(1, '{0}', '{1}'), -1, 'the old owner is refused');
select test.eq(test.settle(1, '{0}', '{1}', epoch => 2, worker => 2), 0, 'the new one is not');

-- the clock was an hour ahead when the lease was made
update tocsin.bucket set lease_until = now() + interval '1 hour';
select test.eq(array_agg((a.epoch, a.batch)::text), array['(3,1)'], 'a lease from the future is none') from work.acquire(test.worker(1), 'local', 10000) a;

select work.release(test.worker(2), 'local', 0, 3);
select test.eq(b.owner, test.worker(1), 'only the owner gives back') from tocsin.bucket b where b.id = 0;
select work.release(test.worker(1), 'local', 0, 3);
select test.eq(array_agg(a.epoch), array[4::bigint], 'what was given back is free at once') from work.acquire(test.worker(1), 'local', 10000) a;
select test.eq(work.beat(test.worker(1), 10, '{"a": 1}'), 1, 'a beat says the share');
select test.eq(work.beat(test.worker(9), 10, '{}'), null, 'and null to whom nobody knows');

-- a dead worker's things are free at once
insert into tocsin.outbox (key, owner, channel, event, body, locked_by, locked_until) values ('k', 1, 1, 'test', '{}', test.worker(1), now() + interval '1 hour');
insert into tocsin.test_run (owner, spec, claimed_by, claimed_until) values (1, '{}', test.worker(1), now() + interval '1 hour');
select work.bury(test.worker(1));
select test.eq(array_agg(a.epoch), array[5::bigint], 'its bucket') from work.acquire(test.worker(2), 'local', 10000) a;
select test.ok(o.locked_until is null, 'its messages') from tocsin.outbox o;
select test.ok(t.claimed_until is null, 'its tests') from tocsin.test_run t;
select test.eq(test.settle(9, '{0}', '{1}', epoch => 4), -1, 'and whatever it still sends is refused');
select work.bye(test.worker(2));
select test.eq(count(*)::integer, 0, 'nobody is left') from tocsin.worker;
select test.eq(count(*)::integer, 0, 'who said bye gets nothing') from work.acquire(test.worker(2), 'local', 10000);

-- regions
select test.hello(3, 'far-away');
select work.place(), work.share_out();
select test.eq(array_agg(a.epoch), array[1::bigint], 'a new region has the same buckets') from work.acquire(test.worker(3), 'far-away', 10000) a;
select test.eq(count(*)::integer, 0, 'an unknown one has none') from work.acquire(test.worker(3), 'nowhere', 10000);
