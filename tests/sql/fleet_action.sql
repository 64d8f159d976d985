-- What is done to apps: asked, claimed, done; and what Tocsin does by itself.
update tocsin.account set role = 'operator' where id = 1;
select test.host();
select test.polled(test.said(6, '{"web": "running", "db": "running"}'));
create function test.ask(verb text, app text, input jsonb default '{}') returns bigint language plpgsql as $$
declare
    answer json;
begin
    execute format('select api.%I(1, %s, %L)', verb, test.app(app), input || '{"@": {"address": "192.0.2.9", "request": "r1"}}') into answer;
    return (answer->>'id')::bigint;
end $$;
create function test.claim() returns text language sql as $$
    select coalesce(string_agg(c.kind || ' ' || c.app || ' ' || c.attempt, ',' order by c.id), '')
      from work.fleet_action_claim(test.worker(1), (select f.epoch from tocsin.fleet f), 10, 30) c
$$;
create function test.last(app text) returns bigint language sql as $$ select max(a.id) from tocsin.app_action a where a.app = test.app(last.app) $$;
create function test.action(app text) returns text language sql as $$ select a.state from tocsin.app_action a where a.id = test.last(action.app) $$;

-- one at a time
select test.ask('app_restart', 'web', '{"reason": "slow"}');
select test.eq(test.fails($$select api.app_stop(1, test.app('web'), '{}')$$), 'PT409', 'one at a time');
select test.eq(test.fails($$select api.deploy_create(1, test.app('web'), '{"ref": "main"}')$$), 'PT409', 'a deploy is one, too');
select test.eq(test.claim(), 'restart web 1', 'claimed');
select test.eq(test.claim(), '', 'once');
select test.eq(work.fleet_action_claim(test.worker(2), 1, 10, 30) is null, null, 'by the poller only');
select work.fleet_action_done(test.worker(2), test.last('web'), false, null, 'x');
select test.eq(test.action('web'), 'running', 'a failure counts from who holds the claim');
-- while it is restarted, a stop means nothing
select test.polled(test.said(6, '{"web": "stopped", "db": "running"}'));
select test.eq(test.status(test.app('web')), 1, 'nothing is read into it');
select work.fleet_action_done(test.worker(1), test.last('web'), true, '{"ms": 700, "state": {"id": "web", "type": "systemd", "state": "running", "invocation": "i2", "deploy": true}}', null);
select test.eq((test.action('web'), test.status(test.app('web')), test.fleet_events(test.app('web')))::text, '(done,1,restart)', 'done, and in the history');
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i2"}, "db": "running"}'));
select test.eq(test.fleet_events(test.app('web')), 'restart', 'and no restart by itself');
select test.eq(count(*)::integer, 1, 'the audit knows who and from where') from tocsin.audit a
 where a.action = 'app.restart' and a.object_id = test.app('web')::text and a.actor = 1 and host(a.address) = '192.0.2.9' and a.after->>'reason' = 'slow';
select test.polled(test.said(6, '{"web": {"state": "failed", "invocation": "i2"}, "db": "running"}', 60000));
select test.eq(test.status(test.app('web')), 1, 'what was seen before it ended says nothing');

-- who asked died: the same again; the agent has been started since: lost
select test.ask('app_restart', 'db');
select test.claim();
update tocsin.app_action set claimed_until = now() - interval '1 second' where state = 'running';
select test.eq(test.claim(), 'restart db 2', 'claimed again');
select work.fleet_action_done(test.worker(1), test.last('db'), false, null, 'unknown action outcome');
select test.eq(test.action('db'), 'lost', 'nobody knows');
-- it could not be asked: once more, soon
select test.ask('app_restart', 'db');
select test.claim();
select work.fleet_action_done(test.worker(1), test.last('db'), null, null, 'connect: refused');
select test.eq((test.action('db'), test.claim())::text, '(asked,"")', 'not at once');
update tocsin.app_action set next_at = now();
select test.eq(test.claim(), 'restart db 2', 'but soon');
select work.fleet_action_done(test.worker(1), test.last('db'), false, null, 'no such app on this host''s list');
select test.eq(test.action('db'), 'failed', 'failed');
-- the host does not answer
select test.ask('app_restart', 'db');
update tocsin.monitor_state set status = 0, reason = 29 where monitor = 6;
select test.eq(test.claim(), '', 'a silent host is not asked');
update tocsin.app_action set asked_at = now() - interval '3 minutes' where state = 'asked';
select tocsin.fleet_overdue(clock_timestamp());
select test.eq((a.state, a.error)::text, '(failed,"the host does not answer")', 'for two minutes') from tocsin.app_action a where a.id = test.last('db');
update tocsin.monitor_state set status = 1, reason = 0 where monitor = 6;

