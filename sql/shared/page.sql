-- What the functions about status pages share: JSON, rules, who may see one.

-- The relative luminance of #rrggbb, as WCAG 2 defines it.
create or replace function tocsin.luminance(colour text) returns double precision
language sql immutable strict set search_path = '' as $$
    select sum(weight * case when c <= 0.04045 then c / 12.92 else power((c + 0.055) / 1.055, 2.4) end)
      from (select weight, get_byte(decode(substr(colour, 2), 'hex'), n) / 255.0::double precision as c
              from (values (0, 0.2126), (1, 0.7152), (2, 0.0722)) w (n, weight)) one
$$;

-- How well one colour is told from another: 1 (not at all) to 21.
create or replace function tocsin.contrast(a text, b text) returns double precision
language sql immutable strict set search_path = '' as $$
    select (greatest(x, y) + 0.05) / (least(x, y) + 0.05)
      from (select tocsin.luminance(a) as x, tocsin.luminance(b) as y) one
$$;

-- What an accent stands on: the backgrounds of htdocs/status/page.css. A page that follows
-- the reader's system lightens its accent by itself where it is dark.
create or replace function tocsin.page_background(theme text) returns text
language sql immutable set search_path = '' as $$
    select case theme when 'dark' then '#0e1116' else '#f5f6f8' end
$$;

-- A name of the IANA database, which PostgreSQL brings along. Asked of the view, for
-- `at time zone` takes more than names.
create or replace function tocsin.is_zone(name text) returns boolean
language sql stable set search_path = '' as $$
    select name !~ '^(posix|right)' and exists (select from pg_catalog.pg_timezone_names z where z.name = is_zone.name)
$$;

-- http or https, without user, query and fragment.
create or replace function tocsin.is_site(url text) returns boolean
language sql immutable set search_path = '' as $$
    select octet_length(url) <= 500
       and url ~ '^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&''()*+,;=:@%/-]*)?$'
$$;

-- A title as an address: "My Café" → "my-caf".
create or replace function tocsin.slug_of(title text) returns text
language sql immutable set search_path = '' as $$
    select rtrim(left(btrim(regexp_replace(lower(title), '[^a-z0-9]+', '-', 'g'), '-'), 60), '-')
$$;

-- Where the page is read; `base` is the public address of this Tocsin.
create or replace function tocsin.page_address(p tocsin.page, base text) returns text
language sql immutable set search_path = '' as $$
    select case when p.url <> '' then p.url when base is not null then base || '/status/' || p.slug || '/' end
$$;

create or replace function tocsin.component_json(c tocsin.component) returns json
language sql stable security definer set search_path = '' as $$
    select json_build_object(
        'id', c.id, 'section', c.section, 'kind', c.kind, 'monitor', c.monitor,
        'monitor_name', (select m.name from tocsin.monitor m where m.id = c.monitor),
        'group', c.group_name, 'name', c.name, 'description', c.description,
        'show_ms', c.show_ms, 'show_uptime', c.show_uptime)
$$;

create or replace function tocsin.page_json(p tocsin.page, base text, full_ boolean default true) returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    shown json := json_build_object(
        'version', p.version, 'id', p.id, 'slug', p.slug, 'title', p.title,
        'description', p.description, 'url', p.url, 'lang', p.lang, 'zone', p.zone,
        'theme', p.theme, 'accent', p.accent, 'logo', p.logo is not null, 'logo_type', p.logo_type,
        'link', p.link, 'robots', p.robots, 'access', p.access,
        'allow', coalesce((select json_agg(abbrev(a) order by n) from unnest(p.allow) with ordinality x (a, n)), '[]'),
        'password_set', p.password is not null,
        'publish', p.publish, 'publish_after', p.publish_after_s, 'day_down', p.day_down_s,
        'subscribe', p.subscribe, 'enabled', p.enabled, 'owner', p.owner,
        'created_at', tocsin.ts(p.created_at), 'published_at', tocsin.ts(p.published_at),
        'bytes', p.bytes, 'error', p.error, 'address', tocsin.page_address(p, base),
        'subscribers', (select count(*) from tocsin.subscriber s
                         where s.page = p.id and s.confirm is null and s.disabled_at is null));
begin
    if not full_ then
        return tocsin.json_join(shown, json_build_object(
            'components', (select count(*) from tocsin.component c where c.page = p.id)));
    end if;
    return tocsin.json_join(shown, json_build_object(
        'components', coalesce((select json_agg(tocsin.component_json(c) order by c.position)
                                  from tocsin.component c where c.page = p.id), '[]')));
end $$;

