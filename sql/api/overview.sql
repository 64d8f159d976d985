-- The dashboard in one answer: counts, and what somebody should look at.
create or replace function api.overview(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    everything constant boolean := who.role in ('operator', 'admin');
    low constant bigint := case when everything then 0 else who.id end;
    high constant bigint := case when everything then 9223372036854775807 else who.id end;
    granted constant bigint[] := case when everything then '{}' else tocsin.fleet_granted(who.id) end;
    board json;
begin
    with mine as materialized (
        select m.id, m.name, m.type, m.group_name, l.tls_not_after, s.since, s.reason, s.message, s.changed, f.up24, f.up30,
               tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s) as status
          from tocsin.monitor m
          left join tocsin.monitor_state s on s.monitor = m.id
          left join tocsin.monitor_latest l on l.monitor = m.id and l.region = 0
          left join tocsin.monitor_figures f on f.monitor = m.id
         where m.deleted_at is null and (m.owner between low and high or m.type <> 'http' and m.id = any (granted))
    )
    select json_build_object(
        'rev', pg_snapshot_xmin(pg_current_snapshot())::text,
        'counts', (select json_build_object(
            'total', count(*), 'up', count(*) filter (where status = 1),
            'degraded', count(*) filter (where status = 2), 'down', count(*) filter (where status = 3),
            'maintenance', count(*) filter (where status = 4), 'unknown', count(*) filter (where status = 0),
            'paused', count(*) filter (where status = 5)) from mine where type = 'http'),
        'fleet', (select json_object_agg(t.word, json_build_object(
            'total', (select count(*) from mine where type = t.type),
            'up', (select count(*) from mine where type = t.type and status = 1),
            'degraded', (select count(*) from mine where type = t.type and status = 2),
            'down', (select count(*) from mine where type = t.type and status = 3),
            'maintenance', (select count(*) from mine where type = t.type and status = 4),
            'unknown', (select count(*) from mine where type = t.type and status = 0),
            'paused', (select count(*) from mine where type = t.type and status = 5)))
              from (values ('host', 'hosts'), ('app', 'apps')) t (type, word)),
        'attention', coalesce((select json_agg(json_build_object(
                'kind', case x.type when 'http' then 'monitor' else x.type end, 'id', x.id, 'name', x.name, 'status', tocsin.status_word(x.status),
                'since', tocsin.ts(x.since), 'reason', nullif(tocsin.reason_word(x.reason), 'ok'),
                'message', x.message) order by tocsin.status_rank(x.status), x.since desc)
              from (select * from mine where status in (0, 2, 3) and not (type = 'app' and status = 0) -- their host says it
                     order by tocsin.status_rank(status), since desc limit 50) x), '[]'),
        'incidents', coalesce((select json_agg(tocsin.incident_json(z.y) order by (z.y).started_at desc)
              from (select y from tocsin.incident y
                     where y.owner between low and high and y.resolved_at is null
                     order by y.started_at desc limit 20) z), '[]'),
        'changes', coalesce((select json_agg(json_build_object(
                'monitor', x.monitor, 'type', x.type, 'name', x.name, 'at', tocsin.ts(x.at), 'from', tocsin.status_word(x.prev),
                'to', tocsin.status_word(x.status), 'message', x.message,
                'lasted_s', floor(date_part('epoch', x.at - x.before))::bigint) order by x.at desc)
              from (select t.monitor, mine.type, mine.name, t.at, t.prev, t.status, t.message,
                           (select p.at from tocsin.transition p where p.monitor = t.monitor and p.seq = t.seq - 1) as before
                      from tocsin.transition t join mine on mine.id = t.monitor
                     where t.at > now() - interval '24 hours' and not (mine.type = 'app' and 0 in (t.status, t.prev))
                     order by t.at desc limit 50) x), '[]'),
        'expiring', coalesce((select json_agg(json_build_object(
                'kind', case x.type when 'http' then 'tls' else x.type end, 'id', x.id, 'name', x.name, 'not_after', tocsin.ts(x.tls_not_after),
                'days', floor(date_part('epoch', x.tls_not_after - now()) / 86400)::integer) order by x.tls_not_after)
              from (select * from mine where tls_not_after < now() + interval '30 days' and status <> 5
                     order by tls_not_after limit 20) x), '[]'),
        'groups', coalesce((select json_agg(json_build_object(
                'name', g.group_name, 'status', tocsin.status_word(g.status), 'monitors', g.n, 'down', g.down)
                order by g.rank, g.group_name)
              from (select group_name, count(*) as n, count(*) filter (where status = 3) as down,
                           min(tocsin.status_rank(status)) as rank,
                           (array_agg(status order by tocsin.status_rank(status)))[1] as status
                      from mine where group_name <> '' and type = 'http' group by 1 limit 100) g), '[]'),
        'last_change', (select tocsin.ts(max(since)) from mine where type = 'http'),
        'lag_ms', (select max((w.stats->>'lag_ms')::double precision)::bigint from tocsin.worker w
                    where w.role = 'checker' and w.lease_until > clock_timestamp()))
      into board;
    return board;
end $$;
