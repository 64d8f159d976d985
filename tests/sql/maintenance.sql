-- Windows over outages: what they hide, what they leave, and that nothing gets lost.

-- A window of ann's that begins and ends so long from now.
create function test.window(begins interval, ends interval, settings jsonb default '{}')
returns bigint language plpgsql as $$
declare
    w tocsin.maintenance;
begin
    insert into tocsin.maintenance (owner, title, starts_at, duration_s, everything, tags, groups, silence, pause, created_at)
    values (1, 'Works', clock_timestamp() + begins, 60,
            coalesce((settings ->> 'everything')::boolean, false),
            coalesce(array(select jsonb_array_elements_text(settings -> 'tags')), '{}'),
            coalesce(array(select jsonb_array_elements_text(settings -> 'groups')), '{}'),
            coalesce((settings ->> 'silence')::boolean, true), coalesce((settings ->> 'pause')::boolean, false),
            now() - interval '1 day')
    returning * into w;
    insert into tocsin.maintenance_monitor select w.id, m::bigint from jsonb_array_elements_text(settings -> 'monitors') m;
    insert into tocsin.occurrence (maintenance, starts_at, ends_at)
    values (w.id, clock_timestamp() + begins, clock_timestamp() + ends);
    return w.id;
end $$;

-- The newest window ends.
create function test.over() returns void language sql as $$
    update tocsin.occurrence set ends_at = clock_timestamp()
     where maintenance = (select max(id) from tocsin.maintenance);
$$;

create sequence test.batch;
create function test.flips(status integer, age_ms integer default 0, monitor integer default 1) returns integer language sql as $$
    select test.settle(nextval('test.batch'), array[monitor - 1]::smallint[], array[status]::smallint[],
        jsonb_build_array(jsonb_build_array(monitor - 1, status, age_ms, 2, 503, 'said')))
$$;

-- "1 4 3": what a monitor has been
create function test.trail(monitor bigint) returns text language sql as $$
    select string_agg(t.status::text, ' ' order by t.seq) from tocsin.transition t where t.monitor = trail.monitor
$$;

create function test.raw(monitor bigint) returns integer language sql as $$
    select s.raw::integer from tocsin.monitor_state s where s.monitor = raw.monitor
$$;

create function test.fresh() returns void language sql as $$
    update tocsin.occurrence set cancelled_at = starts_at;
    update tocsin.monitor_state set status = 1, since = clock_timestamp() - interval '1 hour', raw = null,
           told = 1, halted = false, down_mask = 0, degraded_mask = 0;
    update tocsin.bucket set settled_at = clock_timestamp(), lease_until = clock_timestamp() + interval '1 hour';
    delete from tocsin.monitor_latest;
    delete from tocsin.transition;
    delete from tocsin.incident;
    delete from tocsin.outbox;
    update tocsin.maintenance_clock set since = clock_timestamp() - interval '1 hour', beat_at = clock_timestamp(),
           done_at = clock_timestamp();
$$;

-- The clockwork, as if it had run all the time.
create function test.tick() returns integer language plpgsql as $$
begin
    update tocsin.maintenance_clock set since = clock_timestamp() - interval '1 hour', beat_at = clock_timestamp();
    return work.maintenance_tick();
end $$;

-- ---------------------------------------------------------------- an outage and a window

select test.fresh();
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.eq(test.tick(), 1, 'it begins');
select test.eq(test.tick(), 0, 'once');
select test.eq((select s.message from tocsin.monitor_state s where s.monitor = 1), 'Works', 'it says why');
select test.flips(3);
select test.eq(test.status(1), 4, 'an outage inside stays inside');
select test.eq(test.raw(1), 3, 'though it is seen');
select test.flips(1);
select test.over();
select test.eq(test.tick(), 1, 'it ends');
select test.eq(test.trail(1), '4 1', 'up, maintenance, up');
select test.eq(test.incidents(1) || test.messages(1), '', 'no incident, no message');
select test.eq((select array_agg(t.prev order by t.seq) from tocsin.transition t), '{1,4}', 'from what to what');

