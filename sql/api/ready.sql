-- GET /ready: is everything there that Tocsin needs? expected: the number of the newest
-- migration that the modules were built with.
create or replace function api.ready(expected int)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    level int := 0;
    beat timestamptz;
    daemon boolean;
begin
    if to_regclass('tocsin.migration') is not null then
        execute 'select max(number) from tocsin.migration' into level;
    end if;
    select max(w.beat_at) into beat from tocsin.worker w where w.lease_until > now();
    daemon := coalesce(beat > now() - interval '30 seconds', false);
    return json_build_object('ok', daemon and coalesce(level, 0) >= expected,
        'database', true,
        'daemon', daemon, 'beat_at', tocsin.ts(beat),
        'migration', coalesce(level, 0) >= expected, 'migration_level', coalesce(level, 0),
        'migration_needed', expected);
end $$;
