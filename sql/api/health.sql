-- GET /admin/health: how the instance is, and what to do about what is not well.

-- Advice for each number that is over its threshold: {about, level, text}; level 'bad'
-- when something is not being done, 'warning' when it may come to that.
create or replace function tocsin.health_advice(v record, workers json, live jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    dead_roles text := (select string_agg(role, ', ')
                          from unnest(array['scheduler', 'checker', 'status', 'notifier', 'keeper']) as role
                         where not exists (select from tocsin.worker w
                                            where w.role = role.role
                                              and w.beat_at > now() - interval '15 seconds'));
    looping    text := (select string_agg(distinct role, ', ')
                          from tocsin.worker w,
                               jsonb_array_elements_text(case jsonb_typeof(w.stats -> 'crash_loops')
                                   when 'array' then w.stats -> 'crash_loops' else '[]' end) as role);
    unwritten  text := (select format('%s status pages are not written, such as %s: %s', count(*) over (), p.slug, p.error)
                          from tocsin.page p where p.enabled and p.error is not null order by p.id limit 1);
    unexported text := (select w.stats ->> 'error' from tocsin.worker w
                         where w.role = 'export' and w.stats ->> 'error' <> '' limit 1);
    hosts      constant boolean := exists (select from tocsin.host h join tocsin.monitor m on m.id = h.monitor
                                            where h.pin is not null and m.deleted_at is null);
    nobody     text := (select string_agg(role, ', ') from unnest(array['fleet', 'gateway']) as role
                         where not exists (select from tocsin.worker w
                                            where w.role = role.role and w.beat_at > now() - interval '15 seconds'));
    days       numeric := (select min(least(tocsin.stat(w.stats, 'control_days'), tocsin.stat(w.stats, 'authority_days')))
                             from tocsin.worker w where w.role = 'gateway');
    ending     text := (select format('%s of the agents'' certificates end within 30 days, such as that of %s', count(*) over (), m.name)
                          from tocsin.host h join tocsin.monitor m on m.id = h.monitor
                         where h.pin is not null and m.deleted_at is null and h.not_after < now() + interval '30 days'
                         order by h.not_after limit 1);
begin
    return (
        select coalesce(json_agg(json_build_object('about', a.about, 'level', a.level, 'text', a.text)
                                 order by a.level, a.about), '[]')
          from (values
            (dead_roles is not null, 'workers', 'bad',
             format('No process is alive for: %s. Look at tocsind''s log, and start it (systemctl start tocsind).', dead_roles)),
            (exists (select from tocsin.page p where p.enabled)
             and not exists (select from tocsin.worker w
                              where w.role = 'publisher' and w.beat_at > now() - interval '15 seconds'),
             'pages', 'bad',
             'Nobody writes the status pages: set status_dir in tocsind.conf, and TOCSIN_STATUS for httpd. See docs/status-pages.md.'),
            (unwritten is not null, 'pages', 'bad', unwritten || '.'),
            (unexported is not null, 'pages', 'bad', 'Status data is not written: ' || unexported || '.'),
            (hosts and nobody is not null, 'fleet', 'bad',
             format('Nobody asks the hosts, no process is alive for: %s. Set fleet_dir in tocsind.conf and look at tocsind''s log. See docs/fleet.md.', nobody)),
            (hosts and days < 60, 'fleet', case when days < 7 then 'bad' else 'warning' end,
             format('The control plane''s certificate for agents ends in %s days: `tocsin fleet show` says which, docs/fleet.md how to renew it.', days)),
            (ending is not null, 'fleet', 'warning', ending || '. Enrol them anew: docs/fleet.md.'),
            (looping is not null, 'workers', 'bad',
             format('These die again and again: %s. tocsind''s log says why.', looping)),
            (v.buckets > v.owned, 'queue', 'bad',
             format('%s of %s buckets have no checker: their monitors are not checked. Start more checkers, or look at why they stopped.', v.buckets - v.owned, v.buckets)),
            (v.overdue > 0, 'overdue', case when v.overdue > greatest(v.watched / 20, 5) then 'bad' else 'warning' end,
             format('%s monitors were not checked in time. With long time-outs a checker runs out of places: raise `concurrency` or `checkers` in tocsind.conf.', v.overdue)),
            (v.lag_p95_ms > 1000, 'lag', 'warning',
             format('One check in twenty begins %s ms late or more. Add checkers, or look whether the machine is busy with something else.', v.lag_p95_ms)),
            (v.unplaced > 0 and v.watched > 0, 'queue', 'warning',
             format('%s new monitors wait for the scheduler. This should take a second; if it stays, the scheduler is stuck.', v.unplaced)),
            (v.outbox_oldest_s > 120, 'outbox', case when v.outbox_oldest_s > 900 then 'bad' else 'warning' end,
             format('The oldest message waits for %s. Look at the channel''s deliveries: its receiver may be slow or away.', justify_interval(make_interval(secs => round(v.outbox_oldest_s)::int)))),
            (v.dead > 0, 'dead_letters', 'warning',
             format('%s messages were given up after all tries. Look at them under deliveries, mend the channel, send them again.', v.dead)),
            (v.connections > v.connections_max * 0.8, 'connections', case when v.connections > v.connections_max * 0.95 then 'bad' else 'warning' end,
             format('%s of %s connections are taken. Raise max_connections, or lower DBDMax and the number of children and checkers.', v.connections, v.connections_max)),
            (v.stray_segments + v.stray_hours > 0, 'partitions', 'bad',
             'Results were stored in a default partition because the right one was missing. The keeper makes partitions ahead: see that it runs.'),
            ((live ->> 'clients')::bigint > (live ->> 'max')::bigint * 0.8, 'events', 'warning',
             format('%s event streams are open, a child holds at most %s. Raise TocsinLiveMax and AsyncRequestWorkerFactor.', live ->> 'clients', live ->> 'max'))
          ) as a (holds, about, level, text)
         where a.holds);
end $$;

create or replace function api.admin_health(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    v       record;
    workers json;
    live    jsonb := input -> 'live'; -- counters of httpd's shared memory
begin
    perform tocsin.caller(caller, 'admin');
    select * into v from tocsin.vitals();
    select coalesce(json_agg(json_build_object('id', w.id, 'host', w.host, 'pid', w.pid, 'role', w.role,
               'region', r.name, 'version', w.version, 'started_at', tocsin.ts(w.started_at),
               'beat_age_s', round(extract(epoch from now() - w.beat_at)::numeric, 1),
               'alive', w.lease_until > now(), 'share', w.share, 'stats', w.stats)
               order by w.role, w.host, w.pid), '[]')
      into workers
      from tocsin.worker w left join tocsin.region r on r.id = w.region;
    return json_build_object(
        'at', tocsin.ts(now()),
        'monitors', json_build_object('watched', v.watched, 'by_status', v.by_status, 'overdue', v.overdue,
                                      'unplaced', v.unplaced),
        'queue', json_build_object('buckets', v.buckets, 'owned', v.owned, 'oldest_s', round(v.oldest_s, 1)),
        'lag', json_build_object('p50_ms', v.lag_p50_ms, 'p95_ms', v.lag_p95_ms),
        'workers', workers,
        'outbox', json_build_object('pending', v.outbox, 'oldest_s', round(v.outbox_oldest_s, 1), 'dead', v.dead),
        'incidents', json_build_object('open', v.incidents),
        'database', json_build_object('bytes', v.database_bytes, 'connections', v.connections,
                                      'connections_max', v.connections_max, 'migration', v.migration,
                                      'strays', v.stray_segments + v.stray_hours),
        'events', live,
        'advice', tocsin.health_advice(v, workers, live));
end $$;
