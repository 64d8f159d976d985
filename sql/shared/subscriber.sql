-- What the subscribers of status pages are told: one message each in the outbox, in order, as
-- everybody's. Its body is the same for all of a page; what is a subscriber's own (address,
-- secret, the link that ends it) is joined when it is claimed.

-- 256 bits that nobody guesses, as 43 characters of an address.
create or replace function tocsin.subscriber_token() returns text
language sql volatile security definer set search_path = '' as $$
    select translate(rtrim(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
                                         || uuid_send(gen_random_uuid())), 'base64'), '='), '+/', '-_')
$$;

create or replace function tocsin.subscriber_hash(token text) returns bytea
language sql immutable security definer set search_path = '' as $$
    select sha256(convert_to(token, 'UTF8'))
$$;

-- One who is written to: confirmed, and not given up.
create or replace function tocsin.subscriber_holds(s tocsin.subscriber) returns boolean
language sql immutable set search_path = '' as $$
    select s.confirm is null and s.confirmed_at is not null and s.disabled_at is null
$$;

-- A moment in the page's zone: "2026-11-21 04:00 Europe/Berlin".
create or replace function tocsin.page_time(p tocsin.page, at timestamptz) returns text
language plpgsql stable set search_path = '' as $$
begin
    return to_char(at at time zone p.zone, 'YYYY-MM-DD HH24:MI') || ' ' || p.zone;
