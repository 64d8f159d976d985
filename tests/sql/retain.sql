-- What is old goes, what is not packed or not told stays.
select work.keep_partitions();
insert into tocsin.segment (bucket, region, epoch, batch, at, slot, age_ms, status, reason, code, total_us, phase_us, changed)
select 0, 0, 1, h, now() - make_interval(hours => h), '{0}', '{0}', '{1}', '{0}', '{200}', '{7}', '{1,2,3,4}', '3' from generate_series(1, 9) h;
select work.keep_partitions();
create function test.retain() returns integer language sql as $$ select work.retain('3 hours', '3 days', '100 days', '7 days') $$;
select test.retain();
select test.eq(count(*)::integer, 9, 'what is not packed stays') from tocsin.segment;
insert into tocsin.packed values (0, 0, date_trunc('hour', now()), '4');
select test.ok(test.retain() > 0, 'packed: now it goes');
select test.ok(count(*) between 3 and 4, 'by the hour') from tocsin.segment;
select test.ok(to_regclass('tocsin.' || (tocsin.partition('segment', now())).name) is not null, 'this hour is there');
select tocsin.partition_make('monitor_hour', now() - interval '20 days');
select test.eq(test.retain(), 0, 'an old day of hours waits to be packed');
insert into tocsin.watermark (name, at) values ('day', date_trunc('day', now(), 'UTC'));
select test.eq(test.retain(), 1, 'and goes');

-- deleted monitors
update tocsin.monitor set deleted_at = now() - interval '6 days' where id = 1;
update tocsin.monitor set deleted_at = now() - interval '8 days' where id = 2;
select test.eq(test.retain(), 1, 'a week, and a monitor is gone');
select test.eq(array_agg(m.id order by m.id), '{1,3,4,5}', 'that one') from tocsin.monitor m;
select test.eq(f.slot, 1::smallint, 'its slot is free') from tocsin.slot_free f;

-- rows
insert into tocsin.transition (monitor, seq, prev, status, at) values (3, 1, 0, 1, now() - interval '200 days'), (3, 2, 1, 3, now() - interval '150 days');
update tocsin.monitor_state set seq = 2, status = 3 where monitor = 3;
insert into tocsin.incident (owner, monitor, title, started_at, resolved_at) values (1, 3, 'old', now() - interval '200 days', now() - interval '199 days'), (1, 3, 'open', now() - interval '200 days', null);
insert into tocsin.outbox (key, owner, event, body, state, created_at) values ('a', 1, 'down', '{}', 'sent', now() - interval '100 days'), ('b', 1, 'down', '{}', 'pending', now() - interval '100 days'), ('c', 1, 'down', '{}', 'sent', now());
insert into tocsin.event (kind, owner, at) values ('status', 1, now() - interval '2 hours'), ('status', 1, now());
insert into tocsin.audit (action, at) values ('a', now() - interval '101 days'), ('b', now());
insert into tocsin.test_run (owner, spec, created_at) values (1, '{}', now() - interval '11 minutes'), (1, '{}', now());
insert into tocsin.session (id, account, expires_at) values (test.worker(1), 1, now() - interval '31 days'), (test.worker(2), 1, now() - interval '1 day');
insert into tocsin.refresh_token (hash, session, expires_at) values (sha256('a'), test.worker(2), now() - interval '2 days'), (sha256('b'), test.worker(2), now());
insert into tocsin.monitor_day (monitor, day, up_s, degraded_s, down_s, maintenance_s, unknown_s, paused_s, checks, failed, sum_us) values
    (3, (now() - interval '102 days')::date, 0, 0, 0, 0, 0, 0, 0, 0, 0), (3, (now() - interval '2 days')::date, 0, 0, 0, 0, 0, 0, 0, 0, 0);
select test.eq(test.retain(), 9, 'one of each');
select test.eq(test.retain(), 0, 'and then none');
select test.eq(array_agg(t.seq), '{2}', 'the last transition stays: it says what was before') from tocsin.transition t where t.monitor = 3;
select test.eq(i.title, 'open', 'an open incident stays') from tocsin.incident i;
select test.eq(array_agg(o.key order by o.key), '{b,c}', 'what is owed stays') from tocsin.outbox o;
