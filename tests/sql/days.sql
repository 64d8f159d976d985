-- A day is the sum of its checks and its seconds, however late they come.
update tocsin.monitor set created_at = now() - interval '10 days';
update tocsin.monitor_state set since = now() - interval '10 days';
create function test.day(n integer) returns timestamptz language sql stable as $$
    select date_trunc('day', now() - interval '5 minutes', 'UTC') - make_interval(hours => 24 * n)
$$;
create function test.hour(monitor bigint, at timestamptz, status smallint[], us integer[]) returns void language sql as $$
    insert into tocsin.monitor_hour
    select monitor, 0, at, array_agg(g * 1000), status, array_fill(0::smallint, array[cardinality(status)]), array_fill(200::smallint, array[cardinality(status)]), us,
           array_fill(1, array[cardinality(us)]), array_fill(1, array[cardinality(us)]), array_fill(1, array[cardinality(us)]), array_fill(1, array[cardinality(us)])
      from generate_series(1, cardinality(status)) g
$$;
select tocsin.transit(1, 1, test.day(3) + interval '6 hours');
select tocsin.transit(1, 3, test.day(2) + interval '1 hour');
select tocsin.transit(1, 1, test.day(2) + interval '3 hours');
select test.hour(1, test.day(2) + interval '4 hours', '{1,1,2,3}', '{900,10000,20000,30000000}');
update tocsin.bucket set settled_at = null;
select test.eq(work.pack_days(), 1, 'a day a call'), test.eq(work.pack_days(), 1, 'and the next'), test.eq(work.pack_days(), 1, 'and yesterday');
select test.eq(work.pack_days(), 0, 'today is not over');
select test.eq(array_agg((d.up_s, d.down_s)::text order by d.day), array['(64800,0)', '(79200,7200)', '(86400,0)'], 'seconds: nothing before the first check')
  from tocsin.monitor_day d where d.monitor = 1;
select test.eq((d.checks, d.failed, d.sum_us, d.min_us, d.max_us)::text, '(4,1,30900,900,20000)', 'times are of checks that did not fail') from tocsin.monitor_day d where d.day = (test.day(2) at time zone 'UTC')::date;
select test.eq(d.hist, array[0 << 24 | 1, 27 << 24 | 1, 35 << 24 | 1], 'histogram') from tocsin.monitor_day d where d.day = (test.day(2) at time zone 'UTC')::date;
select test.eq(tocsin.hist_merge(array_agg(e)), array[0 << 24 | 2, 27 << 24 | 2, 35 << 24 | 2], 'histograms add up') from tocsin.monitor_day d, unnest(d.hist || d.hist) e;
select test.eq(tocsin.hist_percentile(array[10 << 24 | 50, 20 << 24 | 45, 30 << 24 | 5], 0.95), round(power(2, 2.5::numeric), 1), 'p95');
select test.eq(tocsin.hist_percentile(array[10 << 24 | 50, 20 << 24 | 45, 30 << 24 | 5], 0.96), round(power(2, 3.75::numeric), 1), 'p96');
select test.eq(tocsin.hist_percentile('{}', 0.5), null, 'no data, no percentile');
select test.ok(abs(power(2, tocsin.hist_class(us) / 8.0) * 1000 / us - 1) < 0.091, 'a class is right within a tenth') from unnest(array[1100, 5000, 77777, 1234567, 59999999]) us;

-- packed again: the same
create temporary table before as select * from tocsin.monitor_day;
select tocsin.pack_day(b.day, array[b.monitor]) from before b;
select test.eq(count(*)::integer, 0, 'a day packed twice is the same') from ((table before except table tocsin.monitor_day) union all (table tocsin.monitor_day except table before)) x;

-- an outage that was told late: a checker could not reach the database
select tocsin.transit(2, 1, test.day(3));
update tocsin.monitor_day set up_s = 0 where monitor = 2;
delete from tocsin.monitor_day where monitor = 2;
select test.eq(work.pack_days() > 0, true, 'a late transition');
select test.eq(array_agg(d.up_s order by d.day), '{86400,86400,86400}', 'changes the days it touches') from tocsin.monitor_day d where d.monitor = 2;

-- hours that are not packed hold the day back
update tocsin.watermark set at = test.day(1) where name = 'day';
update tocsin.bucket set settled_at = now();
select test.eq(work.pack_days(), 0, 'a bucket waits to be packed');
insert into tocsin.packed values (0, 0, test.day(0), '3');
select test.ok(work.pack_days() > 0, 'now it is');

-- hours that no day was made of stay, however old; and a day knows what it knew
select tocsin.partition_make('monitor_hour', test.day(30));
select test.hour(1, test.day(30) + interval '4 hours', '{1,1}', '{10000,20000}');
update tocsin.watermark set at = test.day(30) where name = 'day';
select work.retain('3 hours', '3 days', '100 days', '7 days');
select test.ok(work.pack_days() > 0, 'a keeper that was away for a month');
select test.eq(sum(d.checks)::integer, 2, 'finds its hours') from tocsin.monitor_day d where d.monitor = 1 and d.day = (test.day(30) at time zone 'UTC')::date;
select work.retain('3 hours', '3 days', '100 days', '7 days');
select test.eq(count(*)::integer, 0, 'then they go') from tocsin.monitor_hour h where h.hour < test.day(29);
insert into tocsin.day_late (monitor, day) values (1, (test.day(30) at time zone 'UTC')::date);
select test.ok(work.pack_days() > 0, 'something came late');
select test.eq((d.checks, d.hist)::text, (2, array[27 << 24 | 1, 35 << 24 | 1])::text, 'and took nothing away') from tocsin.monitor_day d where d.monitor = 1 and d.day = (test.day(30) at time zone 'UTC')::date;
