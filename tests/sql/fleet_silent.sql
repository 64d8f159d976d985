-- A host that does not answer: unknown, with its apps, and one message; and one when it is back.
select test.host(), test.host('vm-2');
insert into tocsin.monitor_channel select 6, 1 union select 7, 1 on conflict do nothing;
select test.polled(test.said(6, '{"web": "running", "db": "failed"}'), test.said(7));
select test.awake();
select test.eq(work.fleet_silent(), 0, 'nobody is silent');
select test.later('85 seconds'); select test.awake();
select test.eq(work.fleet_silent(), 0, 'two polls and half a minute are waited for');
select test.polled(test.said(7), jsonb_build_object('host', 6, 'ok', false, 'error', 'timeout', 'message', 'no answer in 10 s'));
select test.later('10 seconds'); select test.awake();
select test.eq(work.fleet_silent(), 1, 'then it is silent');
select test.eq((test.status(6), test.status(test.app('web')), test.status(test.app('db')), test.status(7))::text, '(0,0,0,1)', 'with its apps, and no other');
select test.eq((s.reason, s.message, extract(epoch from clock_timestamp() - s.since) between 5 and 30)::text, '(29,"timeout: no answer in 10 s",t)', 'since its patience was over, with the reason')
  from tocsin.monitor_state s where s.monitor = 6;
select test.eq(test.messages(6), 'silent', 'it owes one message');
select test.eq((test.messages(test.app('web')), test.messages(test.app('db')))::text, '("",down)', 'its apps say nothing more');
select test.eq(test.incidents(test.app('db')), 'open', 'an outage that nobody can watch goes on');
select test.awake();
select test.eq((work.fleet_silent(), test.messages(6))::text, '(0,silent)', 'told once');
select test.eq((select o.body->>'previous' from tocsin.outbox o where o.event = 'silent'), 'up', 'it was up before');
-- the daemon is started again in the middle of it: another epoch, nothing twice
update tocsin.fleet set lease_until = now() - interval '1 second';
select test.eq(work.fleet_lease(test.worker(1), 3600000), 2::bigint, 'another poller');
select test.later('1 hour'); update tocsin.awake set beat_at = beat_at where id = 2;
select test.eq(work.fleet_silent(), 0, 'nothing more is said');
select test.eq(test.status(7), 1, 'nor of the other: who was away does not know');
select test.polled(test.said(6, '{"web": "running", "db": "running"}'), test.said(7));
select test.eq((test.status(6), test.status(test.app('web')), test.status(test.app('db')))::text, '(1,1,1)', 'back');
select test.eq(test.messages(6), 'silent,up', 'told once');
select test.eq((test.messages(test.app('db')), test.incidents(test.app('db')))::text, '("down,up",closed)', 'what was down before is told to be up');
select test.eq(test.messages(test.app('web')), '', 'what was up is not');
select test.eq((select o.body->>'previous' from tocsin.outbox o where o.event = 'up' and o.monitor = 6), 'unknown', 'nobody knew how it was');
select test.eq((select string_agg(e.kind, ',' order by e.id) from tocsin.fleet_event e where e.host = 6 and e.app is null), 'silent,back', 'its history');
-- the hour that the control plane was away is no uptime of the other host, and nobody's fault
select test.eq(array_agg(t.status order by t.seq), '{1,0,1}', 'a hole') from tocsin.transition t where t.monitor = 7;
select test.eq(test.messages(7), '', 'that nobody is told of');
select test.ok(x.unknown_s between 3500 and 3520 and x.down_s = 0, 'unknown while nobody measured: ' || x) from tocsin.status_seconds(7, now() - interval '2 hours', now()) x;

-- a channel that does not hear of outages hears nothing of silence; one that hears of `up` only of that
update tocsin.channel set events = '{degraded}';
select test.later('2 minutes'); select test.awake();
select test.eq((work.fleet_silent(), test.messages(6))::text, '(2,"silent,up")', 'both silent, one channel that does not care');
update tocsin.channel set events = '{down,up,degraded}';
select test.polled(test.said(6), test.said(7));
select test.eq(test.messages(7), 'up', 'that they are back is told as a recovery');

-- silent in the middle of maintenance: told at its end, when it still is
insert into tocsin.maintenance (owner, title, starts_at, duration_s, created_at) values (1, 'w', now() - interval '1 minute', 3600, now() - interval '1 minute');
insert into tocsin.maintenance_monitor select max(id), 7 from tocsin.maintenance;
insert into tocsin.occurrence (maintenance, starts_at, ends_at) select max(id), now() - interval '1 minute', now() + interval '20 minutes' from tocsin.maintenance;
update tocsin.maintenance_clock set since = now() - interval '1 hour', beat_at = clock_timestamp();
select work.maintenance_tick();
select test.eq((test.status(7), test.status(6))::text, '(4,1)', 'one host is in maintenance');
select test.later('3 minutes'); select test.awake();
select work.fleet_silent();
select test.eq((test.status(7), test.messages(7))::text, '(4,up)', 'it is silent, and nothing is said');
update tocsin.maintenance_clock set since = now() - interval '1 hour', beat_at = clock_timestamp();
update tocsin.occurrence set ends_at = now() - interval '1 second';
select work.maintenance_tick();
select test.eq((test.status(7), test.messages(7))::text, '(0,"up,silent")', 'at the end it is');

-- covering a host covers its apps
select test.polled(test.said(6, '{"web": "running"}'), test.said(7));
insert into tocsin.maintenance (owner, title, starts_at, duration_s, created_at) values (1, 'x', now() - interval '1 second', 3600, now() - interval '1 minute');
insert into tocsin.maintenance_monitor select max(id), 6 from tocsin.maintenance;
insert into tocsin.occurrence (maintenance, starts_at, ends_at) select max(id), now() - interval '1 second', now() + interval '20 minutes' from tocsin.maintenance;
select test.eq(array_agg(c order by c), array[6, test.app('db'), test.app('web')]::bigint[], 'covered') from tocsin.maintenance_covers((select max(w.id) from tocsin.maintenance w)) c;
update tocsin.maintenance_clock set since = now() - interval '1 hour', beat_at = clock_timestamp();
select work.maintenance_tick();
select test.eq((test.status(6), test.status(test.app('web')), test.status(7))::text, '(4,4,1)', 'a host and its apps');
select test.polled(test.said(6, '{"web": "failed"}'));
select test.eq((test.status(test.app('web')), test.incidents(test.app('web')), test.messages(test.app('web')))::text, '(4,"","")', 'an outage in it is silent');
