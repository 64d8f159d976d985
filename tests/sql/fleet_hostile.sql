-- Agents that say nonsense hurt nobody but themselves.
select test.host(), test.host('vm-2');
select test.polled(test.said(6, '{"web": "running"}'), test.said(7, '{"api": "running"}'));

select test.eq(test.polled(a::jsonb, test.said(7, '{"api": "failed"}', 700), test.said(7, '{"api": "running"}')) >= 2, true, 'with ' || left(a, 60))
  from (values ('null'), ('7'), ('"x"'), ('[]'), ('{}'), ('{"host": "6"}'), ('{"host": 999, "ok": true}'), ('{"host": 1, "ok": true, "state": {"host": {}, "apps": []}}'),
               ('{"host": 6, "ok": "yes"}'), ('{"host": 6, "ok": true}'), ('{"host": 6, "ok": true, "state": []}'), ('{"host": 6, "ok": true, "state": {"host": 1, "apps": []}}'),
               ('{"host": 6, "ok": true, "state": {"host": {}, "apps": {"a": 1}}}'), ('{"host": 1e40, "ok": true}'), ('{"host": 6.5, "ok": false, "age_ms": -1e30, "error": {}}'),
               ('{"host": 6, "ok": false, "age_ms": "x", "error": "timeout", "message": 5}')) v (a);
select test.eq((test.status(6), test.status(test.app('web')), (select count(*)::integer from tocsin.app a where a.host = 6))::text, '(1,1,1)', 'nothing of it changed the other host');
select test.eq(h.error, 'timeout', 'it says what was wrong') from tocsin.host h where h.monitor = 6;

-- wrong types everywhere
select test.polled(jsonb_build_object('host', 6, 'ok', true, 'age_ms', 0, 'ms', '[]'::jsonb, 'state', '{
    "agent": {"version": 7, "boot_id": [], "cert_not_after": "soon", "conf_rev": {"a": 1}},
    "host": {"os": 1, "cores": "two", "uptime_s": "long", "boot_at": -1e20, "reboot_needed": "no", "cpu": [1, 2], "memory": {"total": "x", "used": {}},
             "load": {"1": 2}, "pressure": 5, "disks": [1, null, {"mount": 5}, {"mount": "/x", "total": "big", "used": 1e30}, {"mount": "/y", "used": -5, "total": 1e16}],
             "nets": "eth0"},
    "apps": [1, null, [], {"id": 5, "type": "systemd"}, {"id": "../etc", "type": "systemd"}, {"id": "ok", "type": "windows"}, {"id": "", "type": "docker"},
             {"id": "web", "type": "systemd", "state": 5, "sub": {}, "since": "now", "restarts": 1e15, "invocation": 7, "exit": "x", "health": [], "cpu": "a lot",
              "memory": [], "fds": 1.5e300, "tasks": null, "env": [1, {}, "main"], "ports": [80, "443/udp", {}, null], "deploy": "yes", "name": "a\nb\u0007c"},
             {"id": "web", "type": "docker", "state": "failed"}]}'::jsonb));
select test.eq((select h.error from tocsin.host h where h.monitor = 6), '7 of the apps in its answer could not be read', 'it is told');
select test.eq(test.status(test.app('web')), 0, 'a state that is no word is not known');
select test.eq((select (a.title, a.restarts, a.facts->'env', a.facts->'ports')::text from tocsin.app a where a.key = 'web'), '("a b c",0,"[""main""]","[80, ""443/udp""]")', 'what is left of it');
select test.eq(jsonb_path_query_array(l.facts, '$.disks[*].mount')::text, '["/x", "/y"]', 'disks with a name') from tocsin.fleet_latest l where l.monitor = 6;
select test.eq((api.host_read((select a.id from tocsin.account a), 6, '{}'))->>'mem_pct', null, 'and it can be read');

-- an app that is listed in a way that cannot be read is not gone
select test.polled(jsonb_build_object('host', 6, 'ok', true, 'state', '{"agent": {}, "host": {}, "apps": [{"id": "web", "type": 5}]}'::jsonb));
select test.eq((select a.gone_at from tocsin.app a where a.key = 'web'), null, 'it stays on the list');

-- far too much
select test.polled(jsonb_build_object('host', 6, 'ok', true, 'state', jsonb_build_object('agent', '{}'::jsonb, 'host', jsonb_build_object(
        'disks', (select jsonb_agg(jsonb_build_object('mount', '/' || repeat('d', 500) || i, 'total', 1, 'used', 1)) from generate_series(1, 400) i),
        'nets', (select jsonb_agg(jsonb_build_object('name', 'eth' || i, 'rx_bps', i)) from generate_series(1, 400) i)),
    'apps', (select jsonb_agg(jsonb_build_object('id', 'app-' || i, 'type', 'docker', 'state', 'running')) from generate_series(1, 400) i))));
select test.ok((select count(*) from tocsin.app a where a.host = 6) <= 201, 'apps have a bound');
select test.ok((select count(*) from tocsin.fleet_part p where p.host = 6) <= 70, 'so have disks and networks');
select test.eq((select h.error from tocsin.host h where h.monitor = 6), 'its list has more than 200 apps: the first 200 count', 'it is told');

-- should an answer break a rule of the database after all, the others are taken
alter table tocsin.app add constraint surprise check (key <> 'bad');
select test.eq(test.polled(test.said(6, '{"bad": "running"}'), test.said(7, '{"api": "failed"}')), 1, 'the other host''s');
select test.ok((select h.error like 'its answer could not be taken: %' from tocsin.host h where h.monitor = 6), 'and it is told');

-- a host that is not trusted, or deleted, says nothing
update tocsin.host set pin = null where monitor = 7;
select test.eq(test.polled(test.said(7, '{"api": "running"}')), 0, 'without a pin');
