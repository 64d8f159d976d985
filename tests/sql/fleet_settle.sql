-- What agents say becomes statuses, incidents and messages, each once.
select test.eq(test.host()::integer, 6, 'a host is a monitor');
insert into tocsin.monitor_channel values (6, 1) on conflict do nothing;
select test.eq(test.status(6), 0, 'nobody knows anything of it yet');
select test.eq(test.polled(test.said(6, '{"web": "running", "db": "running"}')), 3, 'the host and two apps are up');
select test.eq(array_agg(m.name order by m.id), array['vm-1', 'db on vm-1', 'web on vm-1'], 'they are monitors') from tocsin.monitor m where m.type <> 'http';
select test.eq(array_agg(test.status(m.id)), '{1,1,1}', 'and up') from tocsin.monitor m where m.type <> 'http';
select test.eq((select array_agg(c.channel) from tocsin.monitor_channel c where c.monitor = test.app('web')), array[1::bigint], 'with the channels of the host');
select test.eq((h.os, h.cores, h.boot_id)::text, '("Debian 12",2,boot-1)', 'what it is') from tocsin.host h;
select test.eq(test.polled(test.said(6, '{"web": "running", "db": "running"}')), 0, 'the same again changes nothing');

-- fenced, and known
select test.eq(work.fleet_settle(test.worker(1), 1, 2, '[]'), -2, 'a batch that was applied is known');
select test.eq(work.fleet_settle(test.worker(2), 1, 99, '[]'), -1, 'another worker is refused');
select test.eq(work.fleet_settle(test.worker(1), 2, 99, '[]'), -1, 'another epoch is refused');
select test.eq(count(*)::integer, 2, 'nothing of those was kept') from tocsin.fleet_segment;
select test.eq(work.fleet_lease(test.worker(2), 3600000), null, 'the lease is held');
select test.eq(work.fleet_lease(test.worker(1), 3600000), 1::bigint, 'and kept by who has it');
update tocsin.fleet set lease_until = now() - interval '1 second';
select test.eq(work.fleet_lease(test.worker(1), 3600000), 2::bigint, 'one that ran out begins anew');
select test.eq(work.fleet_settle(test.worker(1), 1, 50, '[]'), -1, 'what was asked before is refused');
select test.eq(work.fleet_settle(test.worker(1), 2, 2, '[]'), -2, 'batches count on');
update tocsin.fleet set lease_until = now() - interval '1 second';
select test.eq(work.fleet_lease(test.worker(2), 3600000), 3::bigint, 'another takes it');
select test.eq(work.fleet_settle(test.worker(2), 3, 1, '[]'), 0, 'and counts from 1');
select work.bye(test.worker(2));
select test.eq(work.fleet_lease(test.worker(1), 3600000), 4::bigint, 'one that was given back is free at once');

