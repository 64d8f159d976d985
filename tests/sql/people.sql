-- What people do to a monitor, and checks that end meanwhile: a pause or a deletion holds,
-- closes what is open, and no vote of before counts after it.
select test.settle(1, '{0}', '{3}', '[[0,3,0,2,0,"refused"]]');
select test.eq((select s.status from tocsin.monitor_state s where s.monitor = 1), 3::smallint, 'monitor 1 is down');
select test.ok(api.monitor_patch(1, 1, '{"paused": true}') ->> 'status' = 'paused', 'it is paused');
select test.eq((select count(*) from tocsin.incident i where i.resolved_at is null), 0::bigint, 'its incident is closed');
select test.eq((select s.down_mask from tocsin.monitor_state s where s.monitor = 1), 0::bigint, 'no region says down any more');
select test.eq(test.settle(2, '{0}', '{3}', '[[0,3,0,2,0,"refused"]]'), 0, 'a check that was under way changes nothing');
select test.eq((select s.status from tocsin.monitor_state s where s.monitor = 1), 5::smallint, 'it is still paused');
select test.ok(api.monitor_patch(1, 1, '{"paused": false}') ->> 'status' = 'unknown', 'resumed, nothing is known');
select test.eq((select s.message from tocsin.transition s where s.monitor = 1 order by s.seq desc limit 1),
               'resumed by ' || (select a.email from tocsin.account a where a.id = 1), 'and it says who did it');
select test.eq(test.settle(3, '{0}', '{1}', '[[0,1,0,0,200,""]]'), 1, 'the next check decides');
select test.eq((select count(*) from tocsin.outbox o where o.event = 'up' and o.monitor = 1), 0::bigint, 'nobody is told of an end that is not one');

-- deleted while down, and back
select test.settle(4, '{1}', '{3}', '[[1,3,0,2,0,"refused"]]');
select test.ok(api.monitor_delete(1, 2, '{}') is not null, 'monitor 2 is deleted');
select test.eq((select count(*) from tocsin.incident i where i.resolved_at is null), 0::bigint, 'with its incident');
select test.eq((select count(*) from tocsin.outbox o where o.monitor = 2 and o.state = 'pending'), 0::bigint, 'its messages are taken back');
select test.eq(test.settle(5, '{1}', '{1}', '[[1,1,0,0,200,""]]'), 0, 'its checks are of no use');
select test.ok(api.monitor_delete(1, 2, '{}') is null, 'it cannot be deleted again');
select test.ok(api.monitor_restore(1, 2, '{}') ->> 'status' = 'unknown', 'it comes back');
select test.eq(test.fails('select api.monitor_restore(1, 2, ''{}'')'), 'PT409', 'once');

-- what one may not see
insert into tocsin.account (email, role) values ('eve@example.org', 'member'), ('vic@example.org', 'viewer');
select test.ok(api.monitor_read((select a.id from tocsin.account a where a.email = 'eve@example.org'), 1, '{}') is null, 'not hers');
select test.ok(api.monitor_checks((select a.id from tocsin.account a where a.email = 'eve@example.org'), 1, '{}') is null, 'nor its checks');
select test.eq(test.fails('select api.monitor_delete((select a.id from tocsin.account a where a.email = ''vic@example.org''), 1, ''{}'')'),
               'PT403', 'a viewer writes nothing');
select test.eq(test.fails('select api.monitor_list(null, null, ''{}'')'), 'PT401', 'nobody sees nothing');

-- an open vote of another region does not outlive a pause
update tocsin.monitor_state set down_mask = 6, degraded_mask = 2 where monitor = 3;
select api.monitor_bulk(1, null, '{"op": "pause", "ids": [3, 4]}');
select test.eq((select array_agg(s.status order by s.monitor) from tocsin.monitor_state s where s.monitor in (3, 4)), '{5,5}'::smallint[], 'both are paused');
select test.eq((select s.down_mask + s.degraded_mask from tocsin.monitor_state s where s.monitor = 3), 0::bigint, 'the votes are gone');
