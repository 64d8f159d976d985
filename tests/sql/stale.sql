-- Missing data never looks healthy, and a crash of the database is not missing data.
update tocsin.monitor set interval_s = 10 where id = 1;
select test.settle(1, '{0,1,2}', '{1,1,3}', '[[0,1,0,0,200,""],[1,1,0,0,200,""],[2,3,0,2,0,"x"]]');
select test.eq(work.mark_stale(), 0, 'the first call only begins');
select test.later('49 seconds');
update tocsin.awake set beat_at = clock_timestamp();
select test.eq(work.mark_stale(), 0, 'not yet');
select test.later('2 seconds');
select test.eq(work.mark_stale(), 1, 'two intervals and half a minute');
select test.eq(array_agg(test.status(m.id) order by m.id), '{0,1,3,0,0}', 'only the one that is due more often') from tocsin.monitor m;
select test.eq(round(extract(epoch from now() - t.at))::integer, 1, 'from the moment it was so') from tocsin.transition t where t.monitor = 1 and t.status = 0;
select test.eq(work.mark_stale(), 0, 'once');
select test.later('100 seconds');
select test.eq(work.mark_stale(), 0, 'after a pause of our own, checks may still be on their way');
select test.later('10 seconds');
update tocsin.awake set since = since - interval '25 seconds';
select test.eq(work.mark_stale(), 2, 'half a minute later they are not');
select test.eq(test.incidents(3), 'open', 'an outage nobody can watch is still one');
select test.eq(test.messages(3), 'down', 'nothing more is said about it');
select test.eq(test.settle(2, '{2}', '{1}', '[[2,1,0,0,200,""]]'), 1, 'it is watched again');
select test.eq(test.messages(3), 'down,up', 'and over');

-- a crash empties the table of the newest checks
update tocsin.monitor set paused_at = now() where id <> 3;
delete from tocsin.monitor_latest;
delete from tocsin.awake;
select test.eq(work.mark_stale(), 0, 'begins again');
select test.later('40 seconds');
update tocsin.awake set beat_at = clock_timestamp();
select test.eq(work.mark_stale(), 0, 'an empty table is no silence');
select test.eq(test.settle(3, '{2}', '{1}'), 0, 'the next round fills it');
select test.later('151 seconds');
update tocsin.awake set beat_at = clock_timestamp();
select test.eq(work.mark_stale(), 1, 'and silence counts again');

-- nobody was there to say so: the first check after it does
select test.settle(4, '{2}', '{1}', '[[2,1,0,0,200,""]]');
select test.later('2 hours');
select test.eq(test.settle(5, '{2,2}', '{1,1}', ages => '{60000,120000}'), 2, 'a hole is written into the history');
select test.eq(array_agg(t.status order by t.seq desc), '{1,0,1,0,1,0,3}', 'unknown between up and up') from tocsin.transition t where t.monitor = 3;
select test.eq((select round(extract(epoch from (select t.at from tocsin.transition t where t.monitor = 3 order by t.seq desc limit 1)
                                              - (select t.at from tocsin.transition t where t.monitor = 3 order by t.seq desc offset 1 limit 1)))::integer),
               7200 - 150 - 120, 'for as long as nothing was measured');
select test.eq(test.messages(3), 'down,up', 'which is no news');
select test.eq(test.settle(6, '{2}', '{1}'), 0, 'once');
