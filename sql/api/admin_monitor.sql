-- Every owner's monitors, for the administrator.
create or replace function api.admin_monitors(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'admin');
begin
    return tocsin.monitor_page(who, input);
end $$;
