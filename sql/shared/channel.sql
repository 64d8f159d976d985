-- What a channel may say about itself. Settings come as one object, `config`; what is
-- secret of it is kept apart, and shown as {"set": true} only.
--
--   email    to[], from, smtp_url, starttls, smtp_user; secret: smtp_password
--   webhook  url; secret: secret (whsec_…), headers{}
--   slack    secret: url

-- The rules of one setting: null when it holds, or the rule.
create or replace function tocsin.channel_rule(field text, value jsonb) returns text
language sql immutable security definer set search_path = '' as $$
    select case
        when field = 'to' then case
            when jsonb_typeof(value) <> 'array' or jsonb_array_length(value) not between 1 and 10
                then 'must be a list of 1 to 10 addresses'
            when exists (select from jsonb_array_elements(value) v
                          where jsonb_typeof(v) <> 'string' or not tocsin.is_address(v #>> '{}'))
                then 'must hold e-mail addresses only' end
        when field = 'headers' then case
            when jsonb_typeof(value) <> 'object' or (select count(*) from jsonb_object_keys(value)) > 20
                then 'must be an object of at most 20 headers'
            when exists (select from jsonb_each(value) h
                          where h.key !~ '^[A-Za-z0-9!#$%&''*+.^_`|~-]{1,64}$'
                             or lower(h.key) in ('host', 'content-length', 'content-type', 'transfer-encoding',
                                                 'connection', 'expect', 'te', 'trailer', 'upgrade')
                             or lower(h.key) ~ '^(webhook-|proxy-)')
                then 'has a name that is not allowed'
            when exists (select from jsonb_each(value) h
                          where jsonb_typeof(h.value) not in ('string', 'null')
                             or octet_length(h.value #>> '{}') > 1000 or h.value #>> '{}' ~ '[[:cntrl:]]')
                then 'has a value that is not a line of at most 1000 bytes' end
        when jsonb_typeof(value) <> 'string' then 'must be a text'
        when value #>> '{}' ~ '[[:cntrl:]]' then 'must not hold control characters'
        when field = 'from' and not tocsin.is_address(value #>> '{}') then 'must be an e-mail address'
        when field = 'starttls' and value #>> '{}' not in ('required', 'opportunistic', 'off')
            then 'must be required, opportunistic or off'
        when field = 'smtp_url' and (octet_length(value #>> '{}') > 300
             or value #>> '{}' !~ '^smtps?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$')
            then 'must be smtp://host:port or smtps://host:port'
        when field = 'url' and (octet_length(value #>> '{}') > 2048
             or value #>> '{}' !~ '^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?([/?][!-~]*)?$')
            then 'must be an http or https address without user and password'
        when field = 'secret' and not tocsin.is_webhook_secret(value #>> '{}')
            then 'must be whsec_ and the base64 of 24 to 64 bytes'
        when field in ('smtp_user', 'smtp_password') and octet_length(value #>> '{}') not between 1 and 254
            then 'must be 1 to 254 bytes long'
    end
$$;

-- Narrow on purpose: what every mail server takes, and nothing that could end a line.
create or replace function tocsin.is_address(t text) returns boolean
language sql immutable security definer set search_path = '' as $$
    select octet_length(t) <= 254
       and t ~ '^[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&''*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$'
$$;

create or replace function tocsin.is_webhook_secret(t text) returns boolean
language plpgsql immutable security definer set search_path = '' as $$
begin
    return t ~ '^whsec_[A-Za-z0-9+/]+={0,2}$'
       and length(decode(substr(t, 7), 'base64')) between 24 and 64;
exception when invalid_parameter_value then
    return false;
end $$;

-- Random bytes of PostgreSQL itself, without an extension: 2 uuids hold 244 random bits.
create or replace function tocsin.webhook_secret() returns text
language sql volatile security definer set search_path = '' as $$
    select 'whsec_' || encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text
                                                || gen_random_uuid()::text, 'UTF8')), 'base64')
$$;

-- The settings of a channel after `given` was laid over it. A secret that is left out, or
-- comes as it was shown, stays; null takes a setting away. Errors are told all at once.
create or replace function tocsin.channel_settings(type text, given jsonb, inout config jsonb,
                                                   inout secret jsonb, keep_secrets boolean default true)
language plpgsql volatile security definer set search_path = '' as $$
declare
    shown  text[] := case type when 'email' then '{to,from,smtp_url,starttls,smtp_user}'
                               when 'webhook' then '{url}' else '{}' end;
    hidden text[] := case type when 'email' then '{smtp_password}'
                               when 'webhook' then '{secret,headers}' else '{url}' end;
    needed text[] := case type when 'email' then '{to}' else '{url}' end;
    errors jsonb := '{}';
    field  text;
    value  jsonb;
    rule   text;
begin
    for field, value in select * from jsonb_each(coalesce(given, '{}')) loop
        if value = '{"set": true}' and field = any (hidden) then
            continue;
        elsif not field = any (shown || hidden) then
            errors := errors || jsonb_build_object('config.' || field, 'is not known for ' || type);
        elsif value = 'null' then
            config := config - field;
            secret := secret - field;
        else
            rule := tocsin.channel_rule(field, value);
            if rule is not null then
                errors := errors || jsonb_build_object('config.' || field, rule);
            elsif field = 'headers' then -- a header's null keeps its value
                secret := secret || jsonb_build_object('headers',
                    (select coalesce(jsonb_object_agg(h.key, case when h.value <> 'null' then h.value
                                                             else o.value end), '{}')
                       from jsonb_each(value) h
                       left join jsonb_each(coalesce(secret->'headers', '{}')) o on o.key = h.key
                      where h.value <> 'null' or o.value is not null));
            elsif field = any (hidden) then
                secret := secret || jsonb_build_object(field, value);
            else
                if field = 'smtp_url' and value is distinct from config->'smtp_url' and secret ? 'smtp_password'
                   and coalesce(given->'smtp_password', '{"set": true}') = '{"set": true}' then
                    errors := errors || '{"config.smtp_password": "must be given again with another server"}';
                end if;
                config := config || jsonb_build_object(field, value);
            end if;
        end if;
    end loop;
    foreach field in array needed loop
        if not config ? field and not secret ? field and not errors ? ('config.' || field) then
            errors := errors || jsonb_build_object('config.' || field, 'is needed');
        end if;
    end loop;
    if type = 'email' and (secret ? 'smtp_password') <> (config ? 'smtp_user') then
        errors := errors || '{"config.smtp_user": "user and password belong together"}';
    end if;
    if type = 'email' and not config ? 'smtp_url' and config ? 'smtp_user' then
        errors := errors || '{"config.smtp_url": "is needed with a user of its own"}';
    end if;
    if errors <> '{}' then
        raise exception using errcode = 'PT422', message = 'The settings of the channel break a rule.',
            detail = jsonb_build_object('errors', errors)::text;
    end if;
end $$;

-- The settings as they may be shown.
create or replace function tocsin.channel_shown(config jsonb, secret jsonb) returns jsonb
language sql immutable security definer set search_path = '' as $$
    select config || coalesce((select jsonb_object_agg(s.key, case when s.key = 'headers' then
               (select coalesce(jsonb_object_agg(h.key, null), '{}') from jsonb_each(s.value) h)
               else '{"set": true}' end) from jsonb_each(secret) s), '{}')
$$;
