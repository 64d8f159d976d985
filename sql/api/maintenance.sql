-- Maintenance windows: list, create, read, change, cancel; and what is done to the one that
-- runs: end now, extend, skip one that is to come.

create or replace function api.maintenance_list(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who  tocsin.account := tocsin.caller(caller, 'viewer');
    most constant integer := coalesce((input ->> 'limit')::integer, 50);
    page tocsin.maintenance[];
begin
    page := array(
        select w from tocsin.maintenance w
         where tocsin.sees(who, w.owner)
           and (input ->> 'after' is null or w.id < (input ->> 'after')::bigint)
           and (input ->> 'owner' is null or w.owner = (input ->> 'owner')::bigint)
           and (input ->> 'q' is null or position(lower(input ->> 'q') in lower(w.title || e'\n' || w.description)) > 0)
           and (input ->> 'state' is null
                or tocsin.maintenance_state(w) = any (string_to_array(input ->> 'state', ',')))
           and (input ->> 'monitor' is null
                or exists (select from tocsin.maintenance_covers(w.id) c where c = (input ->> 'monitor')::bigint))
         order by w.id desc limit most + 1);
    return json_build_object(
        'items', coalesce((select json_agg(tocsin.maintenance_json(page[n]) order by n)
                             from generate_series(1, least(most, cardinality(page))) n), '[]'),
        'next', case when cardinality(page) > most then (page[most]).id::text end);
end $$;

create or replace function api.maintenance_read(caller bigint, id bigint, input jsonb)
returns json
language plpgsql stable security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'viewer');
    w   tocsin.maintenance;
begin
    select * into w from tocsin.maintenance x where x.id = maintenance_read.id and tocsin.sees(who, x.owner);
    return case when w.id is not null then tocsin.maintenance_full(w) end;
end $$;

-- The window that is about to be changed, locked; null when the caller may not see it.
create or replace function tocsin.maintenance_take(who tocsin.account, id bigint, input jsonb)
returns tocsin.maintenance
language plpgsql volatile security definer set search_path = '' as $$
declare
    w tocsin.maintenance;
begin
    select * into w from tocsin.maintenance x
     where x.id = maintenance_take.id and tocsin.sees(who, x.owner) for update;
    if input ->> 'if_match' <> w.version::text then
        perform tocsin.fail(412, 'The window was changed meanwhile: it has version ' || w.version || '.');
    end if;
    return w;
end $$;

-- What every change ends with: word of it to the audit and to open pages. The clockwork and the
-- publisher see by themselves what they have to do.
create or replace function tocsin.maintenance_said(w tocsin.maintenance, who tocsin.account, input jsonb,
                                                   change text, before jsonb default null)
returns json
language plpgsql volatile security definer set search_path = '' as $$
begin
    perform tocsin.audit(who.id, input, 'maintenance.' || case change
                             when 'created' then 'create' when 'updated' then 'update' when 'ended' then 'end'
                             when 'extended' then 'extend' when 'skipped' then 'skip'
                             when 'cancelled' then 'cancel' else 'delete' end,
                         'maintenance', w.id::text, before,
                         case when change <> 'deleted' then tocsin.maintenance_audit(w) end);
    perform tocsin.emit('maintenance', w.owner, w.id, jsonb_build_object('change', change));
    return tocsin.maintenance_full(w);
end $$;

create or replace function tocsin.maintenance_audit(w tocsin.maintenance) returns jsonb
language sql stable security definer set search_path = '' as $$
    select (tocsin.maintenance_json(w)::jsonb - '{version,id,created_at,created_by,owner}'::text[])
$$;

