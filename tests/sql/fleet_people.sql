-- Who sees hosts and apps, who may do what, how hosts come and go.
insert into tocsin.account (email, role) values ('op@example.com', 'operator'), ('dev@example.com', 'member'), ('eye@example.com', 'viewer'), ('other@example.com', 'member');
create function test.fails_as(account bigint, call text, app bigint, input jsonb default '{}') returns text language sql as $$
    select test.fails(format('select api.%I(%s, %s, %L)', call, account, coalesce(app::text, 'null'), input))
$$;

-- ---------------------------------------------------------------- enrolment
select test.eq(test.fails_as(2, 'enrolment_create', null), 'PT503', 'there is no authority yet');
select work.fleet_authority(repeat('p', 43));
select test.eq(test.fails_as(1, 'enrolment_create', null), 'PT403', 'an operator''s job');
select test.eq(test.fails_as(2, 'enrolment_create', null, i::jsonb), 'PT422', i) from (values ('{"ttl_s": 5}'), ('{"ttl_s": 90000}'), ('{"name": "a\u0007"}'), ('{"labels": ["a,b"]}'), ('{"host": 999}')) v (i);
create table test.token as select api.enrolment_create(2, null, '{"name": "vm-1", "labels": ["prod", "prod"], "ttl_s": 600, "@url": "https://t.example", "@": {"address": "192.0.2.1"}}') as e;
select test.ok(e->>'token' ~ ('^tce_[a-z0-9]{12}\.[A-Za-z0-9_-]{43}\.' || repeat('p', 43) || '$'), 'the token: ' || (e->>'token')) from test.token;
select test.eq(x.key, sha256(convert_to(split_part(e->>'token', '.', 2), 'UTF8')), 'kept is what proves it') from test.token, tocsin.enrolment x;
select test.ok(e->>'command' like 'curl -fsSL https://t.example/%--token tce_%', 'the line to run') from test.token;
select test.eq(api.enrolment_read(2, x.id, '{}')->>'token', null, 'shown once') from tocsin.enrolment x;
select test.eq(c.state, 'open', 'it opens') from tocsin.enrolment x, work.enrol_check(x.token) c;
select test.eq((select count(*)::integer from work.enrol_check('nonsense')), 0, 'nothing else does');
create table test.host_of as select work.enrol_host(x.id, 'whatever', '10.0.0.1:7443', repeat('k', 43), 'x86_64', 'Debian 12', '1.0', '192.0.2.7') as id from tocsin.enrolment x;
select test.eq((m.name, m.tags, m.owner, h.pin, m.interval_s)::text, '(vm-1,{prod},2,,30)', 'a host that is not trusted yet') from test.host_of t join tocsin.monitor m on m.id = t.id join tocsin.host h on h.monitor = m.id;
select test.eq(work.enrol_host(x.id, 'whatever', '10.0.0.1:7443', repeat('k', 43), '', '', '', ''), t.id, 'the same key again: its answer was lost') from tocsin.enrolment x, test.host_of t;
select test.eq(work.enrol_host(x.id, 'whatever', '10.0.0.9:7443', repeat('j', 43), '', '', '', '')::text, null, 'another key: the token is used') from tocsin.enrolment x;
select work.enrol_done(t.id, repeat('k', 43), now() + interval '10 years') from test.host_of t;
select test.eq((f.id, f.address, f.pin, f.gone)::text, '(' || t.id || ',10.0.0.1:7443,' || repeat('k', 43) || ',f)', 'now it is asked') from test.host_of t, work.fleet_hosts(test.worker(1), null, null) f;
select test.eq((api.enrolment_read(2, x.id, '{}')->>'state', (api.enrolment_read(2, x.id, '{}')->>'host')::bigint)::text, '(used,' || t.id || ')', 'the page that waits sees it') from tocsin.enrolment x, test.host_of t;
select test.eq(count(*)::integer, 1, 'pages are told') from tocsin.event e where e.kind = 'enrolled' and e.owner = 2;
-- a second host of the same name is another one
select api.enrolment_create(2, null, '{"name": "vm-1"}');
select test.ok(work.enrol_host(x.id, 'vm-1', '10.0.0.2:7443', repeat('z', 43), '', '', '', '') <> t.id, 'nobody takes over by a name') from tocsin.enrolment x, test.host_of t where x.used_at is null;
-- the same host anew: its history stays, its key is another
select api.enrolment_create(2, null, jsonb_build_object('host', t.id)) from test.host_of t;
select test.eq(work.enrol_host(x.id, 'vm-other', '10.0.0.3:7443', repeat('n', 43), '', '', '', ''), t.id, 'bound to it') from tocsin.enrolment x, test.host_of t where x.used_at is null;
select work.enrol_done(t.id, repeat('n', 43), now()) from test.host_of t;
select test.eq((m.name, h.pin, h.address)::text, '(vm-1,' || repeat('n', 43) || ',10.0.0.3:7443)', 'the old key is trusted no more') from test.host_of t join tocsin.monitor m on m.id = t.id join tocsin.host h on h.monitor = t.id;
-- expired and revoked
select api.enrolment_create(2, null, '{}'), api.enrolment_create(2, null, '{}');
update tocsin.enrolment set expires_at = now() - interval '1 second' where id = (select min(x.id) from tocsin.enrolment x where x.used_at is null);
select api.enrolment_delete(2, (select max(x.id) from tocsin.enrolment x), '{}');
select test.eq(array_agg(c.state order by x.id), array['expired', 'revoked'], 'neither opens') from tocsin.enrolment x, work.enrol_check(x.token) c where x.used_at is null;
select test.eq(array_agg(work.enrol_host(x.id, '', '10.0.0.9:7443', repeat('q', 43), '', '', '', '')::text), '{null,null}', 'anything') from tocsin.enrolment x where x.used_at is null;
select test.eq(test.fails_as(2, 'enrolment_delete', (select min(x.id) from tocsin.enrolment x)), 'PT409', 'one that was used cannot be revoked');

