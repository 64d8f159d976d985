-- What open pages are told.
--
--   kind      ref       body
--   status    monitor   {status, previous, since, reason, message, code, incident}
--   incident  incident  {monitor, change: opened|acknowledged|comment|edited|resolved|reopened|update|
--                      published|withdrawn|postmortem}
--   monitor   monitor   {change: created|updated|paused|resumed|deleted|restored}
--   channel   channel   {change: created|updated|deleted|disabled}
--   page      page      {change: created|updated|deleted, slug}
--   delivery  outbox    {channel, monitor, event, state}
--   test      null      {key}
--   host      host      {status, cpu, mem, load, seen}, or {change: updated|deleted|granted}
--   app       app       {state, status, cpu, mem}, or {change: created|updated|deleted|gone|back|granted|
--                      env|gave-up}
--   action    action    {app, kind, state, error}
--   deploy    action    {app, state, step}
--   enrolled  host      {enrolment, name}
--   account   account   {}          by a trigger; never sent: streams look again who may listen
--
-- The owner and everybody who may see all get an event; owner 0 is for the latter only. Those of
-- hosts and apps go to whoever has a grant, too (tocsin.fleet_emit).
-- Secrets never go in here. In a page's stream the body also has id (ref), owner and at.

-- Tell one thing. For many: insert into tocsin.event … select, then one
-- pg_notify('tocsin_live', '') in the same transaction.
create or replace function tocsin.emit(kind text, owner bigint, ref bigint, body jsonb default '{}')
returns void
language sql volatile security definer set search_path = '' as $$
    insert into tocsin.event (kind, owner, ref, body)
    values (emit.kind, emit.owner, emit.ref, coalesce(emit.body, '{}'));
    select pg_catalog.pg_notify('tocsin_live', '');
$$;
