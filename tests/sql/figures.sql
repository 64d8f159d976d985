-- What a list shows beside the status.
update tocsin.monitor_state set since = now() - interval '100 days';
select tocsin.transit(1, 1, now() - interval '50 days');
select tocsin.transit(1, 3, date_trunc('hour', now()) - interval '2 hours 30 minutes');
select tocsin.transit(1, 1, date_trunc('hour', now()) - interval '1 hour 30 minutes');
select tocsin.transit(2, 1, date_trunc('hour', now()) - interval '3 hours');
select tocsin.transit(3, 1, now() - interval '20 days');
select tocsin.transit(3, 5, date_trunc('hour', now()) - interval '20 hours 1 second');
create function test.figures(monitor bigint) returns text language sql as $$
    select concat_ws(' ', f.bars24, f.up24, f.up7, f.up30, f.up90) from tocsin.monitor_figures f where f.monitor = figures.monitor
$$;
select test.eq(work.figures(), 5, 'all at first'), test.eq(work.figures(), 0, 'nothing changed');
select test.eq(left(test.figures(1), 24), repeat('1', 20) || '3311', 'the worst of each hour');
select test.ok(f.up24 between 95.82 and 95.84 and f.up7 between 99.40 and 99.41 and f.up30 between 99.86 and 99.87 and f.up90 between 99.91 and 99.92, 'uptimes') from tocsin.monitor_figures f where f.monitor = 1;
select test.eq(test.figures(2), repeat('0', 20) || '1111 100 100 100 100', 'young: the time before counts nowhere');
select test.eq(left(test.figures(3), 24), repeat('1', 3) || repeat('5', 21), 'up hides paused, never the other way round');
select test.eq(test.figures(5), repeat('0', 24), 'never checked');
select tocsin.transit(2, 3);
select test.eq(work.figures(), 1, 'one changed');
select test.eq(left(test.figures(2), 24), repeat('0', 20) || '1113', 'now down');
update tocsin.monitor_figures set at = at - interval '1 minute';
select test.ok(work.figures() >= 1, 'what is down is counted on');
update tocsin.monitor_figures set at = at - interval '1 hour';
select test.eq(work.figures(), 5, 'the hour moves on for all');