select test.fresh();
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.tick();
select test.flips(3);
select test.over();
select test.tick();
select test.eq(test.trail(1), '4 3', 'still down at the end');
select test.eq(test.incidents(1), 'open', 'that is an incident');
select test.eq(test.messages(1), 'down', 'and told');
select test.ok(i.started_at = o.ends_at, 'from the end on') from tocsin.incident i, tocsin.occurrence o
 where i.monitor = 1 and o.maintenance = (select max(id) from tocsin.maintenance);
select test.eq((select i.cause from tocsin.incident i), 'said', 'for what the check said');
select test.flips(1);
select test.eq(test.messages(1), 'down,up', 'and over as any other');

select test.fresh();
select test.flips(3);
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.later('10 s');
select test.tick();
select test.eq(test.incidents(1), 'open', 'an incident of before stays open');
select test.later('10 minutes');
select test.flips(1);
select test.eq(test.incidents(1), 'closed', 'and closes by itself');
select test.eq(test.messages(1), 'down', 'in silence');
select test.later('1 minute');
select test.over();
select test.tick();
select test.eq(test.messages(1), 'down,up', 'who was told down is told up at the end');
select test.ok((o.body ->> 'duration_s')::integer between 600 and 620 and o.incident = i.id, 'how long it took, without the rest of the window')
  from tocsin.outbox o, tocsin.incident i where o.event = 'up';

select test.fresh();
select test.flips(3);
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.tick();
select test.over();
select test.tick();
select test.eq(test.trail(1) || test.incidents(1) || test.messages(1), '3 4 3opendown', 'down before and after is one outage');

select test.fresh();
select test.flips(3);
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.tick();
select test.flips(1);
select test.flips(3);
select test.over();
select test.tick();
select test.eq(test.incidents(1) || test.messages(1), 'closed,opendown,down', 'up for a while inside: two outages');

-- ---------------------------------------------------------------- nobody looks at the clock

select test.fresh();
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.flips(3);
select test.eq(test.trail(1) || test.incidents(1), '4', 'a check that comes before the clockwork knows of the window');
select test.over();
select test.flips(1, 0);
select test.eq(test.trail(1), '4 3 1', 'and of its end');
select test.eq(test.incidents(1) || test.messages(1), 'closeddown,up', 'an outage that lasted a moment longer');

select test.fresh();
select test.later('20 minutes');
update tocsin.monitor_state set since = clock_timestamp() - interval '1 hour' where monitor = 1;
update tocsin.bucket set settled_at = clock_timestamp();
insert into tocsin.monitor_latest values (1, 0, clock_timestamp() - interval '20 minutes', 1, 0, 200, 1, '{0,0,0,0}');
select test.window('-15 minutes', '-5 minutes', '{"monitors": [1, 2]}');
select test.eq(work.maintenance_tick(), 0, 'after a pause the checkers come first');
select test.eq(test.tick(), 5, 'a window that nobody saw is made good');
select test.eq(test.trail(1), '0 4 0', 'not measured, maintenance, not measured');
select test.eq(test.trail(2), '4 1', 'and where nothing is known of the checks');
select test.ok(t.at = o.starts_at and u.at = o.ends_at, 'at its own times') from tocsin.transition t, tocsin.transition u, tocsin.occurrence o
 where t.monitor = 2 and t.status = 4 and u.monitor = 2 and u.status = 1 and o.maintenance = (select max(id) from tocsin.maintenance);
select test.eq(round(x.maintenance_s / 10.0)::integer, 60, 'ten minutes are neither up nor down') from tocsin.status_seconds(2, now() - interval '1 hour', clock_timestamp()) x;
select test.eq(test.tick(), 0, 'once');

