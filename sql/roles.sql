-- The three logins, and what they may do with this database. A superuser runs it:
-- `tocsin migrate` does so itself when it may, and prints what is needed when it may not.
-- Passwords and addresses are the business of pg_hba.conf.
do $$
declare
    login text;
    db    text := quote_ident(current_database());
begin
    foreach login in array array['tocsin_owner', 'tocsin_web', 'tocsin_work'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = login) then
            execute format('create role %I login', login);
        end if;
        execute format('grant connect on database %s to %I', db, login);
        -- our queries are short: compiling them costs more than it gives
        execute format('alter role %I in database %s set jit = off', login, db);
    end loop;
    execute format('grant create on database %s to tocsin_owner', db);
    -- temporary types and tables come before all others in every search path
    execute format('revoke temporary on database %s from public', db);
end $$;
