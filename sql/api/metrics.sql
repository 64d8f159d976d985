-- What /metrics shows; mod_tocsin_metrics writes it as Prometheus reads it.

-- May this caller see the instance, or only monitors, and whose? scope 0: all and
-- everything; else the account whose monitors are shown.
create or replace function tocsin.metrics_scope(caller bigint) returns bigint
language sql stable security definer set search_path = '' as $$
    select case when a.role in ('operator', 'admin') then 0 else a.id end
      from tocsin.caller(metrics_scope.caller, 'viewer') as a
$$;

create or replace function api.metrics_scope(caller bigint)
returns table (scope bigint)
language sql stable security definer set search_path = '' as $$
    select tocsin.metrics_scope(metrics_scope.caller)
$$;

-- One row per monitor, in the order of their ids; owner 0: all. Microseconds as measured,
-- seconds since 1970, null where nothing is known.
create or replace function api.metrics_monitors(owner bigint)
returns table (id bigint, name text, url text, type text, group_name text, owner_email text,
               status text, up integer, dns_us integer, connect_us integer, tls_us integer,
               ttfb_us integer, transfer_us integer, tls_not_after bigint, checked_at bigint)
language sql stable security definer set search_path = '' as $$
    select m.id, m.name, m.url, m.type, m.group_name, a.email,
           tocsin.status_word(st.status),
           case st.status when 1 then 1 when 2 then 1 when 3 then 0 end,
           l.phase_us[1], l.phase_us[2], l.phase_us[3], l.phase_us[4],
           case when l.total_us is not null and (m.type = 'http' or l.total_us > 0) then
               greatest(l.total_us - coalesce(l.phase_us[1], 0) - coalesce(l.phase_us[2], 0)
                        - coalesce(l.phase_us[3], 0) - coalesce(l.phase_us[4], 0), 0) end,
           extract(epoch from n.tls_not_after)::bigint,
           extract(epoch from n.at)::bigint
      from tocsin.monitor m
      join tocsin.account a on a.id = m.owner
      join tocsin.monitor_state st on st.monitor = m.id
      left join lateral (
            select l.at, l.tls_not_after, l.total_us, l.phase_us
              from tocsin.monitor_latest l
             where l.monitor = m.id
             order by l.at desc limit 1) as n on true
      -- a duration is only shown while somebody measures
      left join lateral (
            select n.total_us, n.phase_us where st.status between 1 and 4) as l on true
     where m.deleted_at is null
       and (metrics_monitors.owner = 0 or m.owner = metrics_monitors.owner)
     order by m.id
$$;

