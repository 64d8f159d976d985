-- Who may call what, set anew at every upgrade: the modules call api, the daemon calls
-- work, and neither reads a table.
revoke all on schema tocsin, api, work from public, tocsin_web, tocsin_work;
revoke all on all tables in schema tocsin from public, tocsin_web, tocsin_work;
revoke all on all sequences in schema tocsin from public, tocsin_web, tocsin_work;
revoke all on all functions in schema tocsin, api, work from public, tocsin_web, tocsin_work;
grant usage on schema api to tocsin_web;
grant execute on all functions in schema api to tocsin_web;
grant usage on schema work to tocsin_work;
grant execute on all functions in schema work to tocsin_work;

-- A database of our own: temporary types and tables come before all others in every search
-- path, and queries that are over in a millisecond are not worth compiling.
do $$
begin
    if (select d.datdba from pg_catalog.pg_database d where d.datname = current_database())
       = current_user::regrole then
        execute format('revoke temporary on database %I from public', current_database());
        execute format('alter database %I set jit = off', current_database());
    end if;
end $$;
