-- What a change of status brings about, row by row.
insert into tocsin.channel (owner, type, name, events) values
    (1, 'webhook', 'no slowness', '{down,up}'), (1, 'webhook', 'slowness only', '{degraded}'),
    (1, 'webhook', 'off', '{down,up,degraded}');
update tocsin.channel set enabled = false where name = 'off';
insert into tocsin.monitor_channel select 1, c.id from tocsin.channel c where c.id > 1;

create function test.step(status integer, incidents text, everything text, brief text, slow text, claim text)
returns void language plpgsql as $$
declare
    have text[];
begin
    delete from tocsin.outbox;
    perform tocsin.transit(1, status, clock_timestamp(), 2, 503, 'because');
    perform test.eq(test.incidents(1), incidents, claim || ': incidents');
    have := array(select coalesce((select o.event from tocsin.outbox o where o.channel = c.id), '')
                    from tocsin.channel c order by c.id);
    perform test.eq(have, array[everything, brief, slow, ''], claim || ': messages');
end $$;

select test.step(1, '', '', '', '', 'up at first tells nobody');
select test.step(3, 'open', 'down', 'down', '', 'down');
select test.step(0, 'open', '', '', '', 'down and then unknown: the incident stays');
select test.step(3, 'open', '', '', '', 'still the same outage, told once');
select test.step(1, 'closed', 'up', 'up', '', 'up');
select test.step(0, 'closed', '', '', '', 'unknown');
select test.step(1, 'closed', '', '', '', 'up as before: nothing to tell');
select test.step(2, 'closed', 'degraded', '', 'degraded', 'slow');
select test.step(0, 'closed', '', '', '', 'slow and then unknown');
select test.step(2, 'closed', '', '', '', 'slow as before');
select test.step(1, 'closed', 'up', '', '', 'quick again, for those who heard that it was slow');
select test.step(2, 'closed', 'degraded', '', 'degraded', 'slow again');
select test.step(3, 'closed,open', 'down', 'down', '', 'slow, then down');
select test.step(2, 'closed,closed', 'degraded', 'up', 'degraded', 'back, but slow');
select test.step(3, 'closed,closed,open', 'down', 'down', '', 'a third outage');
select test.step(5, 'closed,closed,closed', '', '', '', 'paused: closed, nobody is told');
select test.step(0, 'closed,closed,closed', '', '', '', 'resumed');
select test.step(1, 'closed,closed,closed', '', '', '', 'up after a pause');
select test.step(0, 'closed,closed,closed', '', '', '', 'unknown');
select test.step(3, 'closed,closed,closed,open', 'down', 'down', '', 'down from unknown is told');
update tocsin.incident set resolved_at = clock_timestamp(), resolved_by = 'ann' where resolved_at is null;
select test.step(1, 'closed,closed,closed,closed', 'up', 'up', '', 'up is told though somebody closed the incident by hand');
select test.step(5, 'closed,closed,closed,closed', '', '', '', 'paused again');
select test.step(3, 'closed,closed,closed,closed,open', 'down', 'down', '', 'down');

-- the trail has no gap and no repetition
select test.eq(count(*)::integer, 0, 'transitions alternate, without a gap')
  from (select t.*, lag(t.status, 1, 0::smallint) over (order by t.seq) as before,
               lag(t.seq, 1, 0::bigint) over (order by t.seq) as last
          from tocsin.transition t where t.monitor = 1) t
 where t.status = t.before or t.prev <> t.before or t.seq <> t.last + 1;
select test.eq(tocsin.transit(1, 3), 0, 'no change is no transition');
select test.eq(count(*), (select count(*) from tocsin.transition where monitor = 1), 'every transition is told to open pages')
  from tocsin.event where kind = 'status' and ref = 1;
select test.eq(count(*)::integer, 8, 'so is every change of an incident') from tocsin.event where kind = 'incident';
select test.eq(count(*)::integer, 8, 'the timeline says when they opened and closed') from tocsin.incident_event;

-- what a message says
select test.eq(o.body - 'at' - 'incident', '{"event": "down", "status": "down", "previous": "paused", "reason": "connect_refused",
    "reason_text": "the connection was refused", "message": "because", "code": 503,
    "monitor": {"id": 1, "name": "site 1", "url": "https://example.com/1", "type": "http"}}'::jsonb, 'body')
  from tocsin.outbox o where o.channel = 1;
select test.ok(o.body #>> '{incident,id}' = o.incident::text and o.body #>> '{incident,started_at}' = o.body ->> 'at',
               'it names the incident') from tocsin.outbox o where o.channel = 1;
select test.later('90 seconds');
select tocsin.transit(1, 1);
select test.ok((o.body ->> 'duration_s')::integer between 90 and 92, 'up says how long it took')
  from tocsin.outbox o where o.channel = 1 and o.event = 'up';
select test.eq(count(distinct o.key), count(*), 'keys are unique') from tocsin.outbox o;
