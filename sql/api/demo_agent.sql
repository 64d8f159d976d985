-- What the agent of a host would answer, where all is made up: logs, env files, refs. `path`
-- is the agent's own ("/v1/apps/web/logs?limit=50"). Null: there is no such thing.
create or replace function api.demo_agent(host bigint, path text) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    part  constant text[] := regexp_match(path, '^/v1/apps/([a-z0-9._-]+)/([a-z]+)(/[^?]*)?(?:\?(.*))?$');
    query jsonb;
    a     tocsin.app;
begin
    if not tocsin.demo_on() or part is null then
        return null;
    end if;
    select * into a from tocsin.app x where x.host = demo_agent.host and x.key = part[1];
    if a.monitor is null then
        return null;
    end if;
    select coalesce(jsonb_object_agg(split_part(w, '=', 1), split_part(w, '=', 2)), '{}') into query
      from unnest(string_to_array(coalesce(part[4], ''), '&')) w where w <> '';
    return case part[2] when 'logs' then tocsin.demo_logs(a, query)
                        when 'refs' then tocsin.demo_refs(a)
                        when 'env' then tocsin.demo_env(a, coalesce(part[3], '')) end;
end $$;

-- A line each 1.7 s since ever: its number is its cursor.
create or replace function tocsin.demo_line(app bigint, n bigint) returns json
language sql stable set search_path = '' as $$
    select json_build_object('c', 'd' || n, 't', n * 1700, 'p', case when x.u > 0.985 then 3 when x.u > 0.95 then 4 else 6 end,
        's', case when x.u > 0.95 then 'stderr' else 'stdout' end, 'n', 900 + app * 31, 'cut', 0,
        'm', case when x.u > 0.985 then 'ERROR order ' || n % 90000 || ': the payment service answered 503, will try again'
                  when x.u > 0.95 then 'WARN slow query: select from orders took ' || 300 + (x.v * 900)::int || ' ms'
                  when x.u > 0.80 then json_build_object('level', 'info', 'msg', 'job done', 'job', 'mail', 'ms', 20 + (x.v * 80)::int)::text
                  else 'INFO ' || (array['GET', 'GET', 'GET', 'POST'])[1 + n % 4] || ' '
                       || (array['/', '/orders', '/cart', '/search?q=lamp', '/api/items/' || n % 400])[1 + (x.v * 4.99)::int % 5]
                       || ' 200 ' || 3 + (x.v * 140)::int || ' ms' end)
      from (select tocsin.demo_noise(app, n) as u, tocsin.demo_noise(app + 1, n) as v) x
$$;

create or replace function tocsin.demo_logs(a tocsin.app, query jsonb) returns json
language plpgsql stable set search_path = '' as $$
declare
    now_n constant bigint := floor(extract(epoch from clock_timestamp()) / 1.7);
    most  constant integer := least(coalesce(tocsin.j_int(to_jsonb((query->>'limit')::integer)), 200), 1000);
    back  constant boolean := coalesce(query->>'dir', '') = 'back';
    at    constant bigint := substring(query->>'cursor' from '^d([0-9]{1,12})$')::bigint;
    word  constant text := lower(replace(query->>'q', '%20', ' '));
    low   bigint := greatest(now_n - 40000, coalesce(ceil((query->>'since')::numeric / 1.7), 0)::bigint);
    high  bigint := least(now_n, coalesce(floor((query->>'until')::numeric / 1.7), now_n)::bigint);
    lines json[];
