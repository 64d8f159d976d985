-- Refuse a call: the status of the reply, a sentence for people, and perhaps the field
-- that is wrong with the rule it broke. An exception, so nothing of the call remains.
create or replace function tocsin.fail(status int, message text, field text default null,
                                       rule text default null)
returns void
language plpgsql immutable set search_path = '' as $$
begin
    if field is null then
        raise exception using errcode = 'PT' || status, message = message;
    end if;
    raise exception using errcode = 'PT' || status, message = message,
        detail = pg_catalog.json_build_object('errors', pg_catalog.json_build_object(field, rule));
end $$;