create or replace function api.maintenance_create(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    w   tocsin.maintenance;
begin
    w.owner := who.id;
    w.description := '';
    w.zone := 'UTC';
    w.starts_at := now();
    w.repeat := 'once';
    w.rule := '{}';
    w.everything := false;
    w.tags := '{}';
    w.groups := '{}';
    w.silence := true;
    w.pause := false;
    w.show := true;
    w.tell := true;
    w := tocsin.maintenance_with(w, input);
    insert into tocsin.maintenance (owner, title, description, zone, starts_at, duration_s, repeat, rule, until_at,
                                    everything, tags, groups, silence, pause, show, tell, tell_before_s, created_by)
    values (w.owner, w.title, w.description, w.zone, w.starts_at, w.duration_s, w.repeat, w.rule, w.until_at,
            w.everything, w.tags, w.groups, w.silence, w.pause, w.show, w.tell, w.tell_before_s, who.email)
    returning * into w;
    perform tocsin.maintenance_monitors(w, who, coalesce(input -> 'monitors', '[]'));
    perform tocsin.maintenance_ahead(w);
    return tocsin.maintenance_said(w, who, input, 'created');
end $$;

create or replace function api.maintenance_patch(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    old tocsin.maintenance := tocsin.maintenance_take(who, id, input);
    before constant jsonb := tocsin.maintenance_audit(old);
    w   tocsin.maintenance;
begin
    if old.id is null then
        return null;
    end if;
    if old.cancelled_at is not null then
        perform tocsin.fail(409, 'The window was cancelled: make a new one.');
    end if;
    w := tocsin.maintenance_with(old, input);
    update tocsin.maintenance x
       set title = w.title, description = w.description, zone = w.zone, starts_at = w.starts_at,
           duration_s = w.duration_s, repeat = w.repeat, rule = w.rule, until_at = w.until_at,
           everything = w.everything, tags = w.tags, groups = w.groups, silence = w.silence, pause = w.pause,
           show = w.show, tell = w.tell, tell_before_s = w.tell_before_s, version = x.version + 1
     where x.id = w.id returning * into w;
    perform tocsin.maintenance_monitors(w, who, input -> 'monitors');
    if input ?| '{zone,starts_at,ends_at,duration,repeat,rule,until}' then
        perform tocsin.maintenance_remake(w);
    end if;
    if input ? 'tell_before' then
        update tocsin.occurrence o set announce_at = o.starts_at - make_interval(secs => w.tell_before_s)
         where o.maintenance = w.id and o.starts_at > now();
    end if;
    return tocsin.maintenance_said(w, who, input, 'updated', before);
end $$;

-- The one that runs, for end and extend: refused when none does.
create or replace function tocsin.maintenance_running(w tocsin.maintenance) returns tocsin.occurrence
language plpgsql stable security definer set search_path = '' as $$
declare
    o tocsin.occurrence := tocsin.maintenance_current(w.id);
begin
    if o.id is null or o.starts_at > now() then
        perform tocsin.fail(409, 'The window is not in progress: it is ' || tocsin.maintenance_state(w) || '.');
    end if;
    return o;
end $$;

create or replace function tocsin.maintenance_touched(w tocsin.maintenance) returns tocsin.maintenance
language plpgsql volatile security definer set search_path = '' as $$
begin
    update tocsin.maintenance x set version = x.version + 1 where x.id = w.id returning * into w;
    return w;
end $$;

create or replace function api.maintenance_end(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    w   tocsin.maintenance := tocsin.maintenance_take(who, id, input);
    before constant jsonb := tocsin.maintenance_audit(w);
    o   tocsin.occurrence;
begin
    if w.id is null then
        return null;
    end if;
    o := tocsin.maintenance_running(w);
    update tocsin.occurrence x set ends_at = greatest(now(), x.starts_at + interval '1 ms') where x.id = o.id;
    return tocsin.maintenance_said(tocsin.maintenance_touched(w), who, input, 'ended', before);
end $$;

create or replace function api.maintenance_extend(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    w   tocsin.maintenance := tocsin.maintenance_take(who, id, input);
    before constant jsonb := tocsin.maintenance_audit(w);
    o   tocsin.occurrence;
begin
    if w.id is null then
        return null;
    end if;
    o := tocsin.maintenance_running(w);
    o.ends_at := o.ends_at + make_interval(secs => (input ->> 'seconds')::integer);
    if o.ends_at > o.starts_at + interval '31 days' then
        perform tocsin.fail(422, 'A window lasts 31 days at most.', 'seconds', 'must not make it longer than 31 days');
    end if;
    update tocsin.occurrence x set ends_at = o.ends_at where x.id = o.id;
    return tocsin.maintenance_said(tocsin.maintenance_touched(w), who, input, 'extended', before);
end $$;

create or replace function api.maintenance_skip(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    w   tocsin.maintenance := tocsin.maintenance_take(who, id, input);
    before constant jsonb := tocsin.maintenance_audit(w);
    o   tocsin.occurrence;
    t   record;
begin
    if w.id is null then
        return null;
    end if;
    t := tocsin.window_time(input ->> 'starts_at', w.zone);
    if t.error is not null then
        perform tocsin.fail(422, 'That is no time.', 'starts_at', t.error);
    end if;
    -- as it is told, to the millisecond
    select * into o from tocsin.occurrence x
     where x.maintenance = w.id and date_trunc('milliseconds', x.starts_at) = date_trunc('milliseconds', t.at);
    if o.id is null then
        perform tocsin.fail(422, 'The window does not begin at that time.', 'starts_at', 'is the start of no occurrence');
    elsif o.cancelled_at is not null then
        perform tocsin.fail(409, 'This occurrence is skipped already.');
    elsif o.starts_at <= now() then
        perform tocsin.fail(409, 'This occurrence has begun: end it instead.');
    end if;
    update tocsin.occurrence x set cancelled_at = now() where x.id = o.id;
    return tocsin.maintenance_said(tocsin.maintenance_touched(w), who, input, 'skipped', before);
end $$;

-- A window that is to come or runs is cancelled, and kept as such; the record of one that is
-- over goes for good. What it did to the monitors' history stays.
create or replace function api.maintenance_delete(caller bigint, id bigint, input jsonb)
returns json
language plpgsql volatile security definer set search_path = '' as $$
declare
    who tocsin.account := tocsin.caller(caller, 'member');
    w   tocsin.maintenance := tocsin.maintenance_take(who, id, input);
    before constant jsonb := tocsin.maintenance_audit(w);
begin
    if w.id is null then
        return null;
    end if;
    if tocsin.maintenance_state(w) in ('completed', 'cancelled') then
        perform tocsin.maintenance_said(w, who, input, 'deleted', before);
        delete from tocsin.maintenance x where x.id = w.id;
        return json_build_object('id', w.id);
    end if;
    update tocsin.occurrence o set cancelled_at = now()
     where o.maintenance = w.id and o.ends_at > now() and o.cancelled_at is null;
    update tocsin.maintenance x set cancelled_at = now(), version = x.version + 1
     where x.id = w.id returning * into w;
    perform tocsin.maintenance_said(w, who, input, 'cancelled', before);
    return json_build_object('id', w.id);
end $$;