begin
    if query ? 'deploy' then
        return tocsin.demo_output(a, query->>'deploy', at);
    end if;
    if at is not null and back then
        high := least(high, at - 1);
    elsif at is not null then
        low := greatest(low, at + 1);
    end if;
    -- without filters only as many are made as are shown
    if word is null and query->>'level' is null and query->>'stream' is null then
        if at is null or back then low := greatest(low, high - most + 1); else high := least(high, low + most - 1); end if;
    end if;
    select array_agg(l order by n) into lines
      from (select l, n from generate_series(low, high) n
             cross join lateral tocsin.demo_line(a.monitor, n) l
             where (word is null or position(word in lower(l->>'m')) > 0)
               and (query->>'level' is null or (l->>'p')::integer <= (query->>'level')::integer)
               and (query->>'stream' is null or l->>'s' = query->>'stream')
             order by case when at is null or back then -n else n end limit most) x;
    return json_build_object('lines', to_json(coalesce(lines, '{}')),
        'next', coalesce(lines[cardinality(lines)]->>'c', query->>'cursor', 'd' || now_n), 'prev', coalesce(lines[1]->>'c', 'd' || low),
        'more', coalesce(cardinality(lines), 0) = most, 'scanned', greatest(high - low + 1, 0));
end $$;

-- What a deploy printed.
create or replace function tocsin.demo_output(a tocsin.app, deploy text, after bigint) returns json
language sql stable set search_path = '' as $$
    select json_build_object('lines', coalesce(json_agg(json_build_object(
               'c', 'd' || l.n, 't', (extract(epoch from x.started_at) * 1000)::bigint + l.n * 4000, 'p', 6,
               's', 'stdout', 'n', 1, 'cut', 0, 'm', l.line) order by l.n) filter (where l.n > coalesce(after, 0)), '[]'),
               'next', 'd' || coalesce(max(l.n), 0), 'prev', 'd1', 'more', false, 'scanned', count(*))
      from tocsin.app_action x
     cross join lateral string_to_table(x.output, e'\n') with ordinality l (line, n)
     where x.app = a.monitor and x.uuid::text = deploy
$$;

create or replace function tocsin.demo_refs(a tocsin.app) returns json
language sql stable set search_path = '' as $$
    select json_build_object('head', a.facts->>'commit', 'branch', 'main', 'allowed', 'main release/*', 'ahead', 2,
        'refs', json_build_array(
            json_build_object('name', 'main', 'sha', md5(a.key) || '89abcdef', 'at', extract(epoch from now() - interval '3 hours')::bigint, 'subject', 'Prices are rounded once'),
            json_build_object('name', 'release/2.4', 'sha', md5(a.key || 2) || '89abcdef', 'at', extract(epoch from now() - interval '9 days')::bigint, 'subject', 'Release 2.4')))
$$;

-- Values that would be secret are not there at all, not even masked ones that could be shown.
create or replace function tocsin.demo_env(a tocsin.app, rest text) returns json
language plpgsql stable set search_path = '' as $$
declare
    mask constant text := repeat('•', 8);
    text constant text := e'# ' || a.title || e'\nNODE_ENV=production\nPORT=8080\n\n# where orders are kept\nDATABASE_URL=' || mask
                          || e'\nSESSION_SECRET=' || mask || e'\nexport CACHE_TTL="15 min"\nMAIL_FROM=shop@example.org\n';
begin
    if not a.facts->'env' ? 'main' then
        return case when rest = '' then '{"files": []}'::json end;
    end if;
    return case rest
        when '' then json_build_object('files', json_build_array(json_build_object('key', 'main', 'path', '/srv/' || a.key || '/.env',
            'size', length(text), 'mtime', extract(epoch from now() - interval '6 days')::bigint, 'etag', 'demo', 'exists', true, 'writable', true)))
        when '/main' then json_build_object('etag', 'demo', 'lines', 9, 'text', text, 'problems', '[]'::json,
            'entries', (select json_agg(json_build_object('key', k, 'value', v, 'masked', v is null, 'line', l, 'export', k = 'CACHE_TTL',
                                                          'quote', case when k = 'CACHE_TTL' then '"' else '' end) order by l)
                          from (values ('NODE_ENV', 'production', 2), ('PORT', '8080', 3), ('DATABASE_URL', null, 6),
                                       ('SESSION_SECRET', null, 7), ('CACHE_TTL', '15 min', 8), ('MAIL_FROM', 'shop@example.org', 9)) e (k, v, l)))
        when '/main/backups' then json_build_object('backups', '[]'::json, 'items', '[]'::json) end;
end $$;
