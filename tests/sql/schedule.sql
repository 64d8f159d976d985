-- Monitors find their place once and for life; buckets are shared out by weight.
select test.eq(array_agg((m.bucket, m.slot)::text order by m.id), array['(0,0)','(0,1)','(0,2)','(0,3)','(0,4)'], 'slots in order') from tocsin.monitor m;
insert into tocsin.monitor (owner, name, url) select 1, 'more', 'http://example.com/' || i from generate_series(1, 2100) i;
select test.eq(work.place(), 2100, 'many at once');
select test.eq(work.place(), 0, 'and then none');
select test.eq(array_agg(n order by bucket), array[1000, 1000, 105]::bigint[], 'a thousand a bucket')
  from (select m.bucket, count(*) as n from tocsin.monitor m group by m.bucket) x;
select test.eq(count(*)::integer, 3, 'each has a row to lease') from tocsin.bucket;
select test.eq(count(*)::integer, 2105, 'every monitor has a state') from tocsin.monitor_state;

-- slots of monitors that are gone rest for a day: results that name them are still about
delete from tocsin.monitor where id in (2, 3);
insert into tocsin.monitor (owner, name, url) values (1, 'new', 'http://example.org/');
select test.eq(work.place(), 1, 'placed');
select test.eq((m.bucket, m.slot)::text, '(2,105)', 'not in a slot that was just freed') from tocsin.monitor m where m.name = 'new';
delete from tocsin.monitor where name = 'new';
insert into tocsin.monitor (owner, name, url) values (1, 'newer', 'http://example.org/');
select work.place();
select test.eq((m.bucket, m.slot)::text, '(2,106)', 'not even in the last one') from tocsin.monitor m where m.name = 'newer';
select test.later('25 hours');
insert into tocsin.monitor (owner, name, url) select 1, 'newest', 'http://example.org/' || i from generate_series(1, 4) i;
select test.eq(work.place(), 4, 'a day later');
select test.eq(array_agg((m.bucket, m.slot)::text order by m.id), array['(0,1)','(0,2)','(2,105)','(2,107)'], 'they are given away again') from tocsin.monitor m where m.name = 'newest';

-- shares
select test.hello(1);
select work.share_out();
select test.eq(w.share, 3, 'one worker may hold all') from tocsin.worker w;
select test.hello(2, weight => 2), test.hello(3, 'far');
select test.eq(work.share_out(), 2, 'another joins');
select test.eq(array_agg(w.share order by w.id), '{1,2,0}', 'by weight; a new region has no buckets yet') from tocsin.worker w;
select work.place();
select work.share_out();
select test.eq(w.share, 3, 'it has its own') from tocsin.worker w where w.id = test.worker(3);
select test.eq(work.share_out(), 0, 'nothing to change');
select test.eq(count(*)::integer, 1, 'worker 1 takes its share') from work.acquire(test.worker(1), 'local', 10000);
select test.eq(count(*)::integer, 2, 'worker 2 the rest') from work.acquire(test.worker(2), 'local', 10000);
select test.later('15 seconds');
select test.hello(1);
select work.share_out();
select test.eq(w.share, 3, 'who does not beat has no share in the end') from tocsin.worker w where w.id = test.worker(1);
select test.later('11 minutes');
select test.hello(1);
select work.share_out();
select test.eq(count(*)::integer, 1, 'and is forgotten') from tocsin.worker;
-- the database was away for so long: whoever comes back with what it kept is still the
-- owner, if no other has taken the bucket
select test.hello(2);
select test.eq(work.settle(test.worker(2), 'local', b.id, b.epoch, b.batch + 1, 10000, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'), 0, 'what it held is its own')
  from tocsin.bucket b where b.region = 0 and b.id = 1;
select work.share_out();
select test.ok(count(*) > 0, 'or free') from work.acquire(test.worker(1), 'local', 10000);

-- the clock was set back by an hour: one that died just before seems to live until then
select test.hello(1);
update tocsin.worker set lease_until = clock_timestamp() + interval '1 hour' where id = test.worker(2);
select work.share_out();
select test.eq(w.share, 3, 'its part does not lie idle') from tocsin.worker w where w.id = test.worker(1);
