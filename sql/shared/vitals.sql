-- How the instance is, in one row: /metrics and the health page say the same.

-- A number in a worker's statistics; null when it says nothing of the kind.
create or replace function tocsin.stat(stats jsonb, key text) returns numeric
language sql immutable parallel safe set search_path = '' as $$
    select case jsonb_typeof(stats -> key) when 'number' then (stats ->> key)::numeric end
$$;

-- The counts of checks by lag in a worker's statistics; '{}' without.
create or replace function tocsin.lag_counts(stats jsonb) returns jsonb
language sql immutable parallel safe set search_path = '' as $$
    select coalesce(jsonb_object_agg(e.key, e.value), '{}')
      from jsonb_each(case jsonb_typeof(stats -> 'lag_le_ms')
                           when 'object' then stats -> 'lag_le_ms' else '{}' end) as e
     where e.key ~ '^([0-9]{1,9}|inf)$' and e.value::text ~ '^[0-9]{1,18}$'
$$;

-- The value below which the share q of the checks lies, in ms, from cumulative counts
-- {"10": 5, "100": 9, …, "inf": 9}; linear inside a step; null without checks.
create or replace function tocsin.lag_quantile(counts jsonb, q numeric) returns numeric
language sql immutable parallel safe set search_path = '' as $$
    with step as (
        select case key when 'inf' then null else key::numeric end as le, value::numeric as n
          from jsonb_each_text(counts)
    ), ranged as (
        select le, n, lag(le, 1, 0) over rising as from_ms, lag(n, 1, 0) over rising as before,
               max(n) over () as total
          from step window rising as (order by le nulls last)
    )
    select case when le is null then from_ms
                else round(from_ms + (le - from_ms) * (q * total - before) / (n - before), 1) end
      from ranged
     where total > 0 and n >= q * total and n > before
     order by le nulls last
     limit 1
$$;

create or replace function tocsin.vitals(out watched bigint, out by_status jsonb, out overdue bigint,
    out buckets bigint, out owned bigint, out oldest_s numeric, out unplaced bigint,
    out lag jsonb, out lag_p50_ms numeric, out lag_p95_ms numeric,
    out outbox bigint, out outbox_oldest_s numeric, out dead bigint,
    out incidents bigint, out database_bytes bigint, out connections bigint,
    out connections_max bigint, out stray_segments bigint, out stray_hours bigint,
    out migration integer)
language plpgsql stable security definer set search_path = '' as $$
begin
    select coalesce(sum(n), 0), coalesce(jsonb_object_agg(s.word, s.n), '{}')
      into watched, by_status
      from (select tocsin.status_word(st.status) as word, count(*) as n
              from tocsin.monitor m join tocsin.monitor_state st on st.monitor = m.id
             where m.deleted_at is null and m.type = 'http'
             group by st.status) as s;
    -- A check in time ends at most interval + timeout after the one before.
    select count(*) into overdue
      from tocsin.monitor m
     where m.type = 'http' and m.deleted_at is null and m.paused_at is null
       and not exists (select from tocsin.monitor_state st where st.monitor = m.id and st.halted)
       and m.created_at < now() - make_interval(secs => m.interval_s + m.timeout_s + 5)
       and not exists (select from tocsin.monitor_latest l
                        where l.monitor = m.id
                          and l.at > now() - make_interval(secs => m.interval_s + m.timeout_s + 5));
    select count(*), count(*) filter (where b.lease_until > now()),
           coalesce(extract(epoch from max(now() - coalesce(b.settled_at, now()))), 0)
      into buckets, owned, oldest_s
      from tocsin.bucket b;
    select count(*) into unplaced
      from tocsin.monitor m
     where m.bucket is null and m.type = 'http' and m.deleted_at is null;
    select coalesce(jsonb_object_agg(l.key, l.n), '{}') into lag
      from (select e.key, sum(e.value::numeric) as n
              from tocsin.worker w, jsonb_each_text(tocsin.lag_counts(w.stats)) as e
             group by e.key) as l;
    lag_p50_ms := tocsin.lag_quantile(lag, 0.5);
    lag_p95_ms := tocsin.lag_quantile(lag, 0.95);
    select count(*), coalesce(extract(epoch from max(now() - o.created_at)), 0)
      into outbox, outbox_oldest_s
      from tocsin.outbox o where o.state = 'pending';
    select count(*) into dead from tocsin.outbox o where o.state = 'dead';
    select count(*) into incidents from tocsin.incident i where i.resolved_at is null;
    database_bytes := pg_database_size(current_database());
    connections := (select sum(d.numbackends) from pg_stat_database d);
    connections_max := current_setting('max_connections')::bigint;
    stray_segments := (select count(*) from (select from tocsin.segment_default limit 1000) as s)
                    + (select count(*) from (select from tocsin.fleet_segment_default limit 1000) as s);
    stray_hours := (select count(*) from (select from tocsin.monitor_hour_default limit 1000) as s)
                 + (select count(*) from (select from tocsin.fleet_hour_default limit 1000) as s);
    migration := (select coalesce(max(m.number), 0) from tocsin.migration m);
end $$;
