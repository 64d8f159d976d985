-- A batch is taken once, from the owner only, and nothing of it is lost.
select test.eq(test.settle(1, '{0,1,2}', '{1,3,2}', '[[0,1,0,0,200,""],[1,3,4000,2,0,"refused"],[2,2,0,24,200,"slow"]]'),
               3, 'the first batch changes three statuses');
select test.eq(array_agg(test.status(m.id) order by m.id), '{1,3,2,0,0}', 'statuses') from tocsin.monitor m;
select test.eq(count(*)::integer, 3, 'newest checks') from tocsin.monitor_latest;
select test.eq(round(extract(epoch from now() - t.at))::integer, 4, 'an outage begins with the first check that saw it')
  from tocsin.transition t where t.monitor = 2;
select test.eq((select i.started_at from tocsin.incident i where i.monitor = 2),
               (select t.at from tocsin.transition t where t.monitor = 2), 'so does its incident');

select test.ok(current_setting('synchronous_commit') <> 'off', 'a transition is on disk before anybody is told');

-- again: the answer got lost
select test.eq(test.settle(1, '{0}', '{1}', '[[0,3,0,2,0,""]]'), -2, 'a batch that was applied is known');
select test.eq(count(*)::integer, 1, 'and not stored again') from tocsin.segment;
select test.eq(test.status(1), 1, 'nor are its flips');
-- fenced
select test.eq(test.settle(2, '{0}', '{1}', epoch => 2), -1, 'another epoch is refused');
select test.eq(test.settle(2, '{0}', '{1}', worker => 2), -1, 'another worker is refused');
select test.eq(test.settle(2, '{0}', '{1}', region => 'nowhere'), -1, 'an unknown region is refused');
select test.eq(test.settle(2, '{0}', '{1}', bucket => 7), -1, 'an unknown bucket is refused');
select test.eq(count(*)::integer, 1, 'nothing of those was stored') from tocsin.segment;

-- renewal
update tocsin.bucket set lease_until = now() + interval '1 second';
select test.eq(test.settle(0), 0, 'a batch without checks renews, whatever its number');
select test.ok(b.lease_until > now() + interval '8 seconds' and b.batch = 1, 'the lease is renewed, the batch is not counted')
  from tocsin.bucket b where b.id = 0;
select test.eq(test.settle(0, epoch => 9), -1, 'but not for others');

-- several flips of one monitor in one batch: it waited for the database
select test.eq(test.settle(2, '{3,3,3}', '{1,3,1}', '[[3,1,9000,0,200,""],[3,3,6000,2,0,"a"],[3,1,3000,0,200,""]]', '{9000,6000,3000}'),
               3, 'each flip counts');
select test.eq(array_agg(t.status order by t.seq), '{1,3,1}', 'in the order it happened') from tocsin.transition t where t.monitor = 4;
select test.eq(test.incidents(4), 'closed', 'the outage between is an incident');
select test.eq(test.messages(4), 'down,up', 'and was told');
select test.eq(round(extract(epoch from i.resolved_at - i.started_at))::integer, 3, 'it lasted 3 s') from tocsin.incident i where i.monitor = 4;

-- the newest check wins, whatever the order in the batch
select test.eq(test.settle(3, '{4,4}', '{1,3}', ages => '{100,5000}'), 0, 'two checks of one monitor');
select test.eq(l.status::integer, 1, 'the newer one is shown') from tocsin.monitor_latest l where l.monitor = 5;
select test.eq(test.settle(4, '{4}', '{3}', ages => '{60000}'), 0, 'a late check');
select test.eq(l.status::integer, 1, 'does not hide a newer one') from tocsin.monitor_latest l where l.monitor = 5;

update tocsin.monitor_latest set at = now() + interval '1 hour' where monitor = 5;
update tocsin.bucket set batch = 40;
select test.eq(test.settle(41, '{4}', '{2}'), 0, 'the clock was set back');
select test.eq(l.status::integer, 2, 'checks are shown again at once') from tocsin.monitor_latest l where l.monitor = 5;
update tocsin.bucket set batch = 4;

-- a flip that says what is known already
select test.eq(test.settle(5, '{}', '{}', '[[1,3,0,2,0,"refused"]]'), 0, 'down twice is down once');
select test.eq(test.incidents(2), 'open', 'and one incident');

-- time does not run backwards, nor ahead
select test.eq(test.settle(6, '{}', '{}', '[[1,1,3600000,0,200,""]]'), 1, 'an up from before the outage');
select test.ok(t.at >= lag, 'is dated after it') from (select t.*, lag(t.at) over (order by t.seq) as lag from tocsin.transition t where t.monitor = 2) t where t.seq = 2;
select test.eq(test.settle(7, '{}', '{}', '[[1,3,-3600000,2,0,""]]'), 1, 'a check from the future');
select test.ok(s.since <= clock_timestamp(), 'is dated now') from tocsin.monitor_state s where s.monitor = 2;

-- paused and deleted monitors, slots of nobody
update tocsin.monitor set paused_at = now() where id = 1;
select tocsin.transit(1, 5);
update tocsin.monitor set deleted_at = now() where id = 3;
select tocsin.transit(3, 5);
delete from tocsin.monitor_latest;
select test.eq(test.settle(8, '{0,2,900}', '{3,3,3}', '[[0,3,0,2,0,""],[2,3,0,2,0,""],[900,3,0,2,0,""]]'), 0, 'their checks change nothing');
select test.eq(count(*)::integer, 0, 'and are not shown') from tocsin.monitor_latest;
select test.eq(test.status(1), 5, 'paused stays paused');

select test.eq(test.fails($$select work.settle(test.worker(1), 'local', 0, 1, 9, 1000, '{0}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')$$),
               '22023', 'arrays of different length are refused');
select test.eq(test.fails($$select work.settle(test.worker(1), 'local', 0, 1, 9, 1000, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{0}', '{}', '{}', '{}', '{}', '{}')$$),
               '22023', 'flips too');

select test.settle(10, '{4}', '{1}');
select test.eq(current_setting('synchronous_commit'), 'off', 'plain results do not wait for the disk');
