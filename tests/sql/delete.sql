-- Deleting a monitor or an account works, whatever hangs on it.
create function test.hang() returns void language plpgsql as $$
begin
    perform test.settle(1, '{0,1}', '{1,3}', '[[0,3,0,2,0,"x"],[1,3,0,2,0,"x"]]');
    insert into tocsin.incident_event (incident, actor, actor_name, kind, body) select i.id, 1, 'ann', 'comment', 'looking' from tocsin.incident i;
    insert into tocsin.delivery (outbox, attempt, ok) select o.id, 1, true from tocsin.outbox o;
    insert into tocsin.incident (owner, monitor, auto, title, started_at) values (1, 1, false, 'by hand', now()), (1, null, false, 'of nothing', now());
    perform work.figures();
    insert into tocsin.watermark values ('day', date_trunc('day', now()));
    insert into tocsin.day_late select m.id, now()::date from tocsin.monitor m;
    insert into tocsin.monitor_day (monitor, day, up_s, degraded_s, down_s, maintenance_s, unknown_s, paused_s, checks, failed, sum_us) values (1, now()::date, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    insert into tocsin.session (id, account, expires_at) values (test.worker(1), 1, now());
    insert into tocsin.refresh_token (hash, session, expires_at) values (sha256('a'), test.worker(1), now());
    insert into tocsin.api_token (account, name, hash, scopes) values (1, 'ci', sha256('b'), '{read}');
    insert into tocsin.invite (role, hash, created_by, expires_at) values ('member', sha256('c'), 1, now());
    insert into tocsin.external_name values ('Basic', 'ann', 1);
    insert into tocsin.test_run (owner, spec) values (1, '{}');
    insert into tocsin.audit (actor, actor_name, action) values (1, 'ann', 'monitor.create');
end $$;
select test.hang();
delete from tocsin.monitor where id = 1;
select test.eq((select count(*) from tocsin.monitor_latest where monitor = 1), 0::bigint, 'its newest check goes too');
select test.eq((select count(*) from tocsin.incident where monitor = 1), 0::bigint, 'and its incidents');
delete from tocsin.account where id = 1;
select test.eq((select count(*) from tocsin.monitor) + (select count(*) from tocsin.outbox) + (select count(*) from tocsin.incident)
             + (select count(*) from tocsin.incident_event) + (select count(*) from tocsin.delivery) + (select count(*) from tocsin.session)
             + (select count(*) from tocsin.refresh_token) + (select count(*) from tocsin.api_token) + (select count(*) from tocsin.channel)
             + (select count(*) from tocsin.monitor_state) + (select count(*) from tocsin.transition) + (select count(*) from tocsin.monitor_latest)
             + (select count(*) from tocsin.external_name) + (select count(*) from tocsin.test_run), 0::bigint, 'nothing of an account is left');
select test.eq((select count(*) from tocsin.audit), 1::bigint, 'but what it did');
select test.eq((select count(*) from tocsin.invite), 1::bigint, 'and whom it invited');
select test.eq((select count(*) from tocsin.slot_free), 5::bigint, 'its slots rest');
select test.eq(test.settle(2, '{0}', '{3}', '[[0,3,0,2,0,"x"]]'), 0, 'a check that was under way does no harm');
select test.eq((select count(*) from work.load(test.worker(1), 0, 1, '3') l where l.gone), 5::bigint, 'the checker is told');