-- ---------------------------------------------------------------- who sees what
select work.fleet_lease(test.worker(1), 3600000);
select test.polled(test.said(t.id, '{"web": "running", "db": "running"}')) from test.host_of t;
create function test.sees(account bigint) returns text language sql as $$
    select json_array_length(api.host_list(account, null, '{}')->'items') || ' ' || json_array_length(api.host_list(account, null, '{"view": "list"}')->'id') || ' '
        || json_array_length(api.app_list(account, null, '{}')->'items') || ' ' || json_array_length(api.app_list(account, null, '{"view": "list"}')->'id')
$$;
select test.eq(array_agg(test.sees(a) order by a), array['0 0 0 0', '2 2 2 2', '0 0 0 0', '0 0 0 0'], 'operators and nobody else') from generate_series(1, 4) a;
select test.eq(api.host_read(3, t.id, '{}')::text, null, 'there is no such host') from test.host_of t;
select test.eq(test.fails_as(3, 'host_grant_create', t.id, '{"email": "dev@example.com", "role": "developer"}'), null, 'nor for granting') from test.host_of t;
select test.eq((select count(*)::integer from tocsin.fleet_grant), 0, 'nothing was granted');
select api.host_grant_create(2, t.id, '{"email": "EYE@example.com", "role": "viewer", "@": {"address": "192.0.2.1"}}') from test.host_of t;
select api.app_grant_create(2, test.app('web'), '{"email": "dev@example.com", "role": "developer"}');
select test.eq(array_agg(test.sees(a) order by a), array['0 0 0 0', '2 2 2 2', '0 0 1 1', '1 1 2 2'], 'what was granted') from generate_series(1, 4) a;
select test.eq(test.fails_as(4, 'app_restart', test.app('web')), 'PT403', 'a viewer restarts nothing');
select test.eq(test.fails_as(4, 'app_patch', test.app('web'), '{"auto_restart": true}'), 'PT403', 'nor changes anything');
select test.eq(test.fails_as(4, 'app_door', test.app('web'), '{"need": "developer"}'), 'PT403', 'nor reads env');
select test.eq(api.app_door(4, test.app('web'), '{"need": "viewer"}')->>'app', 'web', 'but logs');
select test.eq(api.app_restart(3, test.app('web'), '{}')->>'by', 'dev@example.com', 'a developer does');
select test.eq(api.app_restart(3, test.app('db'), '{}')::text, null, 'his app only');
select test.eq(test.fails_as(3, 'host_patch', t.id, '{"name": "x"}'), null, 'a host that he does not see') from test.host_of t;
select test.eq(test.fails_as(4, 'host_patch', t.id, '{"name": "x"}'), 'PT403', 'one that he sees') from test.host_of t;
select test.eq(test.fails_as(2, 'host_grant_create', t.id, i::jsonb), e, i) from test.host_of t, (values
    ('{"email": "nobody@example.com", "role": "viewer"}', 'PT422'), ('{"email": "dev@example.com", "role": "admin"}', 'PT422'),
    ('{"email": "op@example.com", "role": "viewer"}', 'PT409'), ('{"email": "eye@example.com", "role": "developer"}', 'PT409')) v (i, e);
