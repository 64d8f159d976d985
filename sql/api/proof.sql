-- When somebody who is signed in has proved last who he is: at sign-in, and whenever the
-- modules have checked his password again. What is dangerous asks for a proof not older than
-- a quarter of an hour.

-- Seconds since then; no row for a session that is over, null for one that never proved it.
create or replace function api.session_proof(which uuid)
returns table (age_s integer)
language sql stable security definer set search_path = '' as $$
    select greatest(floor(extract(epoch from clock_timestamp() - s.proved_at)), 0)::integer
      from tocsin.session s where s.id = which and s.revoked_at is null and s.expires_at > now()
$$;

-- The password of the caller was right (who calls has checked it); input.@.session is the session.
create or replace function api.session_prove(caller bigint, id bigint, input jsonb) returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    a  tocsin.account := tocsin.caller(caller, 'viewer');
    at timestamptz;
begin
    update tocsin.session s set proved_at = clock_timestamp()
     where s.id = (input #>> '{@,session}')::uuid and s.account = a.id and s.revoked_at is null
    returning s.proved_at into at;
    if at is null then
        return null;
    end if;
    perform tocsin.audit(a.id, input, 'session.prove', 'session', input #>> '{@,session}');
    return json_build_object('proved_at', tocsin.ts(at), 'until', tocsin.ts(at + interval '15 minutes'));
end $$;
