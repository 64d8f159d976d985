-- Enrolment: one-time tokens that make a machine a host.
--
-- A token is tce_ID.SECRET.PIN. SECRET is 32 random bytes and is shown once: kept is its
-- SHA-256, which both sides prove to know without sending it. PIN is that of the authority
-- that signs hosts' certificates: the agent trusts no other.

create or replace function tocsin.enrolment_state(e tocsin.enrolment) returns text
language sql stable as $$
    select case when e.used_at is not null then 'used' when e.revoked_at is not null then 'revoked'
                when e.expires_at <= now() then 'expired' else 'open' end
$$;

create or replace function tocsin.enrolment_json(e tocsin.enrolment) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'id', e.id, 'token_id', e.token, 'state', tocsin.enrolment_state(e), 'name', e.name, 'labels', e.labels,
        'host', e.result, 'host_name', (select m.name from tocsin.monitor m where m.id = coalesce(e.result, e.host)),
        'again', e.host, 'used', e.used_at is not null, 'used_at', tocsin.ts(e.used_at), 'used_from', host(e.used_from),
        'trusted', exists (select from tocsin.host h where h.monitor = e.result and h.pin is not null),
        'seen', exists (select from tocsin.fleet_latest l where l.monitor = e.result and l.at > e.used_at),
        'owner', e.owner, 'created_by', e.created_by, 'created_at', tocsin.ts(e.created_at),
        'expires_at', tocsin.ts(e.expires_at), 'revoked_at', tocsin.ts(e.revoked_at))
$$;

create or replace function api.enrolment_list(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'operator');
    most constant integer := coalesce((input->>'limit')::integer, 50);
    page tocsin.enrolment[];
begin
    page := array(select e from tocsin.enrolment e
                   where input->>'after' is null or e.id < (input->>'after')::bigint
                   order by e.id desc limit most + 1);
    return json_build_object(
        'items', coalesce((select json_agg(tocsin.enrolment_json(page[n]) order by n)
                             from generate_series(1, least(most, cardinality(page))) n), '[]'),
        'next', case when cardinality(page) > most then (page[most]).id::text end);
end $$;

create or replace function api.enrolment_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
begin
    perform tocsin.caller(caller, 'operator');
    return (select tocsin.enrolment_json(e) from tocsin.enrolment e where e.id = enrolment_read.id);
end $$;

-- Random bytes of PostgreSQL itself, as an address may hold them: 3 uuids have 366 random bits.
create or replace function tocsin.token_secret() returns text
language sql volatile security definer set search_path = '' as $$
    select rtrim(translate(encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text,
                                                    'UTF8')), 'base64'), '+/', '-_'), '=')
$$;

-- input: name, labels, ttl_s, host (an existing one, to be enrolled anew: it keeps its history
-- and gets another key). Answers with the token and the line to run; @url is the address of this Tocsin.
create or replace function api.enrolment_create(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'operator');
    pin    constant text := (select s.value #>> '{}' from tocsin.setting s where s.key = 'fleet_pin');
    secret constant text := tocsin.token_secret();
    called constant text := btrim(coalesce(input->>'name', ''));
    ttl    constant integer := coalesce((input->>'ttl_s')::integer, 3600);
    labels text[] := array(select btrim(l) from jsonb_array_elements_text(tocsin.j_list(input->'labels')) with ordinality y (l, n)
                            group by btrim(l) order by min(n));
    again  tocsin.monitor;
    errors jsonb;
    token  text;
    e      tocsin.enrolment;
begin
    if pin is null then
        raise exception using errcode = 'PT503', message = 'There is no fleet yet: run `tocsin fleet init` on the host of tocsind and restart it.';
    end if;
    if input->>'host' is not null then
        again := tocsin.fleet_of(who, (input->>'host')::bigint, 'host', 3);
        if again.id is null then
            perform tocsin.fail(422, 'There is no such host.', 'host', 'does not exist');
        end if;
    end if;
    errors := nullif(jsonb_strip_nulls(jsonb_build_object(
        'name', case when length(called) > 100 then 'must have at most 100 characters'
                     when called ~ '[\x01-\x1f\x7f]' then 'must not have control characters' end,
        'labels', tocsin.tags_error(labels),
        'ttl_s', case when ttl not between 60 and 86400 then 'must be between 60 and 86400' end)), '{}');
    if errors is not null then
        raise exception using errcode = 'PT422', message = 'The token cannot be so.', detail = jsonb_build_object('errors', errors)::text;
    end if;
    if (select count(*) >= 100 from tocsin.enrolment x where x.used_at is null and x.revoked_at is null and x.expires_at > now()) then
        perform tocsin.fail(409, 'There are 100 open tokens; revoke some first.');
    end if;
    insert into tocsin.enrolment (token, key, owner, host, name, labels, created_by, expires_at)
    values (left(replace(gen_random_uuid()::text, '-', ''), 12), sha256(convert_to(secret, 'UTF8')), coalesce(again.owner, who.id),
            again.id, called, labels, who.email, now() + make_interval(secs => ttl))
    returning * into e;
    token := 'tce_' || e.token || '.' || secret || '.' || pin;
    perform tocsin.audit(who.id, input, 'enrolment.create', 'enrolment', e.id::text, null,
        jsonb_build_object('name', e.name, 'labels', e.labels, 'host', e.host, 'expires_at', tocsin.ts(e.expires_at)));
    return tocsin.json_join(tocsin.enrolment_json(e), json_build_object(
        'token', token,
        'command', 'curl -fsSL ' || coalesce(nullif(input->>'@url', ''), 'https://TOCSIN') || '/agent/install.sh | sudo sh -s -- --url '
                   || coalesce(nullif(input->>'@url', ''), 'https://TOCSIN') || ' --token ' || token));
end $$;

-- Revoked: it opens nothing any more. One that was used stays in the list as it is.
create or replace function api.enrolment_delete(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'operator');
    e   tocsin.enrolment;
begin
    select * into e from tocsin.enrolment x where x.id = enrolment_delete.id for update;
    if e.id is null then
        return null;
    end if;
    if e.used_at is not null then
        perform tocsin.fail(409, 'The token was used: delete the host instead.');
    end if;
    update tocsin.enrolment x set revoked_at = coalesce(x.revoked_at, now()) where x.id = e.id;
    perform tocsin.audit(who.id, input, 'enrolment.revoke', 'enrolment', e.id::text, jsonb_build_object('name', e.name), null);
    return json_build_object('id', e.id);
end $$;
