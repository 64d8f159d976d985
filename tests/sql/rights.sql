-- The modules call api, the daemon calls work, and neither reads a table.
select test.eq(string_agg(format('%s: %s on %s', l, p, c.oid::regclass), ', '), null, 'rights on tables')
  from unnest(array['tocsin_web', 'tocsin_work']) l, pg_class c, unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) p
 where c.relnamespace = 'tocsin'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege(l, c.oid, p);
select test.eq(string_agg(c.relname, ', '), null, 'rights on sequences') from unnest(array['tocsin_web', 'tocsin_work']) l, pg_class c
 where c.relnamespace = 'tocsin'::regnamespace and c.relkind = 'S' and (has_sequence_privilege(l, c.oid, 'usage') or has_sequence_privilege(l, c.oid, 'select'));
select test.eq(array_agg(format('%s %s', l, n.nspname) order by l, n.nspname), array['tocsin_web api', 'tocsin_work work'], 'schemas to use')
  from unnest(array['tocsin_web', 'tocsin_work', 'public']) l, pg_namespace n where n.nspname in ('tocsin', 'api', 'work') and has_schema_privilege(l, n.oid, 'usage');
select test.eq(string_agg(n.nspname, ', '), null, 'schemas to create in') from unnest(array['tocsin_web', 'tocsin_work']) l, pg_namespace n
 where has_schema_privilege(l, n.oid, 'create');
select test.eq(string_agg(format('%s %s', l, p.oid::regprocedure), ', '), null, 'functions of others')
  from unnest(array['tocsin_web', 'tocsin_work', 'public']) l, pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where n.nspname in ('tocsin', 'api', 'work') and has_function_privilege(l, p.oid, 'execute') and (l, n.nspname) not in (('tocsin_web', 'api'), ('tocsin_work', 'work'));
select test.eq(string_agg(p.oid::regprocedure::text, ', '), null, 'functions they cannot run') from pg_proc p
 where p.pronamespace = 'api'::regnamespace and not has_function_privilege('tocsin_web', p.oid, 'execute')
    or p.pronamespace = 'work'::regnamespace and not has_function_privilege('tocsin_work', p.oid, 'execute');
select test.ok(not has_database_privilege(l, current_database(), 'temporary'), l || ' makes no temporary types') from unnest(array['tocsin_web', 'tocsin_work']) l;
select test.eq(string_agg(r.rolname, ', '), null, 'superpowers') from pg_roles r where r.rolname like 'tocsin%' and (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls);

-- what runs with the owner's rights looks nowhere but where it says
select test.eq(string_agg(p.oid::regprocedure::text, ', '), null, 'functions without an own search path') from pg_proc p
 where p.pronamespace in ('api'::regnamespace, 'work'::regnamespace)
   and (not p.prosecdef or not coalesce(p.proconfig, '{}') @> array['search_path=""']);
select test.eq(string_agg(p.oid::regprocedure::text, ', '), null, 'security definer without an own search path') from pg_proc p
 where p.pronamespace = 'tocsin'::regnamespace and p.prosecdef and not coalesce(p.proconfig, '{}') @> array['search_path=""'];
select test.eq(string_agg(p.oid::regprocedure::text, ', '), null, 'two functions of one name: who calls with text arguments would get either') from pg_proc p
 where p.pronamespace in ('api'::regnamespace, 'work'::regnamespace) and exists (select from pg_proc o where o.pronamespace = p.pronamespace and o.proname = p.proname and o.oid <> p.oid);
select test.eq(string_agg(c.conrelid::regclass || '.' || c.conname, ', '), null, 'references that a delete would read a whole table for')
  from pg_constraint c where c.contype = 'f' and c.connamespace = 'tocsin'::regnamespace
   and c.confrelid in ('tocsin.account'::regclass, 'tocsin.monitor'::regclass, 'tocsin.channel'::regclass, 'tocsin.incident'::regclass, 'tocsin.outbox'::regclass, 'tocsin.session'::regclass)
   and c.conrelid not in ('tocsin.invite'::regclass, 'tocsin.test_run'::regclass) -- a few rows
   and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1]);
