-- What the functions about monitors share: who may see one, its JSON, its rules, and
-- the three changes of state that people make (pause, resume, delete).

-- Left without its own search_path on purpose: so it is inlined into the lists.
-- A status is shown only as long as it is measured; the daemon may be the one that is down.
create or replace function tocsin.shown_status(status smallint, checked timestamptz, interval_s integer)
returns smallint
language sql stable as $$
    select case when status between 1 and 3 and checked < now() - interval '1 s' * (2 * interval_s + 30)
                then 0::smallint else status end
$$;

-- The same rule for every list: one's own, and everything for who runs the place.
create or replace function tocsin.sees(who tocsin.account, owner bigint)
returns boolean
language sql immutable as $$
    select who.id = owner or who.role in ('operator', 'admin')
$$;

create or replace function tocsin.as_ms(us numeric)
returns numeric
language sql immutable as $$
    select round(us / 1000, 1)
$$;

-- Two objects as one, the members in their order.
create or replace function tocsin.json_join(a json, b json)
returns json
language sql immutable set search_path = '' as $$
    select (left(a::text, -1) || ', ' || substr(b::text, 2))::json
$$;

create or replace function tocsin.is_secret_header(name text)
returns boolean
language sql immutable set search_path = '' as $$
    select lower(name) in ('authorization', 'cookie', 'x-api-key', 'proxy-authorization')
        or name ~* '(token|secret|key)'
$$;

-- Headers as they may be shown: a secret's value is null.
create or replace function tocsin.shown_headers(headers jsonb)
returns jsonb
language sql immutable set search_path = '' as $$
    select coalesce(jsonb_object_agg(key, case when tocsin.is_secret_header(key) then null else value end), '{}')
      from jsonb_each(headers)
$$;

create or replace function tocsin.monitor_json(m tocsin.monitor, who tocsin.account)
returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    return (select json_build_object(
        'version', m.version, 'id', m.id, 'type', m.type, 'name', m.name, 'url', m.url,
        'method', m.method, 'headers', case when m.headers = '{}' then m.headers else tocsin.shown_headers(m.headers) end, 'body', m.body,
        'expect', m.expect, 'keyword', m.keyword, 'keyword_absent', m.keyword_absent,
        'interval', m.interval_s, 'timeout', m.timeout_s, 'retries', m.retries,
        'recheck', m.recheck_s, 'degraded_above', m.degraded_ms, 'redirects', m.redirects,
        'verify_tls', m.verify_tls, 'tags', m.tags, 'group', m.group_name,
        'channels', coalesce((select json_agg(c.channel order by c.channel)
                                from tocsin.monitor_channel c where c.monitor = m.id), '[]'),
        'paused', m.paused_at is not null, 'slug', m.slug, 'owner', m.owner,
        'owner_email', case when who.role in ('operator', 'admin')
                            then (select a.email from tocsin.account a where a.id = m.owner) end,
        'created_at', tocsin.ts(m.created_at),
        'status', tocsin.status_word(tocsin.shown_status(coalesce(s.status, 0::smallint), l.at, m.interval_s)),
        'since', tocsin.ts(coalesce(s.since, m.created_at)),
        'reason', (select r.name from tocsin.reason r where r.code = s.reason and r.code <> 0),
        'message', coalesce(s.message, ''), 'code', nullif(coalesce(l.code, s.code::smallint), 0),
        'checked_at', tocsin.ts(l.at), 'response_ms', tocsin.as_ms(case when m.type = 'http' then l.total_us else nullif(l.total_us, 0) end),
        'phases', case when l.at is not null and m.type = 'http' then json_build_object(
            'dns', tocsin.as_ms(l.phase_us[1]), 'connect', tocsin.as_ms(l.phase_us[2]),
            'tls', tocsin.as_ms(l.phase_us[3]), 'ttfb', tocsin.as_ms(l.phase_us[4]),
            'transfer', tocsin.as_ms(greatest(l.total_us - l.phase_us[1] - l.phase_us[2] - l.phase_us[3] - l.phase_us[4], 0))) end,
        'fails', coalesce(l.fails, 0), 'tls_not_after', tocsin.ts(l.tls_not_after),
        'next_check_at', case when m.paused_at is null and m.deleted_at is null
                              then tocsin.ts(l.at + interval '1 s' * m.interval_s) end,
        'incident', (select i.id from tocsin.incident i
                      where i.monitor = m.id and i.resolved_at is null order by i.auto desc, i.id desc limit 1),
        'up24', f.up24, 'up7', f.up7, 'up30', f.up30, 'up90', f.up90, 'bars24', f.bars24, 'deleted_at', tocsin.ts(m.deleted_at), 'deleted_by', m.deleted_by)
      from (select) one
      left join tocsin.monitor_state s on s.monitor = m.id
      left join lateral (select * from tocsin.monitor_latest x
                          where x.monitor = m.id order by x.at desc limit 1) l on true
      left join tocsin.monitor_figures f on f.monitor = m.id);