-- For the audit: no password, no picture.
create or replace function tocsin.page_audit(p tocsin.page) returns jsonb
language sql stable set search_path = '' as $$
    select (to_jsonb(p) - '{id,logo,password,version,changed,published_at,bytes,error}'::text[])
        || jsonb_build_object('logo', p.logo is not null, 'password_set', p.password is not null)
$$;

-- ---------------------------------------------------------------- settings and their rules

-- The row with the given settings put in; what is not named stays.
create or replace function tocsin.page_with(p tocsin.page, input jsonb) returns tocsin.page
language plpgsql stable set search_path = '' as $$
begin
    if input ? 'title' then p.title := btrim(input->>'title'); end if;
    if input ? 'slug' then p.slug := lower(input->>'slug'); end if;
    if input ? 'description' then p.description := coalesce(input->>'description', ''); end if;
    if input ? 'url' then
        p.url := btrim(coalesce(input->>'url', ''));
        if p.url <> '' and p.url !~ '/$' then
            p.url := p.url || '/';
        end if;
    end if;
    if input ? 'lang' then p.lang := input->>'lang'; end if;
    if input ? 'zone' then p.zone := input->>'zone'; end if;
    if input ? 'theme' then p.theme := input->>'theme'; end if;
    if input ? 'accent' then p.accent := lower(input->>'accent'); end if;
    if input ? 'link' then p.link := btrim(coalesce(input->>'link', '')); end if;
    if input ? 'robots' then p.robots := (input->>'robots')::boolean; end if;
    if input ? 'access' then p.access := input->>'access'; end if;
    if input ? 'password' then p.password := input->>'password'; end if; -- the hash of it
    if input ? 'publish' then p.publish := input->>'publish'; end if;
    if input ? 'publish_after' then p.publish_after_s := (input->>'publish_after')::integer; end if;
    if input ? 'day_down' then p.day_down_s := (input->>'day_down')::integer; end if;
    if input ? 'subscribe' then p.subscribe := (input->>'subscribe')::boolean; end if;
    if input ? 'enabled' then p.enabled := (input->>'enabled')::boolean; end if;
    return p;
end $$;

-- Networks as people write them; a bad one is named. Bits beyond the prefix are a slip.
create or replace function tocsin.page_allow(input jsonb, inout allow inet[], inout errors jsonb)
language plpgsql immutable set search_path = '' as $$
declare
    said text;
begin
    if not input ? 'allow' then
        return;
    end if;
    allow := '{}';
    for said in select * from jsonb_array_elements_text(input->'allow') loop
        begin
            allow := allow || said::cidr::inet;
        exception when data_exception then
            errors := errors || jsonb_build_object('allow', 'holds ' || quote_literal(left(said, 50))
                                                            || ', which is no address or network like 192.0.2.0/24');
        end;
    end loop;
end $$;

-- Each rule that the page breaks: {field: rule}.
create or replace function tocsin.page_errors(p tocsin.page, old tocsin.page) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_strip_nulls(jsonb_build_object(
        'title', case when p.title = '' then 'must not be empty'
                      when length(p.title) > 120 then 'must have at most 120 characters' end,
        'description', case when length(p.description) > 2000 then 'must have at most 2000 characters' end,
        'slug', case when p.slug !~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'
                     then 'must be 1 to 63 small letters, digits and hyphens, and begin and end with no hyphen'
                     when p.slug in ('api', 'assets') then 'is reserved' end,
        'url', case when p.url <> '' and not tocsin.is_site(p.url)
                    then 'must be an http or https address without user, query and fragment' end,
        'link', case when p.link <> '' and not tocsin.is_site(p.link)
                     then 'must be an http or https address without user, query and fragment' end,
        'lang', case when p.lang !~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$' then 'must be a language like en or pt-BR' end,
        'zone', case when p.zone is distinct from old.zone and not tocsin.is_zone(p.zone)
                     then 'must be a name of the IANA database like Europe/Berlin' end,
        'accent', case when p.accent !~ '^#[0-9a-f]{6}$' then 'must be a colour like #2563eb'
                       when tocsin.contrast(p.accent, tocsin.page_background(p.theme)) < 4.5
                       then 'must have a contrast of at least 4.5:1 against the background '
                            || tocsin.page_background(p.theme) || '; it has '
                            || trunc(tocsin.contrast(p.accent, tocsin.page_background(p.theme))::numeric, 2) || ':1' end,
        'password', case when p.access = 'password' and p.password is null then 'is required with this access' end,
        'allow', case when p.access = 'address' and cardinality(p.allow) = 0 then 'is required with this access' end))
$$;
