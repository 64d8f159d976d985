-- People ask a status page to tell them, say that it was they, choose, and leave; the page's
-- owner sees who they are. What the public is answered never says whether an address is known.

-- What a page of ours about a subscription shows.
create or replace function tocsin.subscription_json(s tocsin.subscriber, p tocsin.page, base text) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'page', json_build_object('title', p.title, 'lang', p.lang, 'address', tocsin.page_address(p, base)),
        'type', s.type, 'address', s.address, 'confirmed', s.confirm is null,
        'token', case when s.confirm is null then s.unsubscribe end,
        'components', coalesce((select json_agg(json_build_object(
                'id', c.id, 'name', c.name, 'section', c.section,
                'chosen', s.components is null or c.id = any (s.components)) order by c.position)
            from tocsin.component c where c.page = p.id), '[]'))
$$;

-- Components of the page, as {ids}; all of them are null. Others are refused.
create or replace function tocsin.subscriber_components(p tocsin.page, wanted jsonb) returns bigint[]
language plpgsql stable security definer set search_path = '' as $$
declare
    ids bigint[];
begin
    if jsonb_typeof(wanted) is distinct from 'array' or jsonb_array_length(wanted) = 0 then
        return null;
    end if;
    ids := array(select distinct x::bigint from jsonb_array_elements_text(wanted) x order by 1);
    if exists (select from unnest(ids) x
                where not exists (select from tocsin.component c where c.id = x and c.page = p.id)) then
        perform tocsin.fail(422, 'The page has no such component.', 'components', 'must be components of the page');
    end if;
    if not exists (select from tocsin.component c where c.page = p.id and c.id <> all (ids)) then
        return null; -- those to come as well
    end if;
    return ids;
end $$;

-- May strangers ask? A page that not everybody reads tells nobody whom its owner did not name.
create or replace function tocsin.subscriber_welcome(p tocsin.page, address inet) returns boolean
language sql stable set search_path = '' as $$
    select p.enabled and p.subscribe
       and (p.access = 'public'
            or p.access = 'address' and exists (select from unnest(p.allow) a where subscriber_welcome.address <<= a))
$$;

