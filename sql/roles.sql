-- The three logins. Run once per cluster by somebody who may create roles:
-- `tocsin migrate` does so itself when it may, and prints these lines when it may not.
do $$
declare
    login text;
begin
    foreach login in array array['tocsin_owner', 'tocsin_web', 'tocsin_work'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = login) then
            execute format('create role %I login', login);
        end if;
    end loop;
end $$;
