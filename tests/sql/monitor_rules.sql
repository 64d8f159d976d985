-- Settings: how an address is kept, what does not fit together, what is a secret.
select test.eq(tocsin.kept_url(' HTTPS://Example.COM:8443/A?B#c '), 'https://example.com:8443/A?B', 'scheme and host are small, a fragment is never sent');
select test.eq(tocsin.kept_url('http://EXAMPLE.com'), 'http://example.com', 'a path is not made up');

create function test.rule(input jsonb, field text) returns text language sql as $$
    select tocsin.monitor_errors(tocsin.monitor_new(1, '{"url": "http://example.org/"}' || input)) ->> field
$$;
select test.ok(tocsin.monitor_errors(tocsin.monitor_new(1, '{"url": "http://example.org/"}')) is null, 'the usual settings fit');
select test.ok(test.rule('{"url": "http://a@b/"}', 'url') is not null, 'no user in an address');
select test.ok(test.rule('{"interval": 10, "timeout": 11}', 'timeout') is not null, 'a check ends before the next begins');
select test.ok(test.rule('{"interval": 5}', 'timeout') is null, 'a short interval brings a short timeout');
select test.ok(test.rule('{"degraded_above": 10000}', 'degraded_above') is not null, 'slow is less than too late');
select test.ok(test.rule('{"method": "HEAD", "keyword": "x"}', 'keyword') is not null, 'HEAD has no body to search');
select test.ok(test.rule('{"expect": "299-200"}', 'expect') is not null, 'a range runs upwards');
select test.ok(test.rule('{"expect": "200 - 299, 404"}', 'expect') is null, 'spaces do not matter');
select test.ok(test.rule(jsonb_build_object('headers', jsonb_build_object('X', e'a\r\nY: b')), 'headers') is not null, 'no line break in a header');
select test.ok(test.rule('{"headers": {"Upgrade": "h2c"}}', 'headers') is not null, 'nothing that belongs to the connection');
select test.ok(test.rule('{"headers": {"X-A": "1", "x-a": "2"}}', 'headers') is not null, 'each header once');
select test.ok(test.rule('{"headers": {"Cookie": null}}', 'headers') is not null, 'null keeps a value, and there is none');
select test.ok(test.rule('{"tags": ["a,b"]}', 'tags') is not null, 'a comma parts tags');
select test.eq((tocsin.monitor_new(1, '{"url": "https://example.org/status/?x=1"}')).name, 'example.org/status', 'a name comes from the address');

select test.eq(tocsin.shown_headers('{"Authorization": "a", "x-API-token": "b", "My-Secret": "c", "Accept": "d"}'),
               '{"Authorization": null, "x-API-token": null, "My-Secret": null, "Accept": "d"}'::jsonb, 'secrets are not shown');
select test.eq((tocsin.monitor_with(tocsin.monitor_new(1, '{"url": "http://a/", "headers": {"Cookie": "k", "A": "1"}}'),
                                    '{"headers": {"cookie": null, "B": "2"}}')).headers,
               '{"cookie": "k", "B": "2"}'::jsonb, 'a null keeps what is stored under that name');

-- a status is believed as long as it is measured
select test.eq(tocsin.shown_status(1::smallint, now() - interval '149 s', 60), 1::smallint, 'two intervals and a half minute');
select test.eq(tocsin.shown_status(1::smallint, now() - interval '151 s', 60), 0::smallint, 'and not longer');
select test.eq(tocsin.shown_status(3::smallint, now() - interval '1 h', 60), 0::smallint, 'nor is an outage');
select test.eq(tocsin.shown_status(5::smallint, now() - interval '1 h', 60), 5::smallint, 'a pause is');
