-- GET /ready: is everything there that Tocsin needs? input.migration: the number of the
-- newest migration that the modules were built with. 503 names what is wrong.
drop function if exists api.ready(int);
create or replace function api.ready(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    needed int := (input ->> 'migration')::int;
    level int := 0;
    beat timestamptz;
    errors jsonb := '{}';
begin
    if to_regclass('tocsin.migration') is not null then
        execute 'select coalesce(max(number), 0) from tocsin.migration' into level;
    end if;
    if level < needed then
        errors := errors || jsonb_build_object('migration',
            format('is at %s, %s is needed: run tocsin migrate', level, needed));
    end if;
    select max(w.beat_at) into beat from tocsin.worker w;
    if beat is null or beat < clock_timestamp() - interval '30 seconds' then
        errors := errors || jsonb_build_object('daemon',
            coalesce('has not been heard of since ' || tocsin.ts(beat), 'does not run')
            || ': start tocsind');
    end if;
    if errors <> '{}' then
        raise exception using errcode = 'PT503', message = 'Tocsin is not ready',
            hint = 'not-ready', detail = json_build_object('errors', errors);
    end if;
    return json_build_object('ok', true, 'beat_at', tocsin.ts(beat), 'migration', level);
end $$;
