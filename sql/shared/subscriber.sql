-- What the subscribers of status pages are told.

-- An incident was published, updated or resolved: event is the row of its history that says
-- so. Nothing goes when nobody outside reads of the incident.
create or replace function tocsin.tell_incident(incident bigint, event bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    return;
end $$;

-- An occurrence of a maintenance window is announced, starts or ends; what is the word
-- 'announced', 'started' or 'ended'.
create or replace function tocsin.tell_maintenance(occurrence bigint, what text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    return;
end $$;
