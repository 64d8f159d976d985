-- What a monitor has been through: single checks, a chart's points, uptime, days,
-- incidents, messages. A deleted monitor's history can be read as long as it is kept.

create or replace function tocsin.monitor_seen(who tocsin.account, id bigint)
returns tocsin.monitor
language sql stable security definer set search_path = '' as $$
    select m from tocsin.monitor m where m.id = monitor_seen.id and tocsin.sees(who, m.owner)
$$;

-- ---------------------------------------------------------------- single checks

-- The cursor is the time of the last check that was given out, in microseconds.
-- History is read in windows that grow until the page is full: the newest page of a busy
-- monitor costs an hour, the failed checks of one that never fails cost all that is kept.
create or replace function api.monitor_checks(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.monitor_seen(tocsin.caller(caller, 'viewer'), id);
    most constant integer := coalesce((input->>'limit')::integer, 50);
    only_failed constant boolean := coalesce(input->>'only' = 'failed', false);
    only_changed constant boolean := coalesce(input->>'only' = 'changed', false);
    upper timestamptz := clock_timestamp() + interval '1 s';
    lower timestamptz;
    edge interval;
    width interval;
    items json[] := '{}';
    times bigint[] := '{}';
    found_items json[];
    found_times bigint[];
begin
    if m.id is null then
        return null;
    end if;
    if input ? 'after' then
        if input->>'after' !~ '^[0-9]{1,16}$' then
            perform tocsin.fail(422, 'The cursor is not one of ours.', 'after', 'must be `next` of a page');
        end if;
        upper := 'epoch'::timestamptz + interval '1 us' * (input->>'after')::bigint;
    end if;
    edge := interval '1 s' * (3 * m.interval_s + 60);
    width := interval '1 s' * greatest(3600, 2 * m.interval_s * (most + 1));
    while cardinality(items) <= most and upper > m.created_at loop
        lower := greatest(upper - width, m.created_at);
        -- the edge: what the oldest check of the window is compared with
        select array_agg(x.item order by x.at desc), array_agg(x.us order by x.at desc)
          into found_items, found_times
          from (select c.at, (extract(epoch from c.at) * 1000000)::bigint as us,
                       tocsin.check_json(c.at, c.region, c.status, c.reason, c.code, c.total_us, c.dns_us,
                                         c.connect_us, c.tls_us, c.ttfb_us) as item
                  from (select y.*, lead(y.status) over (partition by y.region order by y.at desc) as before
                          from tocsin.checks(m.id, case when only_changed then lower - edge else lower end, upper) y) c
                 where c.at >= lower
                   and (not only_failed or c.status = 3)
                   and (not only_changed or c.before is distinct from c.status)
                 order by c.at desc
                 limit most + 1 - cardinality(items)) x;
        items := items || coalesce(found_items, '{}');
        times := times || coalesce(found_times, '{}');
        upper := lower;
        width := width * 4;
    end loop;
    return json_build_object('items', to_json(items[1:most]),
                             'next', case when cardinality(items) > most then times[most]::text end);
end $$;

create or replace function tocsin.check_json(at timestamptz, region smallint, status smallint, reason smallint,
                                             code smallint, total_us integer, dns_us integer,
                                             connect_us integer, tls_us integer, ttfb_us integer)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    return json_build_object(
        'at', tocsin.ts(at), 'status', tocsin.status_word(status),
        'reason', case when reason <> 0 then tocsin.reason_word(reason) end,
        'message', case when reason = 13 then tocsin.reason_text(reason) || ' (' || code || ')'
                        when reason <> 0 then tocsin.reason_text(reason) else '' end,
        'code', nullif(code, 0), 'ms', tocsin.as_ms(total_us),
        'phases', json_build_object(
            'dns', tocsin.as_ms(dns_us), 'connect', tocsin.as_ms(connect_us), 'tls', tocsin.as_ms(tls_us),
            'ttfb', tocsin.as_ms(ttfb_us),
            'transfer', tocsin.as_ms(greatest(total_us - dns_us - connect_us - tls_us - ttfb_us, 0))),
        'region', (select r.name from tocsin.region r where r.id = check_json.region));
end $$;

-- ---------------------------------------------------------------- a chart

-- Points of single checks, `step` seconds wide. Failed checks count in n and down, not in
-- the times. Where nothing was measured for longer than two intervals there is one empty
-- point, so that no line is drawn across.
create or replace function tocsin.series_checks(m tocsin.monitor, "from" timestamptz, "to" timestamptz,
                                                step integer, pct boolean)
returns json
language sql stable security definer set search_path = '' as $$
    with cell as (
        select (floor(date_part('epoch', c.at) / step) * step)::bigint as t,
               count(*) as n, count(*) filter (where c.status = 3) as down,
               avg(c.total_us) filter (where c.status <> 3) as total,
               min(c.total_us) filter (where c.status <> 3) as min,
               max(c.total_us) filter (where c.status <> 3) as max,
               avg(c.dns_us) filter (where c.status <> 3) as dns,
               avg(c.connect_us) filter (where c.status <> 3) as connect,
               avg(c.tls_us) filter (where c.status <> 3) as tls,
               avg(c.ttfb_us) filter (where c.status <> 3) as ttfb,
               case when pct then percentile_disc(array[0.5, 0.95, 0.99]) within group (order by c.total_us)
                                  filter (where c.status <> 3) end as p
          from tocsin.checks(m.id, "from", "to") c
         group by 1
    ), point as (
        select * from cell
        union all
        select t + step, 0, 0, null, null, null, null, null, null, null, null
          from (select t, lead(t) over (order by t) as next from cell) x
         where next - t > greatest(2 * step - 1, 2 * m.interval_s + 30 + step)
    )
    select case when pct then json_build_object(
        't', coalesce(array_agg(t order by t), '{}'), 'n', coalesce(array_agg(n order by t), '{}'),
        'down', coalesce(array_agg(down order by t), '{}'),
        'total', coalesce(array_agg(tocsin.as_ms(total) order by t), '{}'),
        'min', coalesce(array_agg(tocsin.as_ms(min) order by t), '{}'),
        'max', coalesce(array_agg(tocsin.as_ms(max) order by t), '{}'),
        'p50', coalesce(array_agg(tocsin.as_ms(p[1]) order by t), '{}'),
        'p95', coalesce(array_agg(tocsin.as_ms(p[2]) order by t), '{}'),
        'p99', coalesce(array_agg(tocsin.as_ms(p[3]) order by t), '{}'))
    else json_build_object(
        't', coalesce(array_agg(t order by t), '{}'), 'n', coalesce(array_agg(n order by t), '{}'),
        'down', coalesce(array_agg(down order by t), '{}'),
        'total', coalesce(array_agg(tocsin.as_ms(total) order by t), '{}'),
        'min', coalesce(array_agg(tocsin.as_ms(min) order by t), '{}'),
        'max', coalesce(array_agg(tocsin.as_ms(max) order by t), '{}'),
        'dns', coalesce(array_agg(tocsin.as_ms(dns) order by t), '{}'),
        'connect', coalesce(array_agg(tocsin.as_ms(connect) order by t), '{}'),
        'tls', coalesce(array_agg(tocsin.as_ms(tls) order by t), '{}'),
        'ttfb', coalesce(array_agg(tocsin.as_ms(ttfb) order by t), '{}'),
        'transfer', coalesce(array_agg(tocsin.as_ms(greatest(total - dns - connect - tls - ttfb, 0)) order by t), '{}'))
    end from point
$$;

-- Points of packed days, for spans that single checks are not kept for or would be too
-- many. Days have percentiles by their histograms, and no phases.
create or replace function tocsin.series_days(m tocsin.monitor, "from" timestamptz, "to" timestamptz)
returns json
language sql stable security definer set search_path = '' as $$
    with point as (
        select date_part('epoch', g)::bigint as t, coalesce(d.checks, 0) as n, coalesce(d.failed, 0) as down,
               d.sum_us::numeric / nullif(d.checks - d.failed, 0) as total, d.min_us as min, d.max_us as max,
               nullif(d.hist, '{}') as hist
          from generate_series(date_trunc('day', greatest("from", m.created_at), 'UTC'), "to", interval '1 day') g
          left join tocsin.monitor_day d on d.monitor = m.id and d.day = (g at time zone 'UTC')::date
    )
    select json_build_object(
        't', coalesce(array_agg(t order by t), '{}'), 'n', coalesce(array_agg(n order by t), '{}'),
        'down', coalesce(array_agg(down order by t), '{}'),
        'total', coalesce(array_agg(tocsin.as_ms(total) order by t), '{}'),
        'min', coalesce(array_agg(tocsin.as_ms(min) order by t), '{}'),
        'max', coalesce(array_agg(tocsin.as_ms(max) order by t), '{}'),
        'p50', coalesce(array_agg(tocsin.hist_percentile(hist, 0.5) order by t), '{}'),
        'p95', coalesce(array_agg(tocsin.hist_percentile(hist, 0.95) order by t), '{}'),
        'p99', coalesce(array_agg(tocsin.hist_percentile(hist, 0.99) order by t), '{}'))
      from point
$$;

create or replace function api.monitor_series(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.monitor_seen(tocsin.caller(caller, 'viewer'), id);
    till constant timestamptz := coalesce((input->>'to')::timestamptz, now());
    since constant timestamptz := coalesce((input->>'from')::timestamptz, till - interval '1 day');
    points constant integer := coalesce((input->>'points')::integer, 500);
    span constant double precision := date_part('epoch', till - since);
    days constant boolean := span > 31 * 86400;
    pct constant boolean := coalesce(input->>'fields' = 'pct', false);
    step integer;
begin
    if m.id is null then
        return null;
    end if;
    if since >= till then
        perform tocsin.fail(422, 'The span ends before it begins.', 'from', 'must be before `to`');
    end if;
    if span > 800 * 86400 then
        perform tocsin.fail(422, 'The span is too long.', 'from', 'must be at most 800 days before `to`');
    end if;
    step := case when days then 86400 else greatest(m.interval_s, ceil(span / (points - 1)))::integer end;
    return tocsin.json_join(json_build_object(
        'from', tocsin.ts(since), 'to', tocsin.ts(till), 'step_s', step,
        'fields', case when pct or days then 'pct' else 'phases' end),
        case when days then tocsin.series_days(m, since, till)
                        else tocsin.series_checks(m, since, till, step, pct) end);
end $$;

-- ---------------------------------------------------------------- uptime

create or replace function tocsin.uptime_json(m bigint, "from" timestamptz, "to" timestamptz)
returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'up_s', s.up_s, 'degraded_s', s.degraded_s, 'down_s', s.down_s, 'maintenance_s', s.maintenance_s,
        'unknown_s', s.unknown_s, 'paused_s', s.paused_s,
        'percent', tocsin.percent(s.up_s, s.degraded_s, s.down_s), 'incidents', i.n,
        'mttr_s', i.mttr_s,
        'mtbf_s', case when i.n > 0 then (s.up_s + s.degraded_s) / i.n end)
      from tocsin.status_seconds(m, "from", "to") s,
           (select count(*) as n, floor(avg(date_part('epoch', x.resolved_at - x.started_at)))::bigint as mttr_s
              from tocsin.incident x
             where x.monitor = m and x.auto and x.started_at >= "from" and x.started_at < "to") i
$$;

create or replace function api.monitor_uptime(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.monitor_seen(tocsin.caller(caller, 'viewer'), id);
    windows constant text[] := string_to_array(coalesce(input->>'windows', '24h,7d,30d,90d'), ',');
begin
    if m.id is null then
        return null;
    end if;
    if exists (select from unnest(windows) w where w !~ '^[1-9][0-9]{0,3}[hd]$') or cardinality(windows) > 8
       or exists (select from unnest(windows) w
                   where case when w like '%d' then 24 else 1 end * rtrim(w, 'hd')::integer > 800 * 24) then
        perform tocsin.fail(422, 'A window is not one.', 'windows',
                            'must be up to 8 spans such as 24h or 30d, of at most 800 days');
    end if;
    return json_build_object('windows', (
        select json_object_agg(w, tocsin.uptime_json(
                   m.id, now() - case when w like '%d' then interval '1 day' else interval '1 hour' end
                                 * rtrim(w, 'hd')::integer, now()))
          from unnest(windows) w));
end $$;

-- Days, oldest first. Days that are over come packed; those that are not packed yet (today
-- always) are counted from the transitions.
create or replace function api.monitor_daily(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.monitor_seen(tocsin.caller(caller, 'viewer'), id);
    today constant date := (now() at time zone 'UTC')::date;
    days constant integer := coalesce((input->>'days')::integer, 90);
begin
    if m.id is null then
        return null;
    end if;
    return json_build_object('items', (
        select json_agg(json_build_object(
                   'day', x.day, 'up_s', x.up_s, 'degraded_s', x.degraded_s, 'down_s', x.down_s,
                   'maintenance_s', x.maintenance_s, 'unknown_s', x.unknown_s, 'paused_s', x.paused_s,
                   'percent', tocsin.percent(x.up_s, x.degraded_s, x.down_s),
                   'checks', x.checks, 'failed', x.failed, 'ms', x.ms,
                   'p50', tocsin.hist_percentile(x.hist, 0.5), 'p95', tocsin.hist_percentile(x.hist, 0.95),
                   'p99', tocsin.hist_percentile(x.hist, 0.99), 'incidents', coalesce(i.n, 0)) order by x.day)
          from (select today - n as day, coalesce(d.up_s, s.up_s) as up_s,
                       coalesce(d.degraded_s, s.degraded_s) as degraded_s, coalesce(d.down_s, s.down_s) as down_s,
                       coalesce(d.maintenance_s, s.maintenance_s) as maintenance_s,
                       coalesce(d.unknown_s, s.unknown_s) as unknown_s, coalesce(d.paused_s, s.paused_s) as paused_s,
                       d.checks, d.failed, nullif(d.hist, '{}') as hist,
                       tocsin.as_ms(d.sum_us::numeric / nullif(d.checks - d.failed, 0)) as ms
                  from generate_series(0, days - 1) n
                  left join tocsin.monitor_day d on d.monitor = m.id and d.day = today - n and n > 0
                  left join lateral tocsin.status_seconds(
                      m.id, (today - n)::timestamp at time zone 'UTC', (today - n + 1)::timestamp at time zone 'UTC') s
                      on d.day is null and today - n >= (m.created_at at time zone 'UTC')::date) x
          left join (select (y.started_at at time zone 'UTC')::date as day, count(*) as n
                       from tocsin.incident y
                      where y.monitor = m.id and y.started_at >= (today - days)::timestamp at time zone 'UTC'
                      group by 1) i on i.day = x.day), 'next', null);
end $$;

-- ---------------------------------------------------------------- incidents, messages

create or replace function api.monitor_incidents(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    m tocsin.monitor := tocsin.monitor_seen(who, id);
begin
    if m.id is null then
        return null;
    end if;
    return tocsin.incident_page(who, input || jsonb_build_object('monitor', m.id));
end $$;

create or replace function api.monitor_notifications(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    m tocsin.monitor := tocsin.monitor_seen(tocsin.caller(caller, 'viewer'), id);
    most constant integer := coalesce((input->>'limit')::integer, 50);
begin
    if m.id is null then
        return null;
    end if;
    return (select json_build_object(
                'items', coalesce(json_agg(x.item order by x.id desc) filter (where x.n <= most), '[]'),
                'next', case when count(*) > most then (min(x.id) filter (where x.n <= most))::text end)
              from (select o.id, row_number() over (order by o.id desc) as n,
                           json_build_object(
                               'id', o.id, 'at', tocsin.ts(o.created_at), 'event', o.event, 'state', o.state,
                               'channel', json_build_object('id', c.id, 'name', c.name, 'type', c.type),
                               'incident', o.incident, 'status', o.body->>'status', 'previous', o.body->>'previous',
                               'attempts', o.attempts, 'recipient', d.recipient, 'code', d.code,
                               'duration_ms', d.duration_ms, 'error', coalesce(o.error, d.error),
                               'sent_at', case when d.ok then tocsin.ts(d.at) end,
                               'next_at', case when o.state = 'pending' then tocsin.ts(o.next_at) end) as item
                      from tocsin.outbox o
                      left join tocsin.channel c on c.id = o.channel
                      left join lateral (select * from tocsin.delivery y
                                          where y.outbox = o.id order by y.id desc limit 1) d on true
                     where o.monitor = m.id
                       and (input->>'after' is null or o.id < (input->>'after')::bigint)
                     order by o.id desc limit most + 1) x);
end $$;
