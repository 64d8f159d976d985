-- Uptime is made of seconds, and never looks better than it was.
select test.eq(tocsin.percent(1, 0, 0), 100.00, 'all up'), test.eq(tocsin.percent(0, 5, 0), 100.00, 'slow is up'),
       test.eq(tocsin.percent(99999999, 0, 1), 99.99, 'one second of outage is not 100'), test.eq(tocsin.percent(2, 0, 1), 66.66, 'cut, not rounded'),
       test.eq(tocsin.percent(0, 0, 9), 0.00, 'all down'), test.eq(tocsin.percent(0, 0, 0), null, 'nothing measured');
select test.eq(array_agg(tocsin.status_code(tocsin.status_word(s)) order by s), '{0,1,2,3,4,5}', 'words and codes') from unnest('{0,1,2,3,4,5}'::smallint[]) s;
select test.eq(tocsin.status_word(9::smallint), 'unknown', 'a number that is none'), test.eq(tocsin.status_code('sideways'), null, 'a word that is none');
select test.eq(array_agg(tocsin.status_word(s) order by tocsin.status_rank(s)), array['down','degraded','unknown','maintenance','up','paused'], 'the worst first') from unnest('{0,1,2,3,4,5}'::smallint[]) s;
select test.eq(tocsin.ts('2026-11-21 04:05:06.789+01'), '2026-11-21T03:05:06.789Z', 'times are UTC');

update tocsin.monitor_state set since = now() - interval '10 days' where monitor = 1;
create function test.seconds("from" interval, "to" interval default '0') returns text language sql as $$
    select (up_s, degraded_s, down_s, maintenance_s, unknown_s, paused_s)::text from tocsin.status_seconds(1, now() - "from", now() - "to")
$$;
select test.eq(test.seconds('1 day'), '(0,0,0,0,0,0)', 'never checked: no data');
select tocsin.transit(1, 1, now() - interval '10 hours');
select tocsin.transit(1, 3, now() - interval '8 hours');
select tocsin.transit(1, 2, now() - interval '7 hours');
select tocsin.transit(1, 0, now() - interval '4 hours');
select tocsin.transit(1, 5, now() - interval '3 hours');
select tocsin.transit(1, 1, now() - interval '1 hour');
select test.eq(test.seconds('1 day'), '(10800,10800,3600,0,3600,7200)', 'all of it; nothing before the first check');
select test.eq(test.seconds('9 hours', '7 hours 30 minutes'), '(3600,0,1800,0,0,0)', 'a part, cut on both sides');
select test.eq(test.seconds('30 minutes'), '(1800,0,0,0,0,0)', 'no transition in the span');
select test.eq(test.seconds('7 hours 45 minutes', '7 hours 15 minutes'), '(0,0,1800,0,0,0)', 'a span within an outage');
select test.eq(test.seconds('20 hours', '15 hours'), '(0,0,0,0,0,0)', 'before everything');
select test.eq(test.seconds('30 minutes', '-1 hour'), '(1800,0,0,0,0,0)', 'the future counts for nothing');
select tocsin.transit(1, 3, now() - interval '0.2 seconds');
select test.eq(test.seconds('30 minutes'), '(1799,0,1,0,0,0)', 'a fifth of a second is an outage');
