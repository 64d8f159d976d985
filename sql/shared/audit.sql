-- An address as httpd writes it: a link-local one has a zone (fe80::1%eth0), an inet has none.
create or replace function tocsin.address(written text)
returns inet
language sql immutable set search_path = '' as $$
    select split_part(written, '%', 1)::inet
$$;

-- Write down who did what. input->'@' is what the modules know of the request. The
-- caller of this function leaves secrets out of before and after.
create or replace function tocsin.audit(caller bigint, input jsonb, action text,
                                        object_type text, object_id text,
                                        before jsonb default null, after jsonb default null)
returns void
language sql volatile security definer set search_path = '' as $$
    insert into tocsin.audit (actor, actor_name, address, request, action, object_type,
                              object_id, before, after)
    values (caller,
            coalesce((select a.email from tocsin.account a where a.id = caller), ''),
            tocsin.address(input #>> '{@,address}'),
            coalesce(input #>> '{@,request}', ''),
            action, object_type, coalesce(object_id, ''), before, after)
$$;

-- The same for many things at once: one statement, one lookup of the actor.
create or replace function tocsin.audit_many(caller bigint, input jsonb, action text,
                                             object_type text, object_id text[],
                                             before jsonb[] default null,
                                             after jsonb[] default null)
returns void
language sql volatile security definer set search_path = '' as $$
    insert into tocsin.audit (actor, actor_name, address, request, action, object_type,
                              object_id, before, after)
    select caller,
           coalesce((select a.email from tocsin.account a where a.id = caller), ''),
           tocsin.address(input #>> '{@,address}'),
           coalesce(input #>> '{@,request}', ''),
           action, object_type, o.id, before[o.n], after[o.n]
      from unnest(object_id) with ordinality o (id, n)
$$;
