-- A check is read once, wherever it is kept, and packing changes nothing but the place.
-- Segments of the past: settled by transactions that are over, so `changed` is written.
-- The hour is packed from its second minute on.
create function test.hour() returns timestamptz language sql as $$ select date_trunc('hour', now() - interval '1 minute') $$;
update tocsin.monitor set created_at = now() - interval '10 days';
create function test.segments("from" timestamptz, "to" timestamptz, slots smallint[], status smallint default 1, ms integer default 5)
returns void language sql as $$
    insert into tocsin.segment (bucket, region, epoch, batch, at, slot, age_ms, status, reason, code, total_us, phase_us, changed)
    select 0, 0, 1, extract(epoch from t), t, slots, array_fill(100, array[n]), array_fill(status, array[n]), array_fill(0::smallint, array[n]),
           array_fill(200::smallint, array[n]), array_fill(ms * 1000, array[n]),
           (select array_agg(p) from (select unnest(array[1, 2, 3, 4]) as p from generate_series(1, n)) x), '3'
      from generate_series("from", "to" - interval '1 minute', interval '1 minute') t, cardinality(slots) n;
    update tocsin.bucket set settled_at = greatest(settled_at, "to");
$$;
create function test.count(monitor bigint, span interval default '10 days') returns integer language sql as $$
    select count(*)::integer from tocsin.checks(monitor, now() - span, now() + interval '1 minute')
$$;
select test.segments(test.hour() - interval '50 hours' + interval '30 seconds', test.hour() + interval '30 seconds', '{0,1}');
select test.eq(test.count(1), 3000, 'hot checks');
select test.eq(test.count(3), 0, 'of this monitor only');
select test.eq(c, (0::smallint, 1::smallint, 0::smallint, 200::smallint, 5000, 1, 2, 3, 4)::text, 'each with all that is known')
  from (select (region, status, reason, code, total_us, dns_us, connect_us, tls_us, ttfb_us)::text as c from tocsin.checks(2, now() - interval '10 days', now()) limit 1) x;

select test.ok(work.keep_partitions() > 2000, 'what came without a partition is moved into one');
select test.eq(count(*)::integer, 0, 'nothing is left') from tocsin.segment_default;
select test.eq(work.keep_partitions(), 0, 'once');
select test.eq(test.count(1), 3000, 'nothing is lost');
select test.ok(to_regclass('tocsin.' || (tocsin.partition('segment', now() + interval '47 hours')).name) is not null, 'partitions are there for two days');

select test.eq(work.pack_hours(), 1, 'one bucket is packed');
select test.eq(count(*)::integer, 100, 'a row a monitor and hour') from tocsin.monitor_hour;
select test.eq(test.count(1), 3000, 'every check is read once');
select test.eq(work.pack_hours(), 0, 'and packed once');
select test.ok(bool_and(at < before), 'newest first') from (select c.at, lag(c.at) over () as before from tocsin.checks(1, now() - interval '10 days', now()) c) x where before is not null;
select test.eq(count(*)::integer, 10, 'a span begins with its first moment, and ends before its last')
  from (select test.hour() - interval '20 hours' + interval '29.9 seconds' as t) b, tocsin.checks(1, b.t, b.t + interval '10 minutes');

-- a checker kept results while the database was away: they come three hours late
insert into tocsin.segment (bucket, region, epoch, batch, at, slot, age_ms, status, reason, code, total_us, phase_us, changed)
select 0, 0, 1, 9999999999, test.hour() + interval '1 second', '{0,0,2}', array[3 * 3600 * 1000 - 30000, 3 * 3600 * 1000, 3 * 3600 * 1000], '{3,3,3}', '{2,2,2}', '{0,0,0}', '{7,7,7}',
       '{1,2,3,4,1,2,3,4,1,2,3,4}', '3';
select test.eq(test.count(1), 3002, 'late ones are read');
-- an hour later
update tocsin.packed set at = at - interval '1 hour';
select test.eq(test.count(1) > 3002, true, 'a mark set back shows what was packed twice: the mark decides');
update tocsin.packed set at = at + interval '1 hour';
create function test.pack(till timestamptz) returns void language sql as $$ select tocsin.pack_bucket(0::smallint, 0, till) $$;
insert into tocsin.watermark values ('day', date_trunc('day', now() + interval '1 day', 'UTC'));
select test.pack(test.hour() + interval '1 hour');
select test.eq(test.count(1), 3002, 'late ones are merged');
select test.eq(test.count(3), 1, 'or begin an hour of their own');
select test.ok(bool_and(h.at_ms = (select array_agg(x order by x) from unnest(h.at_ms) x)), 'in order') from tocsin.monitor_hour h;
select test.eq(count(*)::integer, 2, 'their days are looked at again') from tocsin.day_late;

-- a slow transaction of the hour before commits after the packing
insert into tocsin.segment (bucket, region, epoch, batch, at, slot, age_ms, status, reason, code, total_us, phase_us)
values (0, 0, 1, 0, test.hour() + interval '50 minutes', '{0}', '{3000000}', '{1}', '{0}', '{200}', '{7}', '{1,2,3,4}');
select test.eq(test.count(1), 3003, 'it is not packed, and read');