create or replace function api.subscribe(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    p      tocsin.page;
    chosen bigint[];
    said   text := btrim(input->>'address');
    kind   text := coalesce(input->>'type', 'email');
begin
    select * into p from tocsin.page x where x.slug = lower(input->>'key');
    if p.id is null or not tocsin.subscriber_welcome(p, (input->'@'->>'address')::inet) then
        return null;
    end if;
    if kind = 'email' then
        said := lower(said);
        if not tocsin.is_address(said) or octet_length(said) < 3 then
            perform tocsin.fail(422, 'This is no e-mail address.', 'address', 'must be an e-mail address');
        end if;
    end if;
    chosen := tocsin.subscriber_components(p, input->'components');
    -- who did not answer within two days did not mean it
    delete from tocsin.subscriber s
     where s.page = p.id and s.confirm is not null and s.confirmed_at is null
       and s.mailed_at < now() - interval '48 hours';
    if (select count(*) from tocsin.subscriber s where s.page = p.id and s.confirm is not null) >= 1000
       or (select count(*) from tocsin.subscriber s where s.page = p.id) >= 20000 then
        perform tocsin.fail(429, 'Too many people ask at once. Try again later.');
    end if;
    perform tocsin.subscriber_ask(p, kind, said, chosen);
    return json_build_object('state', 'asked', 'page', json_build_object(
        'title', p.title, 'lang', p.lang, 'address', tocsin.page_address(p, input->>'@url')));
end $$;

-- The subscriber whose confirmation this is, while it holds.
create or replace function tocsin.subscriber_asked(token text) returns tocsin.subscriber
language sql stable security definer set search_path = '' as $$
    select s from tocsin.subscriber s
     where s.confirm = tocsin.subscriber_hash(token) and s.mailed_at > now() - interval '48 hours'
$$;

create or replace function api.subscription_asked(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    s tocsin.subscriber := tocsin.subscriber_asked(input->>'key');
begin
    return (select tocsin.subscription_json(s, p, input->>'@url') from tocsin.page p where p.id = s.page);
end $$;

create or replace function api.subscription_confirm(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    s tocsin.subscriber := tocsin.subscriber_asked(input->>'key');
begin
    if s.id is null then
        return null;
    end if;
    s := tocsin.subscriber_confirmed(s);
    return (select tocsin.subscription_json(s, p, input->>'@url') from tocsin.page p where p.id = s.page);
end $$;

create or replace function api.subscription_read(caller bigint, id bigint, input jsonb) returns json
language sql stable security definer set search_path = '' as $$
    select tocsin.subscription_json(s, p, input->>'@url')
      from tocsin.subscriber s join tocsin.page p on p.id = s.page
     where s.unsubscribe = input->>'key'
$$;

-- {"do": "unsubscribe"}, or the components that one wants to hear of.
create or replace function api.subscription_update(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    s tocsin.subscriber;
    p tocsin.page;
begin
    select * into s from tocsin.subscriber x where x.unsubscribe = input->>'key' for update;
    if s.id is null then
        return null;
    end if;
    select * into p from tocsin.page x where x.id = s.page;
    if input->>'do' = 'unsubscribe' then
        delete from tocsin.subscriber x where x.id = s.id;
        return json_build_object('state', 'unsubscribed', 'page', json_build_object(
            'title', p.title, 'lang', p.lang, 'address', tocsin.page_address(p, input->>'@url')));
    end if;
    update tocsin.subscriber x set components = tocsin.subscriber_components(p, input->'components')
     where x.id = s.id returning * into s;
    return tocsin.subscription_json(s, p, input->>'@url');
end $$;

-- ---------------------------------------------------------------- for the page's owner

create or replace function tocsin.subscriber_json(s tocsin.subscriber) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object('id', s.id, 'type', s.type, 'address', s.address, 'components', s.components,
        'state', case when s.disabled_at is not null then 'disabled'
                      when tocsin.subscriber_holds(s) then 'confirmed' else 'asked' end,
        'created_at', tocsin.ts(s.created_at), 'confirmed_at', tocsin.ts(s.confirmed_at),
        'failures', s.failures, 'disabled_at', tocsin.ts(s.disabled_at))
$$;

create or replace function api.subscriber_list(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    p      tocsin.page := tocsin.page_of(tocsin.caller(caller, 'viewer'), id);
    wanted integer := coalesce((input->>'limit')::integer, 100);
    found_ tocsin.subscriber[];
begin
    if p.id is null then
        return null;
    end if;
    found_ := array(select s from tocsin.subscriber s
                     where s.page = p.id and s.id > coalesce((input->>'after')::bigint, 0)
                       and (input->>'q' is null or position(lower(input->>'q') in lower(s.address)) > 0)
                     order by s.id limit wanted + 1);
    return json_build_object(
        'items', coalesce((select json_agg(tocsin.subscriber_json(s) order by s.id) from unnest(found_[1:wanted]) s), '[]'),
        'next', case when cardinality(found_) > wanted then (found_[wanted]).id::text end);
end $$;

-- All of them as a table. A cell that a spreadsheet would take for a formula begins with an
-- apostrophe, which import takes off again.
create or replace function tocsin.csv_cell(t text) returns text
language sql immutable set search_path = '' as $$
    select case when t is null then ''
                else '"' || case when t ~ e'^[-=+@\t\r'']' then '''' else '' end || replace(t, '"', '""') || '"' end
$$;

create or replace function api.subscriber_export(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    p tocsin.page := tocsin.page_of(tocsin.caller(caller, 'viewer'), id);
begin
    return case when p.id is not null then json_build_object('name', p.slug, 'csv',
        e'type,address,components,state,created_at,confirmed_at\r\n' || coalesce((
            select string_agg(concat_ws(',', tocsin.csv_cell(s.type), tocsin.csv_cell(s.address),
                       tocsin.csv_cell(array_to_string(s.components, ' ')), tocsin.csv_cell(tocsin.subscriber_json(s)->>'state'),
                       tocsin.csv_cell(tocsin.ts(s.created_at)), tocsin.csv_cell(tocsin.ts(s.confirmed_at))) || e'\r\n',
                       '' order by s.id)
              from tocsin.subscriber s where s.page = p.id), '')) end;
end $$;

-- rows: [{line, address, type, components}]. With `confirmed` the owner answers for their
-- consent; without it each is asked by mail.
create or replace function api.subscriber_import(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who     tocsin.account := tocsin.caller(caller, 'member');
    p       tocsin.page := tocsin.page_take(who, id, '{}');
    row_    jsonb;
    said    text;
    kind    text;
    chosen  bigint[];
    failed  jsonb := '[]';
    why     text;
    added   integer := 0;
    known   integer := 0;
begin
    if p.id is null then
        return null;
    end if;
    if (select count(*) from tocsin.subscriber s where s.page = p.id) + jsonb_array_length(input->'rows') > 20000 then
        perform tocsin.fail(409, 'A page has at most 20000 subscribers.');
    end if;
    for row_ in select * from jsonb_array_elements(input->'rows') loop
        kind := coalesce(nullif(row_->>'type', ''), 'email');
        said := case when kind = 'email' then lower(row_->>'address') else row_->>'address' end;
        why := case when kind not in ('email', 'webhook') then 'type: must be email or webhook'
                    when kind = 'email' and (not tocsin.is_address(said) or octet_length(said) < 3)
                        then 'address: must be an e-mail address'
                    when kind = 'webhook' and tocsin.channel_rule('url', to_jsonb(said)) is not null
                        then 'address: ' || tocsin.channel_rule('url', to_jsonb(said)) end;
        if why is null then
            chosen := nullif(array(select c.id from tocsin.component c
                                    where c.page = p.id and c.id::text = any (regexp_split_to_array(row_->>'components', '[ ;]+'))), '{}');
            if chosen is null and row_->>'components' <> '' then
                why := 'components: the page has none of them';
            end if;
        end if;
        if why is not null then
            failed := failed || jsonb_build_object('line', row_->'line', 'error', why);
        elsif exists (select from tocsin.subscriber s where s.page = p.id and s.type = kind and s.address = said) then
            known := known + 1;
        elsif kind = 'email' and (input->>'confirmed')::boolean then
            insert into tocsin.subscriber (page, type, address, components, unsubscribe, confirmed_at)
            values (p.id, kind, said, chosen, tocsin.subscriber_token(), now());
            added := added + 1;
        elsif tocsin.subscriber_ask(p, kind, said, chosen) then
            added := added + 1;
        else
            failed := failed || jsonb_build_object('line', row_->'line', 'error', 'address: was asked less than an hour ago');
        end if;
    end loop;
    perform tocsin.audit(who.id, input - 'rows', 'page.import_subscribers', 'page', p.id::text, null,
                         jsonb_build_object('added', added, 'confirmed', coalesce((input->>'confirmed')::boolean, false)));
    return json_build_object('added', added, 'known', known, 'failed', failed);
end $$;

create or replace function api.subscriber_delete(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    p   tocsin.page := tocsin.page_take(who, id, '{}');
    s   tocsin.subscriber;
begin
    delete from tocsin.subscriber x where x.page = p.id and x.id::text = input->>'key' returning * into s;
    if s.id is null then
        return null;
    end if;
    perform tocsin.audit(who.id, input - 'key', 'page.remove_subscriber', 'page', p.id::text,
                         jsonb_build_object('type', s.type), null);
    return '{}';
end $$;