end $$;

-- ---------------------------------------------------------------- settings and their rules

-- The URL as it is kept: scheme and host in small letters, without a fragment (never sent).
create or replace function tocsin.kept_url(url text)
returns text
language sql immutable set search_path = '' as $$
    select lower(substring(u from '^[^:]*://[^/?]*')) || substring(u from '^[^:]*://[^/?]*(.*)$')
      from (select regexp_replace(btrim(kept_url.url), '#.*$', '') as u) one
$$;

-- Where it leads: scheme, host and port.
create or replace function tocsin.url_place(url text)
returns text
language sql immutable as $$
    select substring(url from '^[^:]*://[^/?]*')
$$;

-- The row with the given settings put in; what is not named stays. A header that is null
-- keeps the value that is stored under its name.
create or replace function tocsin.monitor_with(m tocsin.monitor, input jsonb)
returns tocsin.monitor
language plpgsql immutable set search_path = '' as $$
begin
    if input ? 'type' then m.type := input->>'type'; end if;
    if input ? 'url' then m.url := tocsin.kept_url(input->>'url'); end if;
    if input ? 'name' then m.name := btrim(coalesce(input->>'name', '')); end if;
    if m.name = '' or m.name is null then
        m.name := left(rtrim(substring(m.url from '^https?://([^?]*)'), '/'), 120);
    end if;
    if input ? 'method' then m.method := input->>'method'; end if;
    if input ? 'body' then m.body := coalesce(input->>'body', ''); end if;
    if input ? 'expect' then m.expect := replace(input->>'expect', ' ', ''); end if;
    if input ? 'keyword' then m.keyword := coalesce(input->>'keyword', ''); end if;
    if input ? 'keyword_absent' then m.keyword_absent := (input->>'keyword_absent')::boolean; end if;
    if input ? 'interval' then m.interval_s := (input->>'interval')::integer; end if;
    if input ? 'timeout' then m.timeout_s := (input->>'timeout')::integer; end if;
    if input ? 'retries' then m.retries := (input->>'retries')::smallint; end if;
    if input ? 'recheck' then m.recheck_s := (input->>'recheck')::integer; end if;
    if input ? 'degraded_above' then m.degraded_ms := (input->>'degraded_above')::integer; end if;
    if input ? 'redirects' then m.redirects := (input->>'redirects')::smallint; end if;
    if input ? 'verify_tls' then m.verify_tls := (input->>'verify_tls')::boolean; end if;
    if input ? 'group' then m.group_name := btrim(coalesce(input->>'group', '')); end if;
    if input ? 'tags' then
        m.tags := array(select btrim(t) from jsonb_array_elements_text(input->'tags') with ordinality x(t, n)
                         group by btrim(t) order by min(n));
    end if;
    if input ? 'headers' then
        m.headers := coalesce((select jsonb_object_agg(btrim(h.key), coalesce(nullif(h.value, 'null'), s.value, 'null'))
                                 from jsonb_each(nullif(input->'headers', 'null')) h
                                 left join jsonb_each(m.headers) s on lower(s.key) = lower(btrim(h.key))), '{}');
    end if;
    return m;
end $$;

-- The settings nobody has chosen yet.
create or replace function tocsin.monitor_new(owner bigint, input jsonb)
returns tocsin.monitor
language plpgsql volatile set search_path = '' as $$
declare
    m tocsin.monitor;