exception when invalid_parameter_value then
    return to_char(at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC';
end $$;

-- What a message says of its page; the notifier makes the address of it.
create or replace function tocsin.subscriber_page(p tocsin.page) returns jsonb
language sql immutable set search_path = '' as $$
    select jsonb_build_object('id', p.id, 'slug', p.slug, 'title', p.title, 'url', p.url)
$$;

-- One message to each subscriber of the page who wants to know of one of the components. Told
-- twice it is one message: `key` says of what.
create or replace function tocsin.subscribers_tell(p tocsin.page, components bigint[], incident bigint,
                                                   event text, key text, body jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
    n integer;
begin
    insert into tocsin.outbox (key, owner, subscriber, incident, event, body)
    select 'subscriber-' || s.id || '-' || subscribers_tell.key, p.owner, s.id, subscribers_tell.incident,
           subscribers_tell.event,
           body || jsonb_build_object('event', subscribers_tell.event, 'lang', p.lang,
                                      'page', tocsin.subscriber_page(p))
      from tocsin.subscriber s
     where s.page = p.id and tocsin.subscriber_holds(s)
       and (s.components is null or s.components && subscribers_tell.components)
     order by s.id
    on conflict on constraint outbox_key_key do nothing;
    get diagnostics n = row_count;
    if n > 0 then
        perform pg_notify('tocsin_work', 'outbox');
    end if;
    return n;
end $$;

-- The names of components, as the public reads them.
create or replace function tocsin.component_names(ids bigint[]) returns jsonb
language sql stable security definer set search_path = '' as $$
    select coalesce(jsonb_agg(c.name order by c.position), '[]') from tocsin.component c where c.id = any (ids)
$$;

-- An incident was published, updated or resolved: event is the row of its history that says
-- so. Nothing goes when nobody outside reads of the incident.
create or replace function tocsin.tell_incident(incident bigint, event bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    i   tocsin.incident;
    e   tocsin.incident_event;
    on_ record;
begin
    select * into i from tocsin.incident x where x.id = tell_incident.incident and x.published_at is not null;
    select * into e from tocsin.incident_event x where x.id = tell_incident.event and x.incident = i.id and x.public;
    if e.id is null or not exists (select from tocsin.subscriber) then
        return;
    end if;
    for on_ in
        select p as page, array_agg(c.id) as ids, min(c.name) as name
          from tocsin.incident_components(i) c join tocsin.page p on p.id = c.page
         where p.enabled and (p.owner = i.owner or p.access = 'public')
           and tocsin.incident_shown(i, p.publish)
         group by p
    loop
        perform tocsin.subscribers_tell(on_.page, on_.ids, i.id, 'incident', 'update-' || e.id,
            jsonb_build_object('at', tocsin.ts(e.at),
                'incident', jsonb_build_object('id', i.id, 'severity', i.severity,
                    'title', coalesce(nullif(i.public_title, ''),
                                      case when i.auto then on_.name || ' is down' end, i.title),
                    'started_at', tocsin.ts(i.started_at), 'resolved_at', tocsin.ts(i.resolved_at)),
                'phase', coalesce(e.phase, i.phase), 'body', e.body,
                'when', tocsin.page_time(on_.page, e.at),
                'components', tocsin.component_names(on_.ids)));
    end loop;
end $$;

-- An occurrence of a maintenance window is announced, starts or ends; what is the word
-- 'announced', 'started' or 'ended'.
create or replace function tocsin.tell_maintenance(occurrence bigint, what text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    o    tocsin.occurrence;
    w    tocsin.maintenance;
    till timestamptz;
    on_  record;
begin
    select * into o from tocsin.occurrence x where x.id = tell_maintenance.occurrence;
    select * into w from tocsin.maintenance x where x.id = o.maintenance;
    if w.id is null or not w.show or not exists (select from tocsin.subscriber) then
        return;
    end if;
    till := least(o.ends_at, o.cancelled_at);
    for on_ in
        with covered as materialized (select m.id, m.owner, m.group_name
                                        from tocsin.maintenance_covers(w.id) x
                                        join tocsin.monitor m on m.id = x)
        select p as page, array_agg(distinct c.id) as ids
          from covered m
          left join tocsin.app a on a.monitor = m.id
          join tocsin.component c on c.kind in ('monitor', 'host') and c.monitor = m.id
                                  or c.kind = 'host' and c.monitor = a.host
                                  or c.kind = 'group' and m.group_name <> '' and c.group_name = m.group_name
          join tocsin.page p on p.id = c.page and p.enabled and p.owner = m.owner
         group by p
    loop
        perform tocsin.subscribers_tell(on_.page, on_.ids, null, 'maintenance',
            'occurrence-' || o.id || '-' || what,
            jsonb_build_object('at', tocsin.ts(now()), 'what', what,
                'maintenance', jsonb_build_object('id', w.id, 'title', w.title,
                    'starts_at', tocsin.ts(o.starts_at), 'ends_at', tocsin.ts(till)),
                'body', w.description, 'from', tocsin.page_time(on_.page, o.starts_at),
                'until', tocsin.page_time(on_.page, till),
                'components', tocsin.component_names(on_.ids)));
    end loop;
end $$;

-- ---------------------------------------------------------------- one asks to be told

-- A page's row for an address, not confirmed, and the message that asks for it: to a mailbox a
-- link, to a webhook a word that it must answer with. At most one an hour to an address,
-- whoever asks and for whichever page; false: it had one.
create or replace function tocsin.subscriber_ask(p tocsin.page, type text, address text, components bigint[])
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
    token constant text := tocsin.subscriber_token();
    s     tocsin.subscriber;
begin
    -- two at once are one after the other
    perform pg_advisory_xact_lock(20262, hashtext(subscriber_ask.address));
    if exists (select from tocsin.subscriber x
                where x.address = subscriber_ask.address and x.mailed_at > now() - interval '1 hour') then
        return false;
    end if;
    insert into tocsin.subscriber as x (page, type, address, components, secret, confirm, unsubscribe, mailed_at)
    values (p.id, subscriber_ask.type, subscriber_ask.address, subscriber_ask.components,
            case when subscriber_ask.type = 'webhook'
                 then jsonb_build_object('secret', tocsin.webhook_secret()) else '{}' end,
            tocsin.subscriber_hash(token), tocsin.subscriber_token(), now())
    on conflict on constraint subscriber_page_type_address_key do update
       set mailed_at = now(),
           confirm = case when tocsin.subscriber_holds(x) then null else excluded.confirm end,
           components = case when tocsin.subscriber_holds(x) then x.components else excluded.components end
    returning * into s;
    insert into tocsin.outbox (key, owner, subscriber, event, body)
    values ('subscriber-' || s.id || '-confirm-' || gen_random_uuid(), p.owner, s.id, 'confirm',
            jsonb_build_object('event', 'confirm', 'lang', p.lang, 'at', tocsin.ts(now()),
                'page', tocsin.subscriber_page(p))
            -- who is told already gets the way to his settings instead
            || case when s.confirm is null then jsonb_build_object('known', true)
                    else jsonb_build_object('token', token) end);
    perform pg_notify('tocsin_work', 'outbox');
    return true;
end $$;

create or replace function tocsin.subscriber_confirmed(s tocsin.subscriber) returns tocsin.subscriber
language sql volatile security definer set search_path = '' as $$
    update tocsin.subscriber x
       set confirm = null, confirmed_at = now(), failures = 0, disabled_at = null
     where x.id = s.id
    returning x
$$;

-- How a message to a subscriber ended. Five that could not be delivered in a row, or a
-- webhook that says it is gone, and no more is sent.
create or replace function tocsin.subscriber_heard(o tocsin.outbox, ok boolean, gone boolean) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
    s tocsin.subscriber;
begin
    update tocsin.subscriber x
       set failures = case when ok then 0 else x.failures + 1 end,
           disabled_at = case when not ok and x.disabled_at is null and (gone or x.failures >= 4)
                              then now() else x.disabled_at end
     where x.id = o.subscriber and (not ok or x.failures > 0)
    returning * into s;
    if s.disabled_at is not null then
        update tocsin.outbox x set state = 'cancelled', done_at = now(), error = 'the subscriber is disabled'
         where x.subscriber = s.id and x.state = 'pending' and x.id <> o.id;
    end if;
end $$;