-- demoted: at once
update tocsin.account set role = 'viewer' where id = 3;
select test.eq(test.fails_as(3, 'app_stop', test.app('web')), 'PT403', 'a developer who became a viewer');
update tocsin.account set role = 'member' where id = 3;
select test.eq((select string_agg(distinct e.owner::text, ',' order by e.owner::text) from tocsin.event e where e.kind = 'action'), '2,3,4', 'pages of all who see it are told');
select test.eq((select string_agg(distinct e.owner::text, ',' order by e.owner::text) from tocsin.event e where e.kind = 'app' and e.body ? 'change'), '2,3,4', 'of apps too');
select api.app_grant_delete(2, test.app('web'), jsonb_build_object('sub', g.id)) from tocsin.fleet_grant g where g.account = 3;
select test.eq(api.app_read(3, test.app('web'), '{}')::text, null, 'and out again');
select test.ok(exists (select from tocsin.event e where e.kind = 'account' and e.owner = 3), 'open streams look again');
select test.eq((select string_agg(a.action, ',' order by a.id) from tocsin.audit a where a.object_type in ('host', 'app') and a.action like '%.grant' or a.action like '%.revoke' and a.object_type = 'app'), 'host.grant,app.grant,app.revoke', 'all of it is written down');
select test.eq(jsonb_array_length((api.app_grants(2, test.app('web'), '{}')->'items')::jsonb), 1, 'an app shows those of its host');

