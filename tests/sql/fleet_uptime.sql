-- Uptime of an app over thirty days, by seconds: what began before them counts, too.
update tocsin.account set role = 'operator' where id = 1;
select test.host();
select test.polled(test.said(6, '{"web": "running", "db": "failed", "new": "running"}'));
select test.later('40 days');
-- somebody asked all the time
update tocsin.monitor_latest set at = now();
update tocsin.fleet_latest set at = now() - interval '20 s';
select test.eq((x->>'percent', x->>'down_s', x->>'incidents', json_array_length(x->'outages'), x->>'bars')::text, '(100.00,0,0,0,' || repeat('1', 30) || ')', 'up since before the window: 100 %')
  from api.app_uptime(1, test.app('web'), '{}') x;
select test.eq((x->>'percent', x->>'down_s', x #>> '{outages,0,in_window_s}', json_array_length(x->'outages'), x->>'bars')::text, '(0.00,2592000,2592000,1,' || repeat('3', 30) || ')', 'down since before the window: all of it')
  from api.app_uptime(1, test.app('db'), '{}') x;
select test.ok((x #>> '{outages,0,duration_s}')::bigint between 40 * 86400 - 3700 and 40 * 86400 + 3700, 'the outage is longer than the window') from api.app_uptime(1, test.app('db'), '{}') x;
select test.ok((x->>'since_s')::bigint >= 40 * 86400 - 3700, 'since when') from api.app_uptime(1, test.app('db'), '{}') x;
-- an hour of outage, ten days ago
insert into tocsin.transition (monitor, seq, prev, status, at) values (test.app('web'), 2, 1, 3, date_trunc('day', now(), 'UTC') - interval '228 hours'), (test.app('web'), 3, 3, 1, date_trunc('day', now(), 'UTC') - interval '227 hours');
update tocsin.monitor_state set seq = 3, since = date_trunc('day', now(), 'UTC') - interval '227 hours' where monitor = test.app('web');
select test.eq((x->>'down_s', x->>'percent', x->>'bars')::text, '(3600,99.86,' || repeat('1', 19) || '3' || repeat('1', 10) || ')', 'an hour of thirty days')
  from api.app_uptime(1, test.app('web'), '{}') x;
select test.eq((x->>'down_s', x->>'days', length(x->>'bars'))::text, '(0,7,7)', 'none of it in a week') from api.app_uptime(1, test.app('web'), '{"days": 7}') x;
select test.eq(test.fails(format('select api.app_uptime(1, test.app(''web''), %L)', i)), 'PT422', i) from (values ('{"days": 0}'), ('{"days": 400}')) v (i);
select test.eq(api.app_uptime(1, 6, '{}')::text, null, 'a host is no app');