-- what checkers kept while the database was away comes after the window has begun
select test.fresh();
update tocsin.maintenance_clock set done_at = done_at - interval '20 minutes';
select test.window('-10 minutes', '1 hour', '{"monitors": [1]}');
select test.flips(3, 900000);
select test.eq(test.trail(1) || test.incidents(1) || test.messages(1), '3 4opendown', 'an outage of before the window is one, however late it is known');
select test.fresh();
update tocsin.maintenance_clock set done_at = done_at - interval '20 minutes';
select test.window('-10 minutes', '1 hour', '{"monitors": [1]}');
select test.flips(3, 603000);
select test.eq(test.trail(1) || test.incidents(1), '4', 'one that was in doubt when it began is not');

-- ---------------------------------------------------------------- effects

select test.fresh();
select test.window('-0.1 s', '1 hour', '{"monitors": [1], "silence": false}');
select test.tick();
select test.flips(3);
select test.eq(test.trail(1) || test.incidents(1) || test.messages(1), '4opendown', 'without silence all is told');
select test.flips(1);
select test.flips(3);
select test.flips(1);
select test.eq(test.messages(1), 'down,up,down,up', 'each time');
select test.window('-0.1 s', '1 hour', '{"everything": true}');
select test.tick();
select test.flips(3);
select test.eq(test.messages(1), 'down,up,down,up', 'one silent window is enough');
select test.eq(array_agg(test.status(m.id)), '{4,4,4,4,4}', 'everything') from tocsin.monitor m;
select test.over();
select test.tick();
select test.eq(array_agg(test.status(m.id) order by m.id), '{4,1,1,1,1}', 'the other one goes on') from tocsin.monitor m;

select test.fresh();
update tocsin.monitor set group_name = 'db' where id = 1;
update tocsin.monitor set tags = '{eu,db}' where id = 2;
select test.window('-0.1 s', '1 hour', '{"groups": ["db"], "pause": true}');
select test.window('-0.1 s', '1 hour', '{"tags": ["db", "x"]}');
select test.tick();
select test.eq(array_agg(test.status(m.id) order by m.id), '{4,4,1,1,1}', 'by group and by tag') from tocsin.monitor m;
select test.eq(array_agg(l.paused order by l.id), '{t,f,f,f,f}', 'pause stops the checks') from work.load(test.worker(1), 0, 1, null) l;
update tocsin.occurrence set ends_at = clock_timestamp();
select test.tick();
select test.eq(test.trail(1), '4 0', 'what was not checked is not known');
select test.eq(array_agg(l.paused::text || l.status order by l.id), '{false0,false1,false1,false1,false1}', 'and is found out anew') from work.load(test.worker(1), 0, 1, null) l;
select test.flips(1);
select test.eq(test.messages(1), '', 'which is no news');

-- over an outage that was told, with pause
select test.fresh();
select test.flips(3);
select test.window('-0.1 s', '1 hour', '{"monitors": [1], "pause": true}');
select test.tick();
select test.over();
select test.tick();
select test.flips(1);
select test.eq(test.trail(1) || test.incidents(1) || test.messages(1), '3 4 0 1closeddown,up', 'pause over an outage');

-- two windows, one of them pauses
select test.fresh();
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.tick();
select test.window('-0.1 s', '1 hour', '{"monitors": [1], "pause": true}');
select test.tick();
select test.ok((select s.halted from tocsin.monitor_state s where s.monitor = 1), 'paused by the second');
select test.over();
select test.tick();
select test.ok((select not s.halted and s.raw = 0 and s.status = 4 from tocsin.monitor_state s where s.monitor = 1), 'checked again in the first');
select test.flips(1);
update tocsin.occurrence set ends_at = clock_timestamp();
select test.tick();
select test.eq(test.trail(1), '4 1', 'one maintenance');

-- ---------------------------------------------------------------- people

