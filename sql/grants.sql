-- Who may call what, set anew at every upgrade: the modules call api, the daemon calls
-- work, and neither reads a table.
revoke all on schema tocsin, api, work from public, tocsin_web, tocsin_work;
revoke all on all tables in schema tocsin from public, tocsin_web, tocsin_work;
revoke all on all sequences in schema tocsin from public, tocsin_web, tocsin_work;
revoke all on all functions in schema tocsin, api, work from public, tocsin_web, tocsin_work;
grant usage on schema api to tocsin_web;
grant execute on all functions in schema api to tocsin_web;
grant usage on schema work to tocsin_work;
grant execute on all functions in schema work to tocsin_work;
