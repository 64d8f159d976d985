-- What agents answered, taken apart: each member of another type than it should be is not
-- known, and what cannot be an app or a disk is left out. Nothing here fails.

-- Numbers only: {"a": 1, "b": "x"} of names a, b is {"a": 1, "b": null}. What is asked very often
-- is in plpgsql, which keeps its plans.
create or replace function tocsin.numbers_said(v jsonb, names text[]) returns jsonb
language plpgsql immutable parallel safe set search_path = '' as $$
begin
    return (select jsonb_object_agg(n, tocsin.j_num(v->n)) from unnest(names) n);
end $$;

-- A list of things with a name each, 32 at most.
create or replace function tocsin.parts_said(v jsonb, named text, names text[]) returns jsonb
language plpgsql immutable parallel safe set search_path = '' as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object(named, tocsin.j_text(e->named, 100))
                                      || tocsin.numbers_said(e, names) order by n), '[]')
              from (select e, n from jsonb_array_elements(tocsin.j_list(v)) with ordinality x (e, n)
                     where tocsin.j_text(e->named, 100) <> '' order by n limit 32) p);
end $$;

create or replace function tocsin.host_facts(state jsonb, ms real) returns jsonb
language sql immutable parallel safe set search_path = '' as $$
    select jsonb_build_object(
        'ms', ms, 'uptime_s', tocsin.j_num(h->'uptime_s'),
        'cpu', tocsin.numbers_said(h->'cpu', '{user,sys,io,steal}'),
        'memory', tocsin.numbers_said(h->'memory', '{total,used,cache,swap_total,swap_used}'),
        'load', case when jsonb_typeof(h->'load') = 'array' then jsonb_build_array(
                    tocsin.j_num(h #> '{load,0}'), tocsin.j_num(h #> '{load,1}'), tocsin.j_num(h #> '{load,2}')) end,
        'pressure', tocsin.numbers_said(h->'pressure', '{cpu,memory,io}'),
        'disks', tocsin.parts_said(h->'disks', 'mount', '{total,used,free,inodes_used_pct,read_bps,write_bps}'),
        'nets', tocsin.parts_said(h->'nets', 'name', '{rx_bps,tx_bps,rx_err,tx_err}'))
      from (select state->'host' as h) x
$$;

-- The answers of a batch, of hosts that are known.
create or replace function tocsin.hosts_said(answers jsonb, clock timestamptz)
returns setof tocsin.host_said
language sql stable set search_path = '' set enable_seqscan = off as $$
    with answer as materialized (
        select tocsin.j_num(a->'host')::bigint as host, least(greatest(coalesce(tocsin.j_int(a->'age_ms'), 0), 0), 604800000) as age,
               coalesce(tocsin.j_bool(a->'ok'), false) as ok, tocsin.j_num(a->'ms') as ms,
               coalesce(tocsin.j_text(a->'error', 40), 'protocol') as error, tocsin.j_text(a->'message', 300) as message,
               a->'state' as state
          from jsonb_array_elements(tocsin.j_list(hosts_said.answers)) x (a)
         where jsonb_typeof(a) = 'object' and tocsin.j_num(a->'host') is not null
    ), judged as (
        select a.*, case when not a.ok then concat_ws(': ', a.error, nullif(a.message, ''))
                         when jsonb_typeof(a.state->'host') is distinct from 'object' then 'protocol: the answer says nothing of the host'
                         when jsonb_typeof(a.state->'apps') is distinct from 'array' then 'protocol: the answer has no list of apps'
                    end as fault
          from answer a
    )
    select j.host, clock - tocsin.ms(j.age), j.age, j.fault is null, j.ms::real,
           case when j.fault is not null then j.fault
                when b.bad > 0 then b.bad || ' of the apps in its answer could not be read'
                when jsonb_array_length(j.state->'apps') > 200 then 'its list has more than 200 apps: the first 200 count'
                else '' end,
           case when j.fault is null and jsonb_typeof(j.state->'agent') = 'object' then j.state->'agent' else '{}' end,
           case when j.fault is null then j.state->'host' end
               || jsonb_build_object('@', tocsin.host_facts(j.state, j.ms::real)),
           case when j.fault is null then j.state->'apps' end
      from judged j
      join tocsin.monitor m on m.id = j.host and m.type = 'host' and m.deleted_at is null
      join tocsin.host h on h.monitor = j.host and h.pin is not null
     cross join lateral (select count(*) as bad
                           from jsonb_array_elements(tocsin.j_list(j.state->'apps')) e
                          where j.fault is null and tocsin.app_key(e) is null) b
$$;

-- The id of an app in the host's list; null when it is none.
create or replace function tocsin.app_key(app jsonb) returns text
language plpgsql immutable parallel safe set search_path = '' as $$
begin
    return case when jsonb_typeof(app) = 'object' and jsonb_typeof(app->'id') = 'string' and app->>'id' ~ '^[a-z0-9][a-z0-9._-]{0,62}$'
                 and app->>'type' in ('systemd', 'docker') then app->>'id' end;
end $$;

-- Apps as their agents see them, arrays side by side; `apps` may be null as long as there are no
-- rows. All at once: setting up an expression of this size costs more than working it out.
create or replace function tocsin.apps_told(apps bigint[], hosts bigint[], at timestamptz[], said jsonb[])
returns setof tocsin.app_said
language sql stable set search_path = '' as $$
    select x.app, x.host, x.at, a->>'id', coalesce(nullif(btrim(tocsin.j_text(a->'name', 100)), ''), a->>'id'), a->>'type',
        coalesce(tocsin.j_text(a->'unit', 256), tocsin.j_text(a->'container', 256), ''),
        case when a->>'state' in ('running', 'activating', 'deactivating', 'reloading', 'failed', 'stopped',
                                  'restarting', 'paused', 'missing') then a->>'state' else 'unknown' end,
        coalesce(tocsin.j_text(a->'sub', 40), ''), tocsin.j_time(a->'since'), coalesce(tocsin.j_text(a->'invocation', 80), ''),
        tocsin.j_int(a->'restarts'), tocsin.j_bool(h->'ok'), tocsin.j_num(h->'ms')::real,
        coalesce(tocsin.j_text(h->'message', 300), ''), tocsin.j_num(a->'cpu')::real, tocsin.j_num(a->'memory'),
        tocsin.j_int(a->'fds'), tocsin.j_int(a->'tasks'),
        jsonb_build_object(
            'commit', tocsin.j_text(a->'commit', 64), 'branch', tocsin.j_text(a->'branch', 100),
            'deploy', coalesce(tocsin.j_bool(a->'deploy'), false),
            'exit', case when jsonb_typeof(a->'exit') = 'object' then jsonb_build_object(
                        'code', tocsin.j_int(a #> '{exit,code}'), 'signal', tocsin.j_int(a #> '{exit,signal}')) end,
            'env', (select coalesce(jsonb_agg(k order by n), '[]')
                      from (select tocsin.j_text(e, 40) as k, n from jsonb_array_elements(tocsin.j_list(a->'env')) with ordinality x (e, n)
                             order by n limit 50) y where k <> ''),
            'ports', (select coalesce(jsonb_agg(e order by n), '[]')
                        from (select e, n from jsonb_array_elements(tocsin.j_list(a->'ports')) with ordinality x (e, n)
                               where jsonb_typeof(e) in ('number', 'string') and length(e::text) <= 40 order by n limit 50) y)),
        jsonb_build_object(
            'cpu', tocsin.j_num(a->'cpu'), 'memory', tocsin.j_num(a->'memory'), 'memory_max', tocsin.j_num(a->'memory_max'),
            'fds', tocsin.j_int(a->'fds'), 'tasks', tocsin.j_int(a->'tasks'), 'pid', tocsin.j_int(a->'pid'),
            'health', case when jsonb_typeof(h) = 'object' then jsonb_build_object(
                          'ok', tocsin.j_bool(h->'ok'), 'ms', tocsin.j_num(h->'ms'),
                          'message', tocsin.j_text(h->'message', 300), 'at', tocsin.ts(tocsin.j_time(h->'at'))) end)
      from unnest(apps_told.apps, apps_told.hosts, apps_told.at, apps_told.said) x (app, host, at, a)
     cross join lateral (select x.a->'health' as h offset 0) y
$$;

-- ---------------------------------------------------------------- samples

-- Three digits that count.
create or replace function tocsin.sig3(x double precision) returns real
language plpgsql immutable parallel safe set search_path = '' as $$
begin
    return case when x < 1000 then round(x) else round(x / 10 ^ (floor(log(x)) - 2)) * 10 ^ (floor(log(x)) - 2) end;
end $$;

-- The fields of samples in their order, and the unit of the stored numbers.
create or replace function tocsin.fleet_fields(kind text)
returns table (n integer, name text, scale double precision)
language sql immutable parallel safe set search_path = '' as $$
    select f.n::integer, f.name, f.scale
      from (values ('host', '{cpu_user,cpu_sys,cpu_io,cpu_steal,mem_used,mem_cache,mem_total,swap_used,load1,load5,load15,psi_cpu,psi_mem,psi_io,rtt_ms}'::text[],
                    '{0.001,0.001,0.001,0.001,262144,262144,262144,262144,0.01,0.01,0.01,0.01,0.01,0.01,0.1}'::double precision[]),
                   ('disk', '{used,total,inodes_pct,read_bps,write_bps}', '{1048576,1048576,0.1,1,1}'),
                   ('net', '{rx_bps,tx_bps,rx_err,tx_err}', '{1,1,1,1}'),
                   ('app', '{cpu,memory,fds,tasks,restarts,health_ms}', '{0.001,262144,1,1,1,0.1}')) k (kind, names, scales)
     cross join lateral unnest(k.names, k.scales) with ordinality f (name, scale, n)
     where k.kind = fleet_fields.kind
$$;

create or replace function tocsin.host_sample(facts jsonb) returns real[]
language sql immutable parallel safe set search_path = '' as $$
    select array[round(tocsin.j_num(facts #> '{cpu,user}') * 1000), round(tocsin.j_num(facts #> '{cpu,sys}') * 1000),
                 round(tocsin.j_num(facts #> '{cpu,io}') * 1000), round(tocsin.j_num(facts #> '{cpu,steal}') * 1000),
                 round(tocsin.j_num(facts #> '{memory,used}') / 262144), round(tocsin.j_num(facts #> '{memory,cache}') / 262144),
                 round(tocsin.j_num(facts #> '{memory,total}') / 262144), round(tocsin.j_num(facts #> '{memory,swap_used}') / 262144),
                 round(tocsin.j_num(facts #> '{load,0}') * 100), round(tocsin.j_num(facts #> '{load,1}') * 100),
                 round(tocsin.j_num(facts #> '{load,2}') * 100), round(tocsin.j_num(facts #> '{pressure,cpu}') * 100),
                 round(tocsin.j_num(facts #> '{pressure,memory}') * 100), round(tocsin.j_num(facts #> '{pressure,io}') * 100),
                 round(tocsin.j_num(facts->'ms') * 10)]::real[]
$$;

-- Disks and networks in facts with their five numbers. Networks that come and go with every
-- container are not kept.
create or replace function tocsin.part_samples(facts jsonb)
returns table (kind text, name text, v real[])
language sql immutable parallel safe set search_path = '' as $$
    select distinct on (x.kind, x.name) x.kind, x.name, x.v
      from (select 'disk' as kind, d->>'mount' as name,
                   array[round(tocsin.j_num(d->'used') / 1048576), round(tocsin.j_num(d->'total') / 1048576),
                         round(tocsin.j_num(d->'inodes_used_pct') * 10), tocsin.sig3(tocsin.j_num(d->'read_bps')),
                         tocsin.sig3(tocsin.j_num(d->'write_bps'))]::real[] as v
              from jsonb_array_elements(facts->'disks') d
            union all
            select 'net', d->>'name', array[tocsin.sig3(tocsin.j_num(d->'rx_bps')), tocsin.sig3(tocsin.j_num(d->'tx_bps')),
                                            tocsin.j_num(d->'rx_err'), tocsin.j_num(d->'tx_err'), null]::real[]
              from jsonb_array_elements(facts->'nets') d
             where d->>'name' !~ '^(lo$|veth|br-|docker|cali|cni|flannel|virbr|tap|vnet)') x
     order by x.kind, x.name
$$;