-- stopped here: paused, and no outage; started on the host: wanted again
select test.ask('app_stop', 'web');
select test.claim();
select work.fleet_action_done(test.worker(1), test.last('web'), true, '{"ms": 70, "state": {"id": "web", "type": "systemd", "state": "stopped", "deploy": true}}', null);
select test.eq((s.status, s.message)::text, '(5,"stopped by ann@example.com")', 'paused, with who') from tocsin.monitor_state s where s.monitor = test.app('web');
select test.polled(test.said(6, '{"web": "failed", "db": "running"}'));
select test.eq((test.status(test.app('web')), test.incidents(test.app('web')))::text, '(5,"")', 'no outage');
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i7"}, "db": "running"}'));
select test.eq((test.status(test.app('web')), (select a.wanted from tocsin.app a where a.key = 'web'))::text, '(1,running)', 'started on the host');
-- a stop that failed is not wanted
select test.ask('app_stop', 'web');
select test.claim();
select work.fleet_action_done(test.worker(1), test.last('web'), false, null, 'polkit says no');
select test.polled(test.said(6, '{"web": {"state": "failed", "invocation": "i7"}, "db": "running"}'));
select test.eq(test.status(test.app('web')), 3, 'an outage is one');

-- Tocsin restarts it: three times in ten minutes, whatever is started again meanwhile
select api.app_patch(1, test.app('web'), '{"auto_restart": true}');
create function test.crash() returns text language plpgsql as $$
begin
    perform test.polled(test.said(6, jsonb_build_object('web', jsonb_build_object('state', 'failed', 'invocation', 'i7'), 'db', 'running')));
    return test.claim();
end $$;
create function test.restarted() returns void language sql as $$
    select work.fleet_action_done(test.worker(1), (select max(a.id) from tocsin.app_action a), true, '{"ms": 5}', null)
