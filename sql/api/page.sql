-- Status pages: their settings and what stands on them. The publisher makes files of them.

create or replace function tocsin.page_of(who tocsin.account, id bigint) returns tocsin.page
language sql stable security definer set search_path = '' as $$
    select p from tocsin.page p where p.id = page_of.id and tocsin.sees(who, p.owner)
$$;

-- The page that is about to be changed, locked; null when the caller may not see it.
create or replace function tocsin.page_take(who tocsin.account, id bigint, input jsonb) returns tocsin.page
language plpgsql volatile security definer set search_path = '' as $$
declare
    p tocsin.page;
begin
    select * into p from tocsin.page x
     where x.id = page_take.id and tocsin.sees(who, x.owner) for update;
    if input->>'if_match' <> p.version::text then
        perform tocsin.fail(412, 'The page was changed meanwhile: it has version ' || p.version || '.');
    end if;
    return p;
end $$;

-- Word of a change to the open pages of people, and to the publisher.
create or replace function tocsin.page_tell(p tocsin.page, change text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    perform tocsin.emit('page', p.owner, p.id, jsonb_build_object('change', change, 'slug', p.slug));
    perform pg_notify('tocsin_work', 'publish');
end $$;

create or replace function tocsin.page_refuse(errors jsonb) returns void
language plpgsql immutable set search_path = '' as $$
begin
    if errors <> '{}' then
        raise exception using errcode = 'PT422', message = 'The page breaks a rule.',
            detail = jsonb_build_object('errors', errors)::text;
    end if;
end $$;

create or replace function api.page_list(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'viewer');
    most constant integer := coalesce((input->>'limit')::integer, 50);
    page tocsin.page[];
begin
    page := array(
        select p from tocsin.page p
         where tocsin.sees(who, p.owner)
           and p.id > coalesce((input->>'after')::bigint, 0)
           and (input->>'owner' is null or p.owner = (input->>'owner')::bigint)
           and (input->>'q' is null or position(lower(input->>'q') in lower(p.title || e'\n' || p.slug)) > 0)
         order by p.id limit most + 1);
    return json_build_object(
        'items', coalesce((select json_agg(tocsin.page_json(page[n], input->>'@url', false) order by n)
                             from generate_series(1, least(most, cardinality(page))) n), '[]'),
        'next', case when cardinality(page) > most then (page[most]).id::text end);
end $$;

create or replace function api.page_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    p   tocsin.page := tocsin.page_of(who, id);
begin
    return case when p.id is not null then tocsin.page_json(p, input->>'@url') end;
end $$;

create or replace function api.page_create(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'member');
    none   tocsin.page;
    p      tocsin.page;
    errors jsonb := '{}';
begin
    perform 1 from tocsin.account a where a.id = who.id for no key update; -- one at a time: the limit holds
    if (select count(*) from tocsin.page x where x.owner = who.id) >= 100 then
        perform tocsin.fail(409, 'An account has at most 100 status pages.');
    end if;
    p := tocsin.page_with(jsonb_populate_record(none, jsonb_build_object(
            'description', '', 'url', '', 'lang', 'en', 'zone', 'UTC', 'theme', 'system', 'link', '',
            'robots', true, 'access', 'public', 'allow', '[]'::jsonb, 'publish', 'after', 'publish_after_s', 120,
            'day_down_s', 1800, 'subscribe', true, 'enabled', true,
            'accent', case input->>'theme' when 'dark' then '#60a5fa' else '#2563eb' end,
            'slug', tocsin.slug_of(input->>'title'))), input);
    select x.allow, x.errors into p.allow, errors from tocsin.page_allow(input, '{}', errors) x;
    perform tocsin.page_refuse(errors || tocsin.page_errors(p, none));
    insert into tocsin.page (owner, slug, title, description, url, lang, zone, theme, accent, link, robots, access,
                             password, allow, publish, publish_after_s, day_down_s, subscribe, enabled)
    values (who.id, p.slug, p.title, p.description, p.url, p.lang, p.zone, p.theme, p.accent, p.link, p.robots,
            p.access, p.password, p.allow, p.publish, p.publish_after_s, p.day_down_s, p.subscribe, p.enabled)
    on conflict (slug) do nothing returning * into p;
    if p.id is null then
        perform tocsin.fail(409, 'There is a page with this slug already.', 'slug', 'is taken');
    end if;
    if input ? 'components' then
        perform tocsin.components_set(p, input->'components');
    end if;
    perform tocsin.audit(who.id, input, 'page.create', 'page', p.id::text, null, tocsin.page_audit(p));
    perform tocsin.page_tell(p, 'created');
    return tocsin.page_json(p, input->>'@url');
end $$;

create or replace function api.page_update(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who    tocsin.account := tocsin.caller(caller, 'member');
    old    tocsin.page := tocsin.page_take(who, id, input);
    p      tocsin.page;
    errors jsonb := '{}';
begin
    if old.id is null then
        return null;
    end if;
    p := tocsin.page_with(old, input);
    select x.allow, x.errors into p.allow, errors from tocsin.page_allow(input, old.allow, errors) x;
    perform tocsin.page_refuse(errors || tocsin.page_errors(p, old));
    if exists (select from tocsin.page x where x.slug = p.slug and x.id <> p.id) then
        perform tocsin.fail(409, 'There is a page with this slug already.', 'slug', 'is taken');
    end if;
    update tocsin.page x
       set slug = p.slug, title = p.title, description = p.description, url = p.url, lang = p.lang, zone = p.zone,
           theme = p.theme, accent = p.accent, link = p.link, robots = p.robots, access = p.access,
           password = p.password, allow = p.allow, publish = p.publish, publish_after_s = p.publish_after_s,
           day_down_s = p.day_down_s, subscribe = p.subscribe, enabled = p.enabled, version = x.version + 1
     where x.id = p.id returning * into p;
    if input ? 'components' then
        perform tocsin.components_set(p, input->'components');
    end if;
    perform tocsin.audit(who.id, input, 'page.update', 'page', p.id::text, tocsin.page_audit(old), tocsin.page_audit(p));
    perform tocsin.page_tell(p, 'updated');
    return tocsin.page_json(p, input->>'@url');
end $$;

create or replace function api.page_delete(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    p   tocsin.page := tocsin.page_take(who, id, input);
begin
    if p.id is null then
        return null;
    end if;
    delete from tocsin.page x where x.id = p.id;
    perform tocsin.audit(who.id, input, 'page.delete', 'page', p.id::text, tocsin.page_audit(p), null);
    perform tocsin.page_tell(p, 'deleted');
    return json_build_object('id', p.id);
end $$;

-- Write its files now, changed or not.
create or replace function api.page_publish(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    p   tocsin.page := tocsin.page_take(who, id, input);
begin
    if p.id is null then
        return null;
    end if;
    if not p.enabled then
        perform tocsin.fail(409, 'The page is disabled: it has no files.');
    end if;
    update tocsin.page x set changed = pg_current_xact_id() where x.id = p.id returning * into p;
    perform tocsin.audit(who.id, input, 'page.publish', 'page', p.id::text);
    perform pg_notify('tocsin_work', 'publish');
    return tocsin.page_json(p, input->>'@url');
end $$;

-- ---------------------------------------------------------------- logo

-- The bytes were checked to be a picture by the module, which alone calls this.
create or replace function api.page_logo(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    p   tocsin.page := tocsin.page_take(who, id, input);
    fresh constant bytea := decode(input->>'logo', 'base64');
begin
    if p.id is null then
        return null;
    end if;
    if octet_length(fresh) > 65536 then
        perform tocsin.fail(422, 'The logo is too large.', 'logo', 'must have at most 65536 bytes');
    end if;
    update tocsin.page x set logo = fresh, logo_type = input->>'logo_type', version = x.version + 1
     where x.id = p.id returning * into p;
    perform tocsin.audit(who.id, input - 'logo', case when fresh is null then 'page.logo_delete' else 'page.logo' end,
                         'page', p.id::text, null,
                         jsonb_build_object('type', p.logo_type, 'bytes', octet_length(fresh)));
    perform tocsin.page_tell(p, 'updated');
    return tocsin.page_json(p, input->>'@url');
end $$;

-- As it was given, for who edits the page.
create or replace function api.page_logo_read(caller bigint, id bigint, input jsonb) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    p   tocsin.page := tocsin.page_of(who, id);
begin
    return case when p.logo is not null
                then json_build_object('type', p.logo_type, 'logo', replace(encode(p.logo, 'base64'), e'\n', '')) end;
end $$;
