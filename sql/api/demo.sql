-- Who everybody is in a demonstration; no row where there is none.
create or replace function api.demo_identity()
returns table (account bigint, email text, name text)
language sql stable security definer set search_path = '' as $$
    select a.id, a.email, a.name from tocsin.account a
     where a.id = (select (s.value ->> 'account')::bigint from tocsin.setting s where s.key = 'demo')
       and a.disabled_at is null
$$;