-- what a developer did through the gateway
select api.app_did(2, test.app('web'), '{"verb": "env.reveal", "key": "main", "keys": ["A"], "@": {"address": "192.0.2.5"}}');
select api.app_did(2, test.app('web'), '{"verb": "env", "text": "main; changed A", "before": {"lines": ["A=••••"]}, "after": {"keys": {"changed": ["A"]}}}');
select test.eq((x #>> '{items,0,action}', x #>> '{items,0,after,keys,changed,0}', x #>> '{items,1,after,key}', x #>> '{items,1,address}')::text, '(app.env,A,main,192.0.2.5)', 'the audit of the app') from api.app_audit(2, test.app('web'), '{}') x;
select test.eq(test.fleet_events(test.app('web')) like '%env', true, 'its history');
select test.eq(test.fails_as(2, 'app_did', test.app('web'), '{"verb": "DROP table"}'), 'PT422', 'no verb');

-- ---------------------------------------------------------------- settings
select test.eq(test.fails_as(2, 'host_patch', t.id, i::jsonb), 'PT422', i) from test.host_of t, (values
    ('{"name": ""}'), ('{"address": "example.com:7443"}'), ('{"address": "10.0.0.1"}'), ('{"address": "10.0.0.1:99999"}'), ('{"address": "999.0.0.1:1"}'), ('{"poll_s": 4}'),
    ('{"thresholds": {"disk": "much"}}'), ('{"thresholds": {"disk": 101}}'), ('{"thresholds": {"cpu": 1}}'), ('{"thresholds": []}'), ('{"labels": ["a,b"]}'), ('{"channels": [999]}')) v (i);
select test.eq((x->>'name', x->>'poll_s', x #>> '{thresholds,disk}', x #>> '{thresholds,memory}', x #>> '{labels,0}', x->>'version')::text, '(vm-x,60,80,,a,2)', 'changed')
  from test.host_of t, api.host_patch(2, t.id, '{"name": "vm-x", "poll_s": 60, "labels": ["a"], "thresholds": {"disk": 80, "memory": null}, "address": "[fd00::1]:7443", "if_match": "1"}') x;
select test.eq(test.fails_as(2, 'host_patch', t.id, '{"name": "vm-y", "if_match": "1"}'), 'PT412', 'meanwhile') from test.host_of t;
select test.eq((m.name, m.interval_s)::text, '("web on vm-x",60)', 'its apps are called so, too') from tocsin.monitor m where m.id = test.app('web');
select test.eq((x->>'name', x->>'auto_restart', x->>'retries')::text, '(Shop,true,3)', 'an app') from api.app_patch(2, test.app('web'), '{"name": "Shop", "auto_restart": true, "retries": 3}') x;
select test.polled(test.said(t.id, '{"web": {"state": "running", "name": "Webshop"}, "db": "running"}')) from test.host_of t;
select test.eq((select a.title from tocsin.app a where a.key = 'web'), 'Shop', 'keeps the name that a person gave');
select test.eq(test.fails_as(2, 'app_delete', test.app('web')), 'PT409', 'an app of the list stays');
select test.polled(test.said(t.id, '{"web": {"state": "running"}}')) from test.host_of t;
create table test.old as select test.app('db') as db;
select api.app_delete(2, o.db, '{}') from test.old o;
select test.eq((select count(*)::integer from tocsin.monitor m, test.old o where m.id = o.db), 0, 'one that left it goes');

-- ---------------------------------------------------------------- other kinds among monitors
select test.eq(jsonb_array_length((api.monitor_list(2, null, i::jsonb)->'items')::jsonb), n, i) from (values ('{}', 5), ('{"type": "host"}', 2), ('{"type": "app"}', 1), ('{"type": "all"}', 8)) v (i, n);
select test.eq(json_array_length(api.monitor_list(2, null, '{"view": "list"}')->'id'), 5, 'columns');
select test.eq((api.overview(2, null, '{}') #>> '{counts,total}', api.overview(2, null, '{}') #>> '{fleet,hosts,total}', api.overview(2, null, '{}') #>> '{fleet,apps,up}')::text, '(5,2,1)', 'the dashboard');
select test.eq(test.fails_as(2, call, t.id, '{"name": "x"}'), 'PT409', call) from test.host_of t, (values ('monitor_patch'), ('monitor_delete')) v (call);
select test.eq((api.monitor_bulk(2, null, jsonb_build_object('op', 'delete', 'ids', jsonb_build_array(t.id)))->>'done')::integer, 0, 'nor in bulk') from test.host_of t;
select test.eq(work.place(), 0, 'they have no place in the queue');
select test.eq(api.monitor_read(2, t.id, '{}')->>'type', 'host', 'but can be read as monitors') from test.host_of t;
select test.eq((select count(*)::integer from api.metrics_monitors(0) m where m.type in ('host', 'app') and m.up = 1), 2, 'and are in /metrics');
select test.ok(work.figures() >= 8, 'figures of all');
-- a status page: a host is as bad as its worst app
insert into tocsin.page (owner, slug, title) values (2, 'p', 'P');
select tocsin.components_set(p, jsonb_build_array(jsonb_build_object('kind', 'host', 'monitor', t.id), jsonb_build_object('monitor', test.app('web')))) from tocsin.page p, test.host_of t;
select test.polled(test.said(t.id, '{"web": {"state": "failed"}}')) from test.host_of t;
select test.eq((x #>> '{components,0,status}', x #>> '{components,0,name}', x #>> '{components,1,status}')::text, '(3,vm-x,3)', 'on a page') from tocsin.page p, tocsin.page_model(p.id) x;
select test.eq((select count(*)::integer from tocsin.pages_of(array[test.app('web')])), 1, 'and its page is written again');
select test.eq((select count(*)::integer from tocsin.incident i, tocsin.incident_components(i) c where i.monitor = test.app('web')), 2, 'incidents of both');
select test.eq(tocsin.components_errors(p, jsonb_build_array(jsonb_build_object('kind', 'host', 'monitor', test.app('web'))))::text, '{"components[0].monitor": "is no host"}', 'an app is none') from tocsin.page p;

-- ---------------------------------------------------------------- deleted, restored, gone
select api.host_delete(2, t.id, '{"@": {"address": "192.0.2.1"}}') from test.host_of t;
select test.eq((test.sees(2), (select h.pin from tocsin.host h, test.host_of t where h.monitor = t.id))::text, '("1 1 0 0",)', 'with its apps, and its key');
select test.eq(array_agg(f.gone), '{t}', 'nobody asks it') from test.host_of t, work.fleet_hosts(test.worker(1), null, '3') f where f.id = t.id;
select test.eq(test.polled(test.said(t.id, '{"web": "running"}')), 0, 'nor listens') from test.host_of t;
select test.eq(api.monitor_restore(2, t.id, '{}')->>'type', 'host', 'brought back') from test.host_of t;
select test.eq(test.sees(2), '2 2 1 1', 'with its apps');
select api.host_delete(2, t.id, '{}') from test.host_of t;
update tocsin.monitor set deleted_at = now() - interval '8 days' where deleted_at is not null;
select test.ok(tocsin.purge_monitors('7 days', 500) > 0, 'purged');
select test.eq((select count(*)::integer from tocsin.app), 0, 'without a trace');
delete from tocsin.account where id = 2;
select test.eq((select count(*)::integer from tocsin.host), 0, 'an account takes its hosts along');

-- ---------------------------------------------------------------- proof
insert into tocsin.session (id, account, expires_at) values (test.worker(77), 1, now() + interval '1 day');
select test.ok((select p.age_s between 0 and 5 from api.session_proof(test.worker(77)) p), 'signing in is a proof');
update tocsin.session set proved_at = now() - interval '20 minutes';
select test.ok((select p.age_s between 1195 and 1210 from api.session_proof(test.worker(77)) p), 'that grows old');
select test.eq(api.session_prove(3, null, jsonb_build_object('@', jsonb_build_object('session', test.worker(77))))::text, null, 'nobody proves for another');
select test.ok(api.session_prove(1, null, jsonb_build_object('@', jsonb_build_object('session', test.worker(77))))->>'until' > to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI'), 'proved');
select test.ok((select p.age_s between 0 and 5 from api.session_proof(test.worker(77)) p), 'anew');
update tocsin.session set revoked_at = now();
select test.eq((select count(*)::integer from api.session_proof(test.worker(77))), 0, 'of a session that is over there is none');
