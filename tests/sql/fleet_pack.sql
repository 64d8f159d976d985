-- Samples: hot, packed, in charts; and days of them.
select test.host();
select test.polled(test.said(6, '{"web": "running"}'));
create function test.hour(n integer) returns timestamptz language sql as $$ select date_trunc('hour', now(), 'UTC') - n * interval '1 hour' $$;
-- three hours of samples, one each 30 s; the cpu of the host counts up, and so does the memory of the app
delete from tocsin.fleet_segment;
insert into tocsin.fleet_segment (host, at, age_ms, host_v, parts, part_v, apps, app_v, changed)
select 6, test.hour(3) + n * interval '30 seconds', 0,
       array[n % 120, 0, null, 0, 4096, 0, 16384, 0, 50, 40, 30, null, null, null, 25]::real[], '{1,2}',
       array[476, 953, 0, 0, 0, 1000, 2000, 0, 0, null]::real[], array[test.app('web')], array[500, n, 3, 2, 0, null]::real[], '3'
  from generate_series(0, 359) n;
create function test.series(app boolean default false, input jsonb default '{}') returns json language sql as $$
    select tocsin.series_json(m, jsonb_build_object('from', test.hour(3), 'to', test.hour(0), 'points', 1500) || input)
      from tocsin.monitor m where m.id = case when app then test.app('web') else 6 end
