-- After all files are read: what they no longer define goes (such a row of pg_proc is older
-- than this transaction), and every body is checked, now that all functions are there.
do $$
declare
    f regprocedure;
begin
    for f in select p.oid from pg_catalog.pg_proc p
              where p.pronamespace in ('api'::regnamespace, 'work'::regnamespace)
                and age(p.xmin) > age(pg_current_xact_id()::xid) loop
        execute 'drop function ' || f;
    end loop;
end $$;

set local check_function_bodies = on;
do $$
declare
    f record;
begin
    for f in select p.oid, l.lanname
               from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
              where p.pronamespace in ('api'::regnamespace, 'work'::regnamespace,
                                       'tocsin'::regnamespace) loop
        begin
            if f.lanname = 'sql' then
                perform fmgr_sql_validator(f.oid);
            elsif f.lanname = 'plpgsql' then
                perform plpgsql_validator(f.oid);
            end if;
        exception when others then
            raise exception '%: %', f.oid::regprocedure, sqlerrm;
        end;
    end loop;
end $$;

-- Results that come before the keeper's first turn find their partitions.
select work.keep_partitions();
