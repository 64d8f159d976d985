-- All functions go, where one changed in a way that `create or replace` refuses. Those that
-- triggers hang on belong to the numbered files and stay.
do $$
declare
    f regprocedure;
begin
    for f in select p.oid from pg_catalog.pg_proc p
              where p.pronamespace in ('api'::regnamespace, 'work'::regnamespace,
                                       'tocsin'::regnamespace)
                and not exists (select from pg_catalog.pg_depend d
                                 where d.refclassid = 'pg_catalog.pg_proc'::regclass
                                   and d.refobjid = p.oid and d.deptype = 'n') loop
        execute 'drop function ' || f;
    end loop;
end $$;
