-- A role's rank, to compare: viewer 1 … admin 4, anything else 0. Without a search_path
-- of its own, so that it is inlined: it is asked at every call.
create or replace function tocsin.role_rank(role text)
returns int
language sql immutable parallel safe as $$
    select case role when 'viewer' then 1 when 'member' then 2 when 'operator' then 3
                     when 'admin' then 4 else 0 end
$$;

-- Who calls: the account's row, read now, so that a demoted or disabled one is refused at
-- once whatever its token says. Every request pays for it, so it runs as its caller does, and
-- under the caller's search_path, which is empty.
create or replace function tocsin.caller(caller bigint, needs text default 'viewer')
returns tocsin.account
language plpgsql stable as $$
declare
    a tocsin.account;
begin
    select * into a from tocsin.account where id = caller and disabled_at is null;
    if a.id is null then
        raise exception using errcode = 'PT401', message = 'sign in first';
    end if;
    if tocsin.role_rank(a.role) < tocsin.role_rank(needs) then
        raise exception using errcode = 'PT403',
            message = 'this needs the role ' || needs || '; yours is ' || a.role;
    end if;
    return a;
end $$;
