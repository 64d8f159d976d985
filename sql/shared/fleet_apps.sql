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

create or replace function tocsin.fleet_apps_turn(said tocsin.app_said[], clock timestamptz, reboot bigint[]) returns integer
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    ids   constant bigint[] := array(select s.app from unnest(said) s);
    old   tocsin.app[];
    was   record; -- their states before
    d     record; -- and what they shall be
    n     integer;
begin
    if cardinality(ids) = 0 then
        return 0;
    end if;
    perform tocsin.app_started_elsewhere(said);
    old := array(select a from tocsin.app a where a.monitor = any (ids));
    select array_agg(t.monitor) as app, array_agg(t.status) as status, array_agg(t.seq) as seq into was
      from tocsin.monitor_state t where t.monitor = any (ids);

    select array_agg(s.app) as app, array_agg(s.at) as at, array_agg(v.status) as status, array_agg(v.reason) as reason,
           array_agg(v.held) as held, array_agg(tocsin.app_message(s, v.status, a.wanted_by)) as message
      into d
      from unnest(said) s
      join unnest(old) a on a.monitor = s.app
      join tocsin.monitor m on m.id = s.app
     cross join lateral tocsin.app_verdict(s.state, s.healthy, a.wanted, tocsin.app_busy(s.app, s.at), a.bad, m.retries) v;

    n := tocsin.fleet_holes(d.app, d.at);
    n := n + coalesce((select tocsin.transit_all(array_agg(u.app), array_agg(u.status), array_agg(u.at), array_agg(u.reason),
                                                 array_agg(0), array_agg(u.message))
                         from unnest(d.app, d.status, d.at, d.reason, d.message) u (app, status, at, reason, message)
                        where u.status is not null), 0);

    update tocsin.app a
       set title = x.title, kind = x.kind, unit = x.unit, state = x.state, sub = x.sub, state_at = x.state_at,
           invocation = x.invocation, restarts = x.restarts, facts = x.facts, bad = x.held
      from (select s.app, case when y.named then y.title else s.title end as title, s.kind, s.unit, s.state, s.sub, s.state_at,
                   coalesce(nullif(s.invocation, ''), y.invocation) as invocation, coalesce(s.restarts, y.restarts) as restarts,
                   s.facts, u.held
              from unnest(said) s
              join unnest(d.app, d.held) u (app, held) on u.app = s.app
              join unnest(old) y on y.monitor = s.app) x
     where a.monitor = x.app
       and (a.title, a.kind, a.unit, a.state, a.sub, a.state_at, a.invocation, a.restarts, a.facts, a.bad)
           is distinct from (x.title, x.kind, x.unit, x.state, x.sub, x.state_at, x.invocation, x.restarts, x.facts, x.held);
    update tocsin.monitor m set name = left(s.title || ' on ' || h.name, 120)
      from unnest(said) s
      join unnest(old) y on y.monitor = s.app and not y.named and y.title <> s.title
      join tocsin.monitor h on h.id = s.host
     where m.id = s.app;

    perform tocsin.fleet_apps_events(said, old, was.app, was.status, was.seq, reboot);
    insert into tocsin.fleet_latest as l (monitor, at, facts)
    select s.app, s.at, s.latest from unnest(said) s
    on conflict (monitor) do update set at = excluded.at, facts = excluded.facts, changed = pg_current_xact_id()
     where excluded.at >= l.at or l.at > clock + interval '10 seconds';
    insert into tocsin.monitor_latest as l (monitor, region, at, status, reason, code, total_us, phase_us)
    select s.app, 0, s.at, coalesce(u.status, 0), u.reason, 0, coalesce(least(s.health_ms, 2000000) * 1000, 0)::integer, '{}'
      from unnest(said) s join unnest(d.app, d.status, d.reason) u (app, status, reason) on u.app = s.app
    on conflict (monitor, region) do update
       set at = excluded.at, status = excluded.status, reason = excluded.reason, total_us = excluded.total_us
     where excluded.at >= l.at or l.at > clock + interval '10 seconds';
    perform tocsin.fleet_restart(said);
    return n;
end $$;

-- What is being done to an app: 'action' also for what was seen before an action ended, as it
-- says nothing of how things are since.
create or replace function tocsin.app_busy(app bigint, at timestamptz) returns text
language sql stable set search_path = '' as $$
    select coalesce((select case when x.kind = 'deploy' then 'deploy' else 'action' end
                       from tocsin.app_action x
                      where x.app = app_busy.app and x.state = 'running' and x.kind <> 'cancel'
                      order by x.id desc limit 1),
                    case when exists (select from tocsin.app_action x
                                       where x.app = app_busy.app and x.done_at > app_busy.at and x.attempts > 0
                                         and x.kind in ('start', 'stop', 'restart')) then 'action' end, '')
$$;

