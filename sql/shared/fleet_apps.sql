-- The apps of one round of answers: their statuses, what happened to them, and the restarts
-- that Tocsin makes by itself.

-- What a person reads beside the status.
create or replace function tocsin.app_message(s tocsin.app_said, status smallint, wanted_by text) returns text
language sql immutable parallel safe set search_path = '' as $$
    select case
        when status = 5 then 'stopped' || coalesce(' by ' || nullif(wanted_by, ''), '')
        when status = 0 then 'the agent does not know its state'
        when status not in (2, 3) then ''
        when s.state = 'running' then coalesce(nullif(s.health_message, ''), 'the health check fails')
        when s.state = 'failed' and (s.facts #> '{exit,signal}') <> 'null' and (s.facts #> '{exit,signal}') <> '0'
            then 'killed by signal ' || (s.facts #>> '{exit,signal}')
        when s.state = 'failed' and (s.facts #> '{exit,code}') <> 'null' then 'exited with code ' || (s.facts #>> '{exit,code}')
        else 'it is ' || s.state || coalesce(' (' || nullif(s.sub, '') || ')', '')
    end
$$;

-- The planner knows no sizes of arrays, and nothing of the tables of a new installation. So rows
-- are looked up one by one (offset 0 keeps them apart), and what hardly ever happens is
-- picked out first and done to few.
create or replace function tocsin.fleet_apps_turn(said tocsin.app_said[], clock timestamptz, reboot bigint[]) returns integer
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    d     record; -- what they are and shall be
    moved bigint[] := '{}';
    n     integer;
begin
    if cardinality(said) = 0 then
        return 0;
    end if;
    perform tocsin.app_started_elsewhere(said);
    select array_agg(s.app) as app, array_agg(s.at) as at, array_agg(a.was) as was, array_agg(a.seq) as seq,
           array_agg(v.status) as status, array_agg(v.reason) as reason,
           array_agg(tocsin.app_message(s, v.status, a.wanted_by)) as message,
           array_agg(coalesce(least(s.health_ms, 2000000) * 1000, 0)::integer) as us,
           -- what is different; what pages are told of; what may have been a crash; what is to be restarted
           array_agg(s) filter (where a.state <> s.state or a.sub <> s.sub or a.kind <> s.kind or a.unit <> s.unit or a.facts <> s.facts
                                   or a.state_at is distinct from s.state_at or not a.named and a.title <> s.title
                                   or s.invocation not in ('', a.invocation) or s.restarts is distinct from a.restarts) as changed,
           array_agg(s.app) filter (where a.state <> s.state or not a.named and a.title <> s.title
                                       or a.facts->'commit' is distinct from s.facts->'commit') as differ,
           array_agg(s) filter (where s.host <> all (reboot) and a.state in ('running', 'reloading', 'restarting')
                                  and s.state in ('running', 'activating', 'restarting')
                                  and (a.invocation <> '' and s.invocation not in ('', a.invocation) or s.restarts > a.restarts)) as jumped,
           array_agg(s) filter (where a.auto_restart) as watched,
           array_agg(s.app) filter (where v.held <> a.bad) as held_app, array_agg(v.held) filter (where v.held <> a.bad) as held
      into d
      from unnest(said) s
     cross join lateral (select y.*, m.retries, t.status as was, t.seq
                           from tocsin.app y, tocsin.monitor m, tocsin.monitor_state t
                          where y.monitor = s.app and m.id = s.app and t.monitor = s.app offset 0) a
     cross join lateral tocsin.app_verdict(s.state, s.healthy, a.wanted, tocsin.app_busy(s.app, s.at), a.bad, a.retries) v;

    n := tocsin.fleet_holes(d.app, d.at);
    n := n + coalesce((select tocsin.transit_all(array_agg(u.app), array_agg(u.status), array_agg(u.at), array_agg(u.reason),
                                                 array_agg(0), array_agg(u.message))
                         from unnest(d.app, d.status, d.at, d.reason, d.message, d.was) u (app, status, at, reason, message, was)
                        where u.status is not null and (u.status <> u.was or u.was = 4 or n > 0)), 0);
    if n > 0 then
        moved := array(select u.app from unnest(d.app, d.was) u (app, was)
                        where u.was <> (select t.status from tocsin.monitor_state t where t.monitor = u.app));
        perform tocsin.fleet_apps_moved(moved, d.app, d.seq);
    end if;
    perform tocsin.fleet_apps_jumped(d.jumped);
    if cardinality(reboot) > 0 then
        insert into tocsin.fleet_event (host, at, kind, text)
        select distinct on (s.host) s.host, s.at, 'restarted', 'the host was started again'
          from unnest(said) s where s.host = any (reboot);
    end if;
    perform tocsin.fleet_apps_keep(d.changed, d.differ, d.held_app, d.held);

    insert into tocsin.fleet_latest as l (monitor, at, facts)
    select s.app, s.at, s.latest from unnest(said) s
    on conflict (monitor) do update set at = excluded.at, facts = excluded.facts, changed = pg_current_xact_id()
     where excluded.at >= l.at or l.at > clock + interval '10 seconds';
    insert into tocsin.monitor_latest as l (monitor, region, at, status, reason, code, total_us, phase_us)
    select u.app, 0, u.at, coalesce(u.status, 0), u.reason, 0, u.us, '{}'
      from unnest(d.app, d.at, d.status, d.reason, d.us) u (app, at, status, reason, us)
    on conflict (monitor, region) do update
       set at = excluded.at, status = excluded.status, reason = excluded.reason, total_us = excluded.total_us
     where excluded.at >= l.at or l.at > clock + interval '10 seconds';
    perform tocsin.fleet_apps_tell(moved || d.differ);
    perform tocsin.fleet_restart(d.watched);
    return n;
end $$;

-- The rows of the apps, where something is different.
create or replace function tocsin.fleet_apps_keep(changed tocsin.app_said[], differ bigint[], held_app bigint[], held smallint[])
returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off set enable_nestloop = off as $$
begin
    if held_app is not null then
        update tocsin.app a set bad = u.held from unnest(held_app, fleet_apps_keep.held) u (app, held)
         where a.monitor = u.app and a.monitor = any (held_app);
    end if;
    if changed is not null then
        update tocsin.app a
           set title = case when a.named then a.title else s.title end, kind = s.kind, unit = s.unit, state = s.state, sub = s.sub,
               state_at = s.state_at, invocation = coalesce(nullif(s.invocation, ''), a.invocation),
               restarts = coalesce(s.restarts, a.restarts), facts = s.facts
          from unnest(fleet_apps_keep.changed) s where a.monitor = s.app;
    end if;
    if differ is not null then
        update tocsin.monitor m set name = x.name
          from (select a.monitor, left(a.title || ' on ' || h.name, 120) as name
                  from unnest(differ) u (id) join tocsin.app a on a.monitor = u.id join tocsin.monitor h on h.id = a.host) x
         where m.id = x.monitor and m.name <> x.name;
    end if;
end $$;

-- What is being done to an app: 'action' also for what was seen before an action ended, as it
-- says nothing of how things are since.
create or replace function tocsin.app_busy(app bigint, at timestamptz) returns text
language plpgsql stable set search_path = '' as $$
declare
    kind text;
begin
    select x.kind into kind from tocsin.app_action x
     where x.app = app_busy.app and x.state in ('asked', 'running') and x.kind <> 'cancel' and x.state = 'running';
    return case when kind = 'deploy' then 'deploy' when kind is not null then 'action'
                when exists (select from tocsin.app_action x
                              where x.app = app_busy.app and x.done_at > app_busy.at and x.attempts > 0
                                and x.kind in ('start', 'stop', 'restart')) then 'action' else '' end;
end $$;

-- Stopped here once, and running again although nobody asked for it here: then it is wanted.
create or replace function tocsin.app_started_elsewhere(said tocsin.app_said[]) returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    ids bigint[] := array(
        select s.app from unnest(said) s
         cross join lateral (select from tocsin.app a where a.monitor = s.app and a.wanted = 'stopped' offset 0) a
         where s.state in ('running', 'activating', 'reloading', 'restarting')
           and not exists (select from tocsin.app_action x
                            where x.app = s.app and x.kind <> 'cancel'
                              and (x.state in ('asked', 'running') or x.done_at > s.at)));
begin
    if cardinality(ids) > 0 then
        with started as (
            update tocsin.app a set wanted = 'running', wanted_by = '' where a.monitor = any (ids) returning a.monitor, a.host
        )
        insert into tocsin.fleet_event (host, app, kind, text)
        select s.host, s.monitor, 'start', 'started on the host itself' from started s;
    end if;
end $$;

-- Changes of status, in the history.
create or replace function tocsin.fleet_apps_moved(moved bigint[], apps bigint[], seqs bigint[]) returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
begin
    insert into tocsin.fleet_event (host, app, at, kind, text)
    select t.host, u.app, t.at, case when t.status = 3 and t.reason = 30 then 'crash' else 'status' end,
           tocsin.status_word(t.prev) || ' → ' || tocsin.status_word(t.status) || coalesce(': ' || nullif(t.message, ''), '')
      from unnest(fleet_apps_moved.apps, fleet_apps_moved.seqs) u (app, seq)
     cross join lateral (select y.*, a.host from tocsin.transition y, tocsin.app a
                          where y.monitor = u.app and y.seq > u.seq and a.monitor = u.app offset 0) t
     where u.app = any (moved) and (t.prev <> 0 and t.status <> 0 or t.status = 3);
end $$;

-- Crashed and started again between two answers, unless somebody had that done.
create or replace function tocsin.fleet_apps_jumped(jumped tocsin.app_said[]) returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
begin
    insert into tocsin.fleet_event (host, app, at, kind, text)
    select s.host, s.app, coalesce(s.state_at, s.at), 'restarted', 'restarted by itself'
           || case when (s.facts #> '{exit,code}') not in ('null', '0') then ': exited with code ' || (s.facts #>> '{exit,code}')
                   when (s.facts #> '{exit,signal}') not in ('null', '0') then ': killed by signal ' || (s.facts #>> '{exit,signal}')
                   else '' end
      from unnest(jumped) s
     where not exists (select from tocsin.app_action x
                        where x.app = s.app and x.kind in ('start', 'stop', 'restart', 'deploy') and x.attempts > 0
                          and (x.state = 'running'
                               or x.done_at > coalesce((select l.at from tocsin.fleet_latest l where l.monitor = s.app), s.at) - interval '1 minute'));
end $$;

-- Word to pages where a state or a status changed.
create or replace function tocsin.fleet_apps_tell(moved bigint[]) returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
begin
    if coalesce(cardinality(moved), 0) = 0 then
        return;
    end if;
    insert into tocsin.event (kind, owner, ref, body)
    select 'app', x.account, x.monitor, jsonb_build_object('status', tocsin.status_word(t.status), 'state', t.state,
               'cpu', t.facts->'cpu', 'mem', t.facts->'memory')
      from tocsin.fleet_audience(moved) x
     cross join lateral (select a.state, y.status, (select l.facts from tocsin.fleet_latest l where l.monitor = x.monitor) as facts
                           from tocsin.app a, tocsin.monitor_state y where a.monitor = x.monitor and y.monitor = x.monitor offset 0) t;
    perform pg_notify('tocsin_live', '');
end $$;

-- Restart what is down, where somebody wants that: three times in ten minutes, then never in
-- this outage. What was started a moment ago and runs is given time to become healthy. All of
-- it is counted in rows, so it outlives every restart of ours.
create or replace function tocsin.fleet_restart(said tocsin.app_said[]) returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    most constant integer := 3;
    d    record;
    act  bigint;
    n    integer;
begin
    for d in select s.app, s.host, i.id as incident
               from unnest(said) s
              cross join lateral (select y.gave_up, m.interval_s from tocsin.app y, tocsin.monitor m, tocsin.monitor_state t
                                   where y.monitor = s.app and y.wanted = 'running' and m.id = s.app
                                     and t.monitor = s.app and t.status = 3 offset 0) a
               left join tocsin.incident i on i.monitor = s.app and i.auto and i.resolved_at is null
              where s.state <> 'paused'
                and (s.state in ('failed', 'stopped', 'missing') or not exists (
                         select from tocsin.app_action x
                          where x.app = s.app and x.kind in ('start', 'restart', 'deploy')
                            and x.done_at > s.at - make_interval(secs => greatest(15, 3 * a.interval_s))))
                and tocsin.app_busy(s.app, s.at) = ''
                and a.gave_up is distinct from coalesce(i.id, 0)
                and not exists (select from tocsin.app_action x
                                 where x.app = s.app and x.state in ('asked', 'running') and x.kind <> 'cancel')
              order by s.app loop
        n := tocsin.auto_restarts(d.app) + 1;
        if n > most then
            update tocsin.app a set gave_up = coalesce(d.incident, 0) where a.monitor = d.app;
            perform tocsin.fleet_note(d.host, d.app, 'gave-up', format('restarted %s times in 10 minutes: given up', most));
            insert into tocsin.incident_event (incident, kind, body)
            select d.incident, 'comment', format('Restarted %s times in 10 minutes and down again: no more restarts until somebody looks at it.', most)
             where d.incident is not null;
            perform tocsin.fleet_emit('app', d.app, d.app, '{"change": "gave-up"}');
        else
            insert into tocsin.app_action (app, host, kind, auto, reason)
            values (d.app, d.host, 'restart', true, format('down: restart %s of %s', n, most))
            on conflict do nothing returning id into act;
            if act is not null then
                insert into tocsin.incident_event (incident, kind, body)
                select d.incident, 'comment', format('Restarting it (%s of %s in 10 minutes).', n, most)
                 where d.incident is not null;
                perform tocsin.audit(null, '{}', 'app.restart', 'app', d.app::text, null,
                                     jsonb_build_object('action', act, 'auto', true, 'nth', n, 'most', most));
                perform tocsin.action_emit(act);
                perform pg_notify('tocsin_work', 'fleet');
            end if;
        end if;
    end loop;
end $$;