-- A label's value between its quotes.
create or replace function tocsin.label(value text) returns text
language sql immutable parallel safe set search_path = '' as $$
    select replace(replace(replace(coalesce(value, ''), '\', '\\'), '"', '\"'), E'\n', '\n')
$$;

-- The instance: samples in the order of their families. kind and help are those of the
-- family; sample is the name with its labels.
create or replace function api.metrics_instance()
returns table (family text, kind text, help text, sample text, value text)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
declare
    v record;
begin
    select * into v from tocsin.vitals();
    return query
        select 'tocsin_monitors', 'gauge', 'Monitors by status.',
               format('tocsin_monitors{status="%s"}', s.word), coalesce(v.by_status ->> s.word, '0')
          from unnest(array['unknown', 'up', 'degraded', 'down', 'maintenance', 'paused']) as s (word);
    return query
        select t.family, 'gauge', t.help, format('%s{status="%s"}', t.family, s.word), coalesce(c.n, 0)::text
          from (values (1, 'host', 'tocsin_hosts', 'Hosts by status.'), (2, 'app', 'tocsin_apps', 'Apps by status.')) as t (n, type, family, help)
         cross join unnest(array['unknown', 'up', 'degraded', 'down', 'maintenance', 'paused']) with ordinality as s (word, n)
          left join (select m.type, st.status, count(*) as n
                       from tocsin.monitor m join tocsin.monitor_state st on st.monitor = m.id
                      where m.type <> 'http' and m.deleted_at is null
                      group by m.type, st.status) c on c.type = t.type and tocsin.status_word(c.status) = s.word
         order by t.n, s.n;
    return query
        select f.family, 'gauge', f.help, f.family, f.value::text
          from (values
            ('tocsin_monitors_overdue', 'Monitors whose check is late.', v.overdue::numeric),
            ('tocsin_monitors_unplaced', 'Monitors that wait for the scheduler.', v.unplaced),
            ('tocsin_incidents_open', 'Incidents that are not resolved.', v.incidents),
            ('tocsin_queue_buckets', 'Buckets of monitors.', v.buckets),
            ('tocsin_queue_buckets_owned', 'Buckets that a checker holds.', v.owned),
            ('tocsin_fleet_oldest_seconds', 'Time since the answers of hosts were settled.', (select round(extract(epoch from clock_timestamp() - x.settled_at), 3) from tocsin.fleet x)),
            ('tocsin_fleet_actions_open', 'Actions on apps that are not over.', (select count(*) from tocsin.app_action x where x.state in ('asked', 'running'))),
            ('tocsin_queue_oldest_seconds', 'Time since the bucket that waits longest was settled.', round(v.oldest_s, 3)),
            ('tocsin_outbox_pending', 'Messages that are to be sent.', v.outbox),
            ('tocsin_outbox_oldest_seconds', 'Age of the oldest message that is to be sent.', round(v.outbox_oldest_s, 3)),
            ('tocsin_outbox_dead', 'Messages that were given up.', v.dead),
            ('tocsin_database_size_bytes', 'Size of the database.', v.database_bytes),
            ('tocsin_database_connections', 'Connections of the PostgreSQL cluster.', v.connections),
            ('tocsin_database_connections_max', 'The most connections it takes.', v.connections_max),
            ('tocsin_partition_strays', 'Rows in default partitions: a partition was missing.', v.stray_segments + v.stray_hours),
            ('tocsin_migration', 'Number of the last migration.', v.migration)
          ) as f (family, help, value)
         where f.value is not null;
    return query select * from tocsin.metrics_workers();
end $$;

-- What the roles of tocsind say of themselves. One that says nothing of a kind is left out.
create or replace function tocsin.metrics_workers()
returns table (family text, kind text, help text, sample text, value text)
language sql stable security definer set search_path = '' as $$
    with w as (
        select format('host="%s",role="%s",pid="%s"', tocsin.label(w.host), tocsin.label(w.role), w.pid) as labels,
               w.host, w.stats, extract(epoch from clock_timestamp() - w.beat_at) as beat_s
          from tocsin.worker w
    ), plain (place, family, kind, help, labels, nr, sample, value) as (
        select 1, 'tocsin_worker_beat_age_seconds', 'gauge', 'Time since a process of tocsind last said that it lives.',
               labels, 0, format('tocsin_worker_beat_age_seconds{%s}', labels), round(beat_s::numeric, 3)
          from w
        union all
        select k.place, k.family, k.kind, k.help, labels, 0, format('%s{%s}', k.family, labels), tocsin.stat(stats, k.key)
          from w, (values
            (2, 'tocsin_checks_total', 'counter', 'Checks that ended.', 'checks_total'),
            (3, 'tocsin_settles_total', 'counter', 'Batches of checks that were settled.', 'settle_total'),
            (4, 'tocsin_checks_dropped_total', 'counter', 'Samples dropped because the database was away too long.', 'dropped_total'),
            (5, 'tocsin_checks_buffered', 'gauge', 'Checks that wait to be settled.', 'buffered'),
            (6, 'tocsin_worker_buckets', 'gauge', 'Buckets that a checker holds.', 'buckets'),
            (7, 'tocsin_checks_skipped_total', 'counter', 'Checks left out because the one before still ran.', 'skipped_total'),
            (7.5, 'tocsin_settles_fenced_total', 'counter', 'Batches refused because another checker had taken over.', 'fenced_total'),
            (8, 'tocsin_messages_sent_total', 'counter', 'Messages that were delivered.', 'sent_total'),
            (9, 'tocsin_messages_failed_total', 'counter', 'Attempts that failed.', 'failed_total'),
            (9.1, 'tocsin_fleet_polls_failed_total', 'counter', 'Questions to agents that got no answer of use.', 'polls_failed_total'),
            (9.15, 'tocsin_fleet_poll_lag_seconds', 'gauge', 'The most that a host was asked later than planned, of late.', 'poll_lag_seconds'),
            (9.2, 'tocsin_fleet_answers_waiting', 'gauge', 'Answers of agents that wait to be settled.', 'answers_waiting'),
            (9.25, 'tocsin_fleet_answers_dropped_total', 'counter', 'Answers dropped because the database was away too long.', 'answers_dropped_total'),
            (9.3, 'tocsin_fleet_actions_done_total', 'counter', 'Actions that agents did.', 'actions_done_total'),
            (9.35, 'tocsin_fleet_actions_failed_total', 'counter', 'Actions that agents did not do.', 'actions_failed_total'),
            (9.4, 'tocsin_fleet_connects_total', 'counter', 'Connections made to agents.', 'connects_total'),
            (9.45, 'tocsin_fleet_streams', 'gauge', 'Log streams from agents to readers.', 'streams')
          ) as k (place, family, kind, help, key)
        union all
        select 9.5, 'tocsin_role_restarts_total', 'counter', 'Processes that died and were started again.',
               host || e.key, 0,
               format('tocsin_role_restarts_total{host="%s",role="%s"}', tocsin.label(host), tocsin.label(e.key)),
               e.value::text::numeric
          from w, jsonb_each(case jsonb_typeof(stats -> 'restarts') when 'object' then stats -> 'restarts' else '{}' end) as e
         where e.value::text ~ '^[0-9]{1,18}$'
        union all
        select 10, 'tocsin_settle_seconds', 'summary', 'How long settling a batch took.',
               labels, 0, format('tocsin_settle_seconds_%s{%s}', k.key, labels), tocsin.stat(stats, 'settle_seconds_' || k.key)
          from w, unnest(array['sum', 'count']) as k (key)
        union all
        select 10.5, 'tocsin_fleet_poll_seconds', 'summary', 'How long agents took to answer.',
               labels, 0, format('tocsin_fleet_poll_seconds_%s{%s}', k.key, labels), tocsin.stat(stats, 'poll_seconds_' || k.key)
          from w, unnest(array['sum', 'count']) as k (key)
        union all
        select 11, 'tocsin_check_lag_seconds', 'histogram', 'How much later than planned checks began.',
               labels, case e.key when 'inf' then 'infinity' else e.key::numeric end,
               format('tocsin_check_lag_seconds_bucket{%s,le="%s"}', labels,
                      case e.key when 'inf' then '+Inf' else trim_scale(e.key::numeric / 1000)::text end),
               e.value::numeric
          from w, jsonb_each_text(tocsin.lag_counts(stats)) as e
        union all
        select 11, 'tocsin_check_lag_seconds', 'histogram', 'How much later than planned checks began.',
               labels, 'nan', format('tocsin_check_lag_seconds_%s{%s}', k.part, labels), k.n
          from w, lateral (values ('sum', tocsin.stat(stats, 'lag_sum_s')),
                                  ('count', (tocsin.lag_counts(stats) ->> 'inf')::numeric)) as k (part, n)
    )
    select family, kind, help, sample, value::text
      from plain
     where value is not null
     order by place, labels, nr, sample
$$;