select test.fresh();
select test.window('-10 minutes', '1 hour', '{"tags": ["late"]}');
select test.tick();
update tocsin.monitor set tags = '{late}' where id = 3;
select test.eq(test.tick(), 1, 'a monitor gets the tag');
select test.ok(t.at > clock_timestamp() - interval '1 minute', 'and is in maintenance from now on, not from the start') from tocsin.transition t where t.monitor = 3;
update tocsin.monitor set tags = '{}' where id = 3;
select test.eq(test.tick(), 1, 'it loses the tag');
select test.eq(test.trail(3), '4 1', 'and is out again');
select test.ok(min(t.at) > clock_timestamp() - interval '1 minute', 'now, not then') from tocsin.transition t where t.monitor = 3;

select test.fresh();
select test.window('-10 minutes', '1 hour', '{"monitors": [1]}');
select test.tick();
update tocsin.occurrence set cancelled_at = clock_timestamp() where cancelled_at is null;
select test.eq(test.tick(), 1, 'cancelled in the middle');
select test.eq(test.trail(1), '4 1', 'it ends');

select test.fresh();
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.tick();
update tocsin.monitor set paused_at = now() where id = 1;
select tocsin.transit(1, 5);
select test.eq(test.tick(), 0, 'who is paused by hand is paused');
update tocsin.monitor set paused_at = null where id = 1;
select tocsin.transit(1, 0);
select test.eq(test.trail(1), '4 5 0 4', 'and in maintenance at once when he is not');
select test.over();
select test.tick();
select test.eq(test.status(1), 0, 'unknown until the next check');

-- nobody checks it in the window
select test.fresh();
delete from tocsin.awake;
select test.settle(nextval('test.batch'), '{0}', '{1}');
select test.window('-0.1 s', '1 hour', '{"monitors": [1]}');
select test.tick();
select test.later('10 minutes');
insert into tocsin.awake values (1, clock_timestamp() - interval '9 minutes', clock_timestamp())
on conflict (id) do update set since = excluded.since, beat_at = excluded.beat_at;
select work.mark_stale();
select test.eq(array[test.status(1), test.raw(1)], '{4,0}', 'in maintenance, and not known');
select test.eq(test.settle(nextval('test.batch'), '{0}', '{1}', '[[0,1,0,0,200,""]]'), 1, 'measured again');
select test.eq(test.raw(1), 1, 'it is up beneath');

-- a hole over the end of a window
select test.fresh();
select test.window('-0.1 s', '10 minutes', '{"monitors": [1]}');
select test.tick();
select test.settle(nextval('test.batch'), '{0}', '{1}');
select test.later('20 minutes');
select test.settle(nextval('test.batch'), '{0}', '{1}');
select test.eq(test.trail(1), '4 0 1', 'the checker that comes back says what it did not see');
select test.tick();
select test.eq(test.trail(1), '4 0 1', 'and leaves nothing to do');
select test.ok(t.at = o.ends_at, 'the window ended when it did') from tocsin.transition t, tocsin.occurrence o
 where t.monitor = 1 and t.status = 0 and o.maintenance = (select max(id) from tocsin.maintenance);

-- ---------------------------------------------------------------- who is told

select test.fresh();
update tocsin.occurrence set told_start_at = now(), told_end_at = now();
delete from tocsin.event;
select test.window('5 minutes', '10 minutes', '{"monitors": [1]}');
update tocsin.occurrence set announce_at = clock_timestamp() where told_end_at is null;
select test.eq(work.maintenance_tell(), 1, 'before');
select test.eq(work.maintenance_tell(), 0, 'once');
select test.later('6 minutes');
select test.eq(work.maintenance_tell(), 1, 'at the start');
select test.later('6 minutes');
select test.eq(work.maintenance_tell(), 1, 'at the end');
select test.eq(work.maintenance_tell(), 0, 'and no more');
select test.window('-10 minutes', '-5 minutes', '{"monitors": [1]}');
select test.eq(work.maintenance_tell(), 0, 'not of what is over');
select test.eq(string_agg(e.body ->> 'change', ' ' order by e.id), 'announced started ended', 'open pages too') from tocsin.event e where e.kind = 'maintenance';