begin
    m.owner := monitor_new.owner;
    m.type := 'http';
    m.method := 'GET';
    m.headers := '{}';
    m.body := '';
    m.expect := '200-399';
    m.keyword := '';
    m.keyword_absent := false;
    m.interval_s := 60;
    m.retries := 1;
    m.redirects := 10;
    m.verify_tls := true;
    m.tags := '{}';
    m.group_name := '';
    m := tocsin.monitor_with(m, input);
    m.timeout_s := coalesce(m.timeout_s, least(10, m.interval_s));
    m.recheck_s := coalesce(m.recheck_s, least(5, m.interval_s));
    m.slug := gen_random_uuid();
    m.version := 1;
    m.created_at := now();
    m.paused_at := case when (input->>'paused')::boolean then now() end;
    return m;
end $$;

create or replace function tocsin.header_error(headers jsonb)
returns text
language sql immutable set search_path = '' as $$
    select coalesce(
        (select case
            when key !~ '^[!#$%&''*+.^_`|~0-9A-Za-z-]{1,100}$'
                then 'must have names of letters, digits and hyphens, not ' || left(key, 40)
            when lower(key) in ('connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization',
                                'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
                                'content-length', 'expect')
                then 'must not hold ' || key || ', which belongs to the connection'
            when value = 'null'
                then 'must have a value for ' || key || ', none is stored'
            when jsonb_typeof(value) <> 'string'
                then 'must hold strings only'
            when (value #>> '{}') ~ '[\x01-\x08\x0a-\x1f\x7f]'
                then 'must not hold control characters'
            when octet_length(value #>> '{}') > 4096
                then 'must hold values of at most 4096 bytes'
         end as rule
           from jsonb_each(headers)
          order by rule nulls last limit 1),
        (select 'must not hold ' || lower(key) || ' twice'
           from jsonb_object_keys(headers) key group by lower(key) having count(*) > 1 limit 1))
$$;

create or replace function tocsin.expect_error(expect text)
returns text
language plpgsql immutable set search_path = '' as $$
begin
    if expect !~ '^[1-5][0-9][0-9](-[1-5][0-9][0-9])?(,[1-5][0-9][0-9](-[1-5][0-9][0-9])?){0,19}$' then
        return 'must be status codes and ranges such as 200-399,401';
    end if;
    if exists (select from regexp_split_to_table(expect, ',') r
                where split_part(r, '-', 2) <> '' and split_part(r, '-', 2) < split_part(r, '-', 1)) then
        return 'has a range that ends before it begins';
    end if;
    return null;
end $$;

create or replace function tocsin.tags_error(tags text[])
returns text
language plpgsql immutable set search_path = '' as $$
begin
    if exists (select from unnest(tags) t where length(t) not between 1 and 40 or t ~ '[,\x01-\x1f\x7f]') then
        return 'must hold words of 1 to 40 characters, without commas';
    end if;
    return null;
end $$;

-- Which rules the settings break together: {field: rule}, null when none. What one field
-- may be alone, the modules have checked; the table's constraints stand behind both. One
-- expression, and helpers only where there is something to look at: thousands are checked
-- in one call.
create or replace function tocsin.monitor_errors(m tocsin.monitor)
returns jsonb
language plpgsql immutable set search_path = '' as $$
begin
    return nullif(jsonb_strip_nulls(jsonb_build_object(
        'url', case when m.url is null then 'is required'
                    when m.url !~ '^https?://[^/?@[:space:]]+([/?][^[:space:]]*)?$' then 'must be an http or https address'
                    when octet_length(m.url) > 2048 then 'must be at most 2048 bytes' end,
        'name', case when m.name ~ '[\x01-\x1f\x7f]' then 'must not have control characters' end,
        'group', case when length(m.group_name) > 80 then 'must have at most 80 characters' end,
        'timeout', case when m.timeout_s > m.interval_s
                        then 'must not be longer than the interval (' || m.interval_s || ' s)' end,
        'recheck', case when m.recheck_s > m.interval_s
                        then 'must not be longer than the interval (' || m.interval_s || ' s)' end,
        'degraded_above', case when m.degraded_ms >= m.timeout_s * 1000
                               then 'must be less than the timeout (' || m.timeout_s * 1000 || ' ms)' end,
        'keyword', case when m.keyword <> '' and m.method = 'HEAD' then 'cannot be looked for: a HEAD answer has no body'
                        when m.keyword_absent and m.keyword = '' then 'is required with keyword_absent' end,
        'body', case when m.body <> '' and m.method in ('GET', 'HEAD') then 'cannot be sent with ' || m.method end,
        'expect', case when m.expect <> '200-399' then tocsin.expect_error(m.expect) end,
        'tags', case when m.tags <> '{}' then tocsin.tags_error(m.tags) end,
        'headers', case when m.headers <> '{}' then tocsin.header_error(m.headers) end)), '{}');
end $$;

-- The channels of a monitor, set to these; refused when one is not its owner's.
create or replace function tocsin.monitor_channels(m bigint, owner bigint, channels jsonb)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    wanted bigint[] := array(select jsonb_array_elements_text(channels)::bigint);
    strange bigint;
begin
    select w into strange from unnest(wanted) w
     where not exists (select from tocsin.channel c where c.id = w and c.owner = monitor_channels.owner)
     limit 1;
    if found then
        perform tocsin.fail(422, 'A channel of the list is not the owner''s.', 'channels', 'there is no channel ' || strange);
    end if;
    delete from tocsin.monitor_channel c where c.monitor = m and c.channel <> all (wanted);
    insert into tocsin.monitor_channel (monitor, channel) select m, w from unnest(wanted) w on conflict do nothing;
end $$;

-- Who names no channels gets those that are his default.
create or replace function tocsin.monitor_default_channels(m bigint, owner bigint)
returns void
language sql volatile security definer set search_path = '' as $$
    insert into tocsin.monitor_channel (monitor, channel)
    select m, c.id from tocsin.channel c where c.owner = monitor_default_channels.owner and c.is_default
    on conflict do nothing
$$;

-- What audit keeps of the settings: no secret, no state.
create or replace function tocsin.monitor_audit(m tocsin.monitor)
returns jsonb
language plpgsql immutable set search_path = '' as $$
begin
    return jsonb_build_object('name', m.name, 'url', m.url, 'method', m.method, 'expect', m.expect,
        'headers', case when m.headers = '{}' then m.headers else tocsin.shown_headers(m.headers) end, 'body_bytes', octet_length(m.body),
        'keyword', m.keyword, 'keyword_absent', m.keyword_absent, 'interval', m.interval_s,
        'timeout', m.timeout_s, 'retries', m.retries, 'recheck', m.recheck_s,
        'degraded_above', m.degraded_ms, 'redirects', m.redirects, 'verify_tls', m.verify_tls,
        'tags', m.tags, 'group', m.group_name, 'paused', m.paused_at is not null);
end $$;

-- ---------------------------------------------------------------- changes by people

-- Put monitors into a state that no check decided: paused (5) or unknown (0). Their rows
-- of state are locked here in the order that settling locks them; a run of failures does
-- not go on over a pause. No whole tables: a session's plans may be as old as the first
-- monitors.
create or replace function tocsin.put_status(ids bigint[], status smallint, message text)
returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = off as $$
declare
    n constant integer := coalesce(cardinality(ids), 0);
begin
    if n = 0 then
        return;
    end if;
    insert into tocsin.monitor_state (monitor) select i from unnest(ids) i order by i on conflict do nothing;
    perform from tocsin.monitor_state s where s.monitor = any (ids) order by s.monitor for update;
    update tocsin.monitor_state s set down_mask = 0, degraded_mask = 0
     where s.monitor = any (ids) and (s.down_mask <> 0 or s.degraded_mask <> 0);
    perform tocsin.transit_all(ids, array_fill(put_status.status, array[n]), array_fill(now(), array[n]),
                               array_fill(0::smallint, array[n]), array_fill(0, array[n]),
                               array_fill(put_status.message, array[n]));
    update tocsin.monitor_latest l set fails = 0, fail_at = null where l.monitor = any (ids) and l.fails <> 0;
end $$;