$$;
select test.eq(test.crash(), 'restart web 1', 'it is down: restarted');
select test.eq(test.crash(), '', 'one at a time');
select test.restarted();
select test.eq(test.crash(), 'restart web 1', 'down again, though nobody saw it up');
select test.restarted();
-- the daemon is started again, the database too: it is in rows
update tocsin.fleet set lease_until = now() - interval '1 second';
select work.fleet_lease(test.worker(1), 3600000);
select test.eq(test.crash(), 'restart web 1', 'the third');
select test.restarted();
select test.eq(test.crash(), '', 'and no fourth');
select test.eq(test.crash(), '', 'nor a fifth');
select test.eq((select count(*)::integer from tocsin.fleet_event e where e.kind = 'gave-up'), 1, 'said once');
select test.eq((select count(*)::integer from tocsin.incident_event e where e.body like '%no more restarts%'), 1, 'in the incident, too');
select test.eq((test.incidents(test.app('web')), test.messages(test.app('web')))::text, '(open,"")', 'one incident');
select test.eq((api.app_read(1, test.app('web'), '{}') #>> '{guard,done}', api.app_read(1, test.app('web'), '{}') #>> '{guard,gave_up}')::text, '(3,true)', 'the guard says so');
select test.later('11 minutes');
select test.eq(test.crash(), '', 'not in this outage, however long it is');
-- a person may; and when it was well again, it is guarded anew
select test.ask('app_restart', 'web');
select test.eq(test.claim(), 'restart web 1', 'a person may');
select test.restarted();
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i8"}, "db": "running"}'));
select test.eq(test.crash(), 'restart web 1', 'another outage');

-- deploys
select test.restarted();
select test.polled(test.said(6, '{"web": {"state": "running", "invocation": "i9"}, "db": "running"}'));
select test.eq(test.fails(format('select api.deploy_create(1, test.app(''web''), %L)', jsonb_build_object('ref', r))), 'PT422', 'ref ' || coalesce(r, 'null'))
  from (values (null), (''), ('-x'), ('a b'), ('a..b'), ('a;rm'), ('main^'), ('x@{1}'), (repeat('a', 300)), (e'a\nb')) v (r);
create table test.deploy as select test.ask('deploy_create', 'web', '{"ref": "release/1.2"}') as id;
select test.eq(test.fails($$select api.app_restart(1, test.app('web'), '{}')$$), 'PT409', 'a deploy holds off a restart');
select test.eq(test.claim(), 'deploy web 1', 'claimed');
select work.fleet_deploy_say(test.worker(1), d.id, '{"state": "running", "from": "aaaa", "to": "bbbb", "subjects": ["Fix it", 7], "steps": [{"name": "build", "state": "running", "at": 1}, 5], "step": "build", "output": "one\n"}') from test.deploy d;
select test.polled(test.said(6, '{"web": "stopped", "db": "running"}'));
select test.eq(test.status(test.app('web')), 2, 'a stop in a deploy is like a restart');
select test.eq((x->>'state', x->>'from', x->>'step', x #>> '{subjects,0}', json_array_length(x->'steps'), x->>'output')::text, '(running,aaaa,build,"Fix it",1,"one' || e'\n' || '")', 'how it is')
  from test.deploy d, api.deploy_read(1, test.app('web'), jsonb_build_object('sub', d.id)) x;
select test.eq(api.deploy_cancel(1, test.app('web'), jsonb_build_object('sub', d.id))->>'cancelling', 'true', 'to be cancelled') from test.deploy d;
select api.deploy_cancel(1, test.app('web'), jsonb_build_object('sub', d.id)) from test.deploy d;
select test.eq(test.claim(), 'cancel web 1', 'asked once');
select work.fleet_deploy_say(test.worker(1), d.id, jsonb_build_object('state', 'rolled-back', 'error', 'the health check fails', 'output', repeat('x', 300000))) from test.deploy d;
select test.eq((x->>'state', x->>'error', length(x->>'output'))::text, '(rolled-back,"the health check fails",262144)', 'and how it ended')
  from test.deploy d, api.deploy_read(1, test.app('web'), jsonb_build_object('sub', d.id)) x;
select test.eq(test.fails(format('select api.deploy_cancel(1, test.app(''web''), %L)', jsonb_build_object('sub', d.id))), 'PT409', 'it is over') from test.deploy d;
select work.fleet_deploy_say(test.worker(1), d.id, '{"state": "succeeded"}') from test.deploy d;
select test.eq(tocsin.deploy_state(a), 'rolled-back', 'for good') from tocsin.app_action a join test.deploy d on d.id = a.id;
select test.eq(x->>'ref', 'aaaa', 'back to what was there') from test.deploy d, api.deploy_rollback(1, test.app('web'), jsonb_build_object('sub', d.id)) x;
select test.eq((api.deploy_list(1, test.app('web'), '{"limit": 1}') #>> '{items,0,rollback_of}')::bigint, d.id, 'of that one') from test.deploy d;
select test.eq(api.deploy_cancel(1, test.app('web'), jsonb_build_object('sub', test.last('web')))->>'state', 'cancelled', 'one that nobody has begun is cancelled at once') from test.deploy d;
select test.ok(e.text like '%aaaa → bbbb by ann@example.com: rolled-back%', e.text) from tocsin.fleet_event e where e.kind = 'deploy' and e.action = (select id from test.deploy);

-- another's, and nobody's
select test.eq(api.app_restart(1, 6, '{}')::text, null, 'a host is no app');
select test.eq(api.app_restart(1, 999, '{}')::text, null, 'there is none');
select test.eq(api.app_action_read(1, test.app('db'), '{"sub": 1}')::text, null, 'nor another app''s');
