-- A checker learns of its monitors, and then of what changed, and of nobody else's.
create function test.load(since text default null) returns table (rev text, id bigint, gone boolean, paused boolean, status smallint, fails smallint)
language sql as $$ select rev, id, gone, paused, status, fails from work.load(test.worker(1), 0, 1, since) $$;

select test.eq(count(*)::integer, 5, 'all of the bucket') from test.load();
select test.eq(count(*)::integer, 0, 'not for others') from work.load(test.worker(2), 0, 1, null);
select test.eq(count(*)::integer, 0, 'nor for another epoch') from work.load(test.worker(1), 0, 2, null);
select test.eq(l.url, 'https://example.com/1', 'with its settings') from work.load(test.worker(1), 0, 1, null) l where l.id = 1;

-- all rows of this transaction count as changed, so the past is written by hand
alter table tocsin.monitor disable trigger touch;
alter table tocsin.monitor_state disable trigger touch;
update tocsin.monitor set changed = '3';
update tocsin.monitor_state set changed = '3';
select test.eq(count(*)::integer, 0, 'nothing changed') from test.load('4');
select test.eq(count(*)::integer, 5, 'from before, all') from test.load('3');
alter table tocsin.monitor enable trigger touch;
alter table tocsin.monitor_state enable trigger touch;
update tocsin.monitor set paused_at = now() where id = 1;
select test.eq(array_agg((l.id, l.paused)::text), array['(1,t)'], 'a pause') from test.load('4') l;
select tocsin.transit(2, 1);
select test.eq(array_agg((l.id, l.status)::text order by l.id), array['(1,0)', '(2,1)'], 'a status') from test.load('4') l;
update tocsin.monitor set deleted_at = now() where id = 3;
select test.ok(l.gone, 'deleted') from test.load('4') l where l.id = 3;
delete from tocsin.monitor where id = 4;
select test.ok(l.gone, 'deleted for good, as with its owner') from test.load('4') l where l.id = 4;
select test.eq(count(*) filter (where not gone)::integer, 3, 'three are left, one of the five can come back') from test.load();
select test.ok(l.gone, 'who reads anew is told of the deleted ones too') from test.load() l where l.id = 4;
select test.ok(bool_and(l.rev = pg_snapshot_xmin(pg_current_snapshot())::text), 'rev is where to go on') from test.load() l;

-- what this region said last
select test.settle(1, '{1}', '{3}', '[[1,3,0,2,0,""]]');
select test.eq(l.status::integer, 3, 'down goes on as down: a restart repeats no alert') from test.load() l where l.id = 2;
select tocsin.transit(2, 0);
select test.eq(l.status::integer, 0, 'unknown: the next good check has to be told') from test.load() l where l.id = 2;