-- Stopped here once, and running again although nobody asked for it here: then it is wanted.
create or replace function tocsin.app_started_elsewhere(said tocsin.app_said[]) returns void
language sql volatile set search_path = '' set enable_seqscan = off as $$
    with started as (
        update tocsin.app a set wanted = 'running', wanted_by = ''
          from unnest(said) s
         where a.monitor = s.app and a.wanted = 'stopped' and s.state in ('running', 'activating', 'reloading', 'restarting')
           and not exists (select from tocsin.app_action x
                            where x.app = a.monitor and x.kind <> 'cancel'
                              and (x.state in ('asked', 'running') or x.done_at > s.at))
        returning a.monitor, a.host, s.at
    )
    insert into tocsin.fleet_event (host, app, at, kind, text)
    select s.host, s.monitor, s.at, 'start', 'started on the host itself' from started s
$$;

-- What charts show of this round, and word to pages where a state or a status changed.
create or replace function tocsin.fleet_apps_events(said tocsin.app_said[], old tocsin.app[], apps bigint[],
                                                    was smallint[], seqs bigint[], reboot bigint[])
returns void
language plpgsql volatile set search_path = '' set enable_seqscan = off as $$
declare
    moved bigint[];
begin
    insert into tocsin.fleet_event (host, app, at, kind, text)
    select s.host, s.app, t.at, case when t.status = 3 and t.reason = 30 then 'crash' else 'status' end,
           tocsin.status_word(t.prev) || ' → ' || tocsin.status_word(t.status) || coalesce(': ' || nullif(t.message, ''), '')
      from unnest(fleet_apps_events.apps, fleet_apps_events.seqs) u (app, seq)
      join unnest(said) s on s.app = u.app
      join tocsin.transition t on t.monitor = u.app and t.seq > u.seq
     where t.prev <> 0 and t.status <> 0 or t.status = 3;
    -- crashed and started again between two answers
    insert into tocsin.fleet_event (host, app, at, kind, text)
    select s.host, s.app, coalesce(s.state_at, s.at), 'restarted', 'restarted by itself'
           || case when (s.facts #> '{exit,code}') not in ('null', '0') then ': exited with code ' || (s.facts #>> '{exit,code}')
                   when (s.facts #> '{exit,signal}') not in ('null', '0') then ': killed by signal ' || (s.facts #>> '{exit,signal}')
                   else '' end
      from unnest(said) s join unnest(old) a on a.monitor = s.app
     where s.host <> all (reboot) and a.state in ('running', 'reloading', 'restarting') and s.state in ('running', 'activating', 'restarting')
       and (a.invocation <> '' and s.invocation not in ('', a.invocation) or s.restarts > a.restarts)
       and not exists (select from tocsin.app_action x
                        where x.app = s.app and x.kind in ('start', 'stop', 'restart', 'deploy') and x.attempts > 0
                          and (x.state = 'running'
                               or x.done_at > coalesce((select l.at from tocsin.fleet_latest l where l.monitor = s.app), s.at) - interval '1 minute'));
    insert into tocsin.fleet_event (host, at, kind, text)
    select distinct on (s.host) s.host, s.at, 'restarted', 'the host was started again'
      from unnest(said) s where s.host = any (reboot);

    moved := array(
        select s.app from unnest(said) s
          join unnest(old) o on o.monitor = s.app
          join unnest(fleet_apps_events.apps, fleet_apps_events.was) u (app, status) on u.app = s.app
          join tocsin.monitor_state t on t.monitor = s.app
         where t.status <> u.status or o.state <> s.state or o.title <> s.title and not o.named
            or o.facts->'commit' is distinct from s.facts->'commit');
    if cardinality(moved) > 0 then
        insert into tocsin.event (kind, owner, ref, body)
        select 'app', x.account, x.monitor, jsonb_build_object('status', tocsin.status_word(t.status), 'state', s.state,
                   'cpu', s.latest->'cpu', 'mem', s.latest->'memory')
          from tocsin.fleet_audience(moved) x
          join tocsin.monitor_state t on t.monitor = x.monitor
          join unnest(said) s on s.app = x.monitor;
        perform pg_notify('tocsin_live', '');
    end if;
end $$;

-- Restart what is down, where somebody wants that: three times in ten minutes, then never in
-- this outage. What was started a moment ago and runs is given time to become healthy. All of it is counted in rows, so it outlives every restart of ours.
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
               join tocsin.app a on a.monitor = s.app and a.auto_restart and a.wanted = 'running'
               join tocsin.monitor_state t on t.monitor = s.app and t.status = 3
               join tocsin.monitor m on m.id = s.app
               left join tocsin.incident i on i.monitor = s.app and i.auto and i.resolved_at is null
              where s.state <> 'paused'
                and (s.state in ('failed', 'stopped', 'missing') or not exists (
                         select from tocsin.app_action x
                          where x.app = s.app and x.kind in ('start', 'restart', 'deploy')
                            and x.done_at > s.at - make_interval(secs => greatest(15, 3 * m.interval_s))))
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
                perform tocsin.action_emit(act);
                perform pg_notify('tocsin_work', 'fleet');
            end if;
        end if;
    end loop;
end $$;
