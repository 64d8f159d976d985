-- Several regions: enough of those that are alive have to agree.
select test.hello(2, 'east'), test.hello(3, 'west');
select work.place(), work.share_out();
select test.eq(count(*)::integer, 1, 'east has the bucket too') from work.acquire(test.worker(2), 'east', 10000);
select test.eq(count(*)::integer, 1, 'west as well') from work.acquire(test.worker(3), 'west', 10000);
update tocsin.monitor set quorum = 2 where id = 1;
create function test.say(batch bigint, worker integer, status integer) returns integer language sql as $$
    select test.settle(batch, '{}', '{}', jsonb_build_array(jsonb_build_array(0, status, 0, 2, 0, '')),
                       worker => say.worker, region => (array['local', 'east', 'west'])[say.worker])
$$;
select test.eq(test.say(1, 1, 1), 1, 'up is believed at once');
select test.eq(test.say(2, 1, 3), 0, 'one of three says down');
select test.eq(l.status::integer, 3, 'it remembers what it said') from work.load(test.worker(1), 0, 1, null) l where l.id = 1;
select test.eq(l.status::integer, 1, 'and the others what they said') from work.load(test.worker(2), 0, 1, null) l where l.id = 1;
select test.eq(test.say(1, 2, 3), 1, 'two do');
select test.eq(test.status(1), 3, 'down');
select test.eq(test.say(1, 3, 3), 0, 'the third adds nothing');
select test.eq(test.say(3, 1, 1), 0, 'one sees it again');
select test.eq(test.say(2, 2, 2), 1, 'two do, one of them slowly');
select test.eq(test.status(1), 2, 'slow');
select test.eq(test.say(2, 3, 1), 1, 'up everywhere but for one that is slow');
select test.eq(test.status(1), 1, 'up');
select test.eq(test.incidents(1), 'closed', 'one outage');
-- fewer regions than asked for
update tocsin.bucket set lease_until = now() - interval '30 seconds' where region <> 0;
select test.eq(test.say(4, 1, 3), 1, 'the last region alive decides alone');
select test.eq(test.status(1), 3, 'down');