-- an outage
select test.later('1 minute');
select test.eq(test.polled(test.said(6, '{"web": {"state": "failed", "exit": {"code": 1, "signal": null}}, "db": "running"}', 3000)), 1, 'one fails');
select test.eq(test.status(test.app('web')), 3, 'it is down at once');
select test.eq(s.message, 'exited with code 1', 'and says why') from tocsin.monitor_state s where s.monitor = test.app('web');
select test.eq(round(extract(epoch from clock_timestamp() - i.started_at))::integer, 3, 'since it was seen') from tocsin.incident i where i.monitor = test.app('web');
select test.polled(test.said(6, '{"web": "failed", "db": "running"}'));
select test.eq((test.incidents(test.app('web')), test.messages(test.app('web')))::text, '(open,down)', 'told once');
select test.eq(test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i2"}, "db": "running"}')), 1, 'it is back');
select test.eq((test.incidents(test.app('web')), test.messages(test.app('web')))::text, '(closed,"down,up")', 'told once');
select test.eq(test.fleet_events(test.app('web')), 'crash,status', 'and in its history');

-- health checks: degraded, down, up
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i2", "health": {"ok": false, "message": "503"}}, "db": "running"}'));
select test.eq(test.status(test.app('web')), 2, 'unhealthy for a poll');
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i2", "health": {"ok": false, "message": "503"}}, "db": "running"}'));
select test.eq(test.status(test.app('web')), 3, 'unhealthy for two');
select test.eq(s.message, '503', 'in the words of the check') from tocsin.monitor_state s where s.monitor = test.app('web');
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i2", "health": {"ok": true, "ms": 5}}, "db": "running"}'));
select test.eq(test.messages(test.app('web')), 'down,up,degraded,down,up', 'each change is told');

-- crashed and started again between two answers
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i3", "exit": {"code": 0, "signal": 9}}, "db": {"state": "running", "restarts": 1}}'));
select test.eq(test.fleet_events(test.app('web')) like '%,restarted', true, 'another invocation is a restart');
select test.eq(test.fleet_events(test.app('db')), 'restarted', 'a higher count, too');
select test.eq(test.incidents(test.app('db')), '', 'and no incident');
select test.eq((select e.text from tocsin.fleet_event e where e.app = test.app('web') and e.kind = 'restarted'), 'restarted by itself: killed by signal 9', 'with its cause');
-- the host was started again: its apps were, too, and not by themselves
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i4"}, "db": {"state": "running", "restarts": 0, "invocation": "i9"}}', 0, '{"agent": {"boot_id": "boot-2"}}'));
select test.eq((select count(*)::integer from tocsin.fleet_event e where e.kind = 'restarted' and e.app is not null), 2, 'no further restarts of apps');
select test.eq((select e.text from tocsin.fleet_event e where e.kind = 'restarted' and e.app is null), 'the host was started again', 'one of the host');

-- two answers of one host in a batch that waited for the database, the older one last
select test.eq(test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i4"}, "db": {"state": "running", "invocation": "i9"}}', 1000, '{"agent": {"boot_id": "boot-2"}}'),
                           test.said(6, '{"web": {"state": "failed", "invocation": "i4"}, "db": {"state": "running", "invocation": "i9"}}', 9000, '{"agent": {"boot_id": "boot-2"}}')), 2, 'down and up');
select test.eq(test.status(test.app('web')), 1, 'in the order it happened');

-- apps that leave the list and come back
select test.eq(test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i4"}}', 0, '{"agent": {"boot_id": "boot-2"}}')), 1, 'one left');
select test.eq((select (a.gone_at is not null, test.status(a.monitor))::text from tocsin.app a where a.key = 'db'), '(t,5)', 'it is paused');
select test.eq(test.messages(test.app('db')), '', 'and nobody is told');
select test.eq(test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i4"}, "db": {"state": "running", "invocation": "i9"}}', 0, '{"agent": {"boot_id": "boot-2"}}')), 1, 'it is back');
select test.eq((select (a.gone_at is null, test.status(a.monitor), a.monitor)::text from tocsin.app a where a.key = 'db'), '(t,1,7)', 'as the same app');

-- limits hold for three polls
select test.polled(test.said(6, '{}', 0, '{"memory": {"total": 100, "used": 99}}')) from generate_series(1, 2);
select test.eq(test.status(6), 1, 'a peak is none');
select test.polled(test.said(6, '{}', 0, '{"memory": {"total": 100, "used": 99}}'));
select test.eq((select (s.status, s.reason, s.message)::text from tocsin.monitor_state s where s.monitor = 6), '(2,35,"99.0 % of the memory is used")', 'three polls are');
select test.polled(test.said(6));
select test.eq((test.status(6), test.messages(6))::text, '(1,"degraded,up")', 'and it is over with the first good one');

-- an answer that comes twice, or after a newer one, changes nothing
select test.polled(test.said(6, '{"web": {"state": "failed"}}', 1000));
select work.fleet_settle(test.worker(1), (select f.epoch from tocsin.fleet f), nextval('test.fleet_batch'), jsonb_build_array(
    test.said(6, '{"web": {"state": "running"}}', 1100), test.said(6, '{"web": {"state": "running"}}', 60000)));
select test.eq((test.status(test.app('web')), (select count(*)::integer from tocsin.fleet_segment s where s.age_ms in (1100, 60000)))::text, '(3,0)', 'stale');