$$;
create table test.chart as select test.series() as hot, test.series(true) as hot_app;
select test.eq((json_array_length(c.hot->'t'), c.hot #>> '{cpu,user,7}', c.hot #>> '{mem,used,0}', c.hot #>> '{mem,total,0}', c.hot #>> '{load,1,0}', c.hot->>'step_s')::text,
               '(360,0.007,1073741824,4294967296,0.5,30)', 'hot, in the units of people') from test.chart c;
select test.eq((c.hot #>> '{cpu,io,7}', c.hot #>> '{pressure,cpu,0}')::text, '(,)', 'what is not known is null') from test.chart c;
select test.eq((c.hot #>> '{disks,0,name}', c.hot #>> '{disks,0,used,0}', c.hot #>> '{nets,0,name}', c.hot #>> '{nets,0,rx_bps,359}')::text, '(/,499122176,eth0,1000)', 'disks and networks by name') from test.chart c;
select test.eq((json_array_length(c.hot_app->'t'), c.hot_app #>> '{mem,100}', c.hot_app #>> '{cpu,0}', c.hot_app #>> '{health_ms,0}')::text, '(360,26214400,0.5,)', 'of the app') from test.chart c;

-- packed: the same, once
select test.eq(work.fleet_pack_hours(), 1, 'a host is packed');
select test.eq((select array_agg(cardinality(h.at_s) order by h.hour) from tocsin.fleet_hour h where h.monitor = 6 and h.part = 0), '{120,120,120}', 'three hours');
select test.eq((select array_agg(distinct h.part order by h.part) from tocsin.fleet_hour h), '{0,1,2}', 'with its parts');
select test.eq((select h.ten_max[1:6] from tocsin.fleet_hour h where h.monitor = 6 and h.part = 0 and h.hour = test.hour(3)), '{19,39,59,79,99,119}', 'ten minutes');
select test.eq((select h.ten_avg[1:2] from tocsin.fleet_hour h where h.monitor = 6 and h.part = 0 and h.hour = test.hour(3)), '{9.5,29.5}', 'their means');
select test.eq(test.series()::text, c.hot::text, 'the chart is the same') from test.chart c;
select test.eq(test.series(true)::text, c.hot_app::text, 'of the app, too') from test.chart c;
select test.eq(work.fleet_pack_hours(), 0, 'nothing more to do');
delete from tocsin.fleet_packed;
select test.ok(work.fleet_pack_hours() = 1, 'packed twice');
select test.eq((select cardinality(h.at_s) from tocsin.fleet_hour h where h.monitor = 6 and h.part = 0 and h.hour = test.hour(2)), 240, 'only as nobody knew that it was');
update tocsin.fleet_hour h set at_s = (select array_agg(h.at_s[i] order by i) from generate_series(1, cardinality(h.at_s), 2) i),
       val = (select array_agg(h.val[f * cardinality(h.at_s) + i] order by f, i) from generate_series(0, cardinality(h.val) / cardinality(h.at_s) - 1) f, generate_series(1, cardinality(h.at_s), 2) i);
select test.eq(test.series()::text, c.hot::text, 'merged field by field') from test.chart c;

-- what came late is merged into its hour
insert into tocsin.fleet_segment (host, at, age_ms, host_v, parts, part_v, apps, app_v)
values (6, test.hour(0) + interval '1 second', 5401000, array_fill(777::real, array[15]), '{}', '{}', '{}', '{}');
update tocsin.fleet_packed set xid = pg_current_xact_id();
select test.eq((json_array_length(x->'t'), x #>> '{cpu,user,180}')::text, '(360,0.4185)', 'seen at once, in its place') from test.series() x;
update tocsin.fleet_segment set changed = '3' where age_ms > 0;
select tocsin.fleet_pack_host(6, test.hour(-1));
select test.eq((select (cardinality(h.at_s), cardinality(h.val), h.at_s[61:62], h.val[61:62], h.ten_max[4])::text from tocsin.fleet_hour h where h.monitor = 6 and h.part = 0 and h.hour = test.hour(2)),
               '(121,1815,"{1800,1800}","{60,777}",777)', 'and packed there');

-- days
select test.eq((work.fleet_pack_days(), (select count(*)::integer from tocsin.fleet_day))::text, '(0,0)', 'a day is not over');
delete from tocsin.watermark where name = 'fleet_day';
delete from tocsin.fleet_hour; delete from tocsin.fleet_segment;
insert into tocsin.fleet_segment (host, at, age_ms, host_v, parts, part_v, apps, app_v, changed)
select 6, date_trunc('day', now(), 'UTC') - interval '2 days' + n * interval '30 minutes', 0, array_fill(n::real, array[15]), '{}', '{}', array[test.app('web')], array_fill(n::real, array[6]), '3'
  from generate_series(0, 95) n;
delete from tocsin.fleet_packed;
select work.fleet_pack_hours();
select test.ok(work.fleet_pack_days() > 0, 'a day');
select test.ok(work.fleet_pack_days() > 0, 'another');
select test.eq(work.fleet_pack_days(), 0, 'and no more');
select test.eq((d.n, d.avg_v[1], d.min_v[1], d.max_v[1], d.p95_v[1], cardinality(d.avg_v))::text, '(48,23.5,0,47,45,15)', 'mean, least, greatest, 95th of 100')
  from tocsin.fleet_day d where d.monitor = 6 and d.day = (now() at time zone 'UTC')::date - 2;
select test.eq((json_array_length(x->'t'), x->>'step_s', x #>> '{cpu,user,0}')::text, '(2,86400,0.0235)', 'in a chart of months')
  from tocsin.monitor m, tocsin.series_json(m, jsonb_build_object('from', now() - interval '90 days', 'fields', 'cpu')) x where m.id = 6;
select test.eq((json_array_length(x->'t'), x->>'step_s')::text, '(48,3600)', 'in one of weeks, out of hours')
  from tocsin.monitor m, tocsin.series_json(m, jsonb_build_object('from', now() - interval '30 days', 'points', 1500, 'fields', 'mem')) x where m.id = test.app('web');

-- retention
select test.ok(work.retain('3 hours', '3 days', '1 day', '7 days') >= 0, 'old days go');
select test.eq((select count(*)::integer from tocsin.fleet_day), 2, 'and the last one stays');
-- refused
select test.eq(test.fails(format('select test.series(false, %L)', i)), 'PT422', i)
  from (values ('{"fields": "cpu,secrets"}'), ('{"from": "2026-01-02", "to": "2026-01-01"}'), ('{"from": "2020-01-01", "to": "2026-01-01"}')) v (i);
-- a host that goes for good leaves no sample behind
select test.ok((select count(*) from tocsin.fleet_latest) = 2, 'two have facts');
delete from tocsin.monitor where id = 6;
select test.eq(((select count(*) from tocsin.fleet_latest), (select count(*) from tocsin.app), (select count(*) from tocsin.monitor where type <> 'http'),
               (select count(*) from tocsin.monitor_latest l where l.monitor > 5))::text, '(0,0,0,0)', 'nor an app');
