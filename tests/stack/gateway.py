"""gateway: a double of tocsind's gateway to the agents, on its socket, which answers as a test
says: for what httpd does with answers, good and bad. The real one is in the stack with agents."""
import http.server
import json
import os
import re
import socketserver
import threading


class Answer:
    """What is answered: an object, or bytes as they are on the wire (`raw`), or a stream: a
    generator of bytes."""

    def __init__(self, body=None, status=200, headers=None, raw=None, stream=None):
        self.body, self.status, self.headers = body, status, headers or {}
        self.raw, self.stream = raw, stream


class Call:
    def __init__(self, method, path, headers, body):
        self.method, self.headers, self.body = method, headers, body
        self.path, _, self.query = path.partition('?')

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f'{self.method} {self.path}?{self.query}'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def address_string(self):
        return 'httpd'

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get('Content-Length') or 0)
        call = Call(self.command, self.path, self.headers, self.rfile.read(length))
        gateway = self.server.gateway
        gateway.calls.append(call)
        answer = gateway.answer_of(call)
        self.close_connection = True
        if answer.raw is not None:
            self.wfile.write(answer.raw)
        elif answer.stream is not None:
            self.send_stream(answer)
        else:
            self.send_whole(answer)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def send_whole(self, answer):
        body = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_stream(self, answer):
        self.send_response(answer.status)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        for piece in answer.stream:
            self.wfile.write(b'%x\r\n%s\r\n' % (len(piece), piece))
        self.wfile.write(b'0\r\n\r\n')


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 1000

    def handle_error(self, *_):
        pass  # httpd hung up


class Gateway:
    """
    .calls is what was asked. .on(method, pattern, answer): what is answered to a path that
    matches; answer is an Answer, an object, or a function of the call that gives one.
    """

    def __init__(self, path):
        self.path, self.calls, self.answers, self.server = str(path), [], [], None
        self.start()

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = Server(self.path, Handler)
        self.server.gateway = self
        os.chmod(self.path, 0o666)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        os.unlink(self.path)

    def on(self, method, pattern, answer):
        self.answers.insert(0, (method, re.compile(pattern), answer))

    def answer_of(self, call):
        for method, pattern, answer in self.answers:
            if method == call.method and pattern.fullmatch(call.path):
                answer = answer(call) if callable(answer) else answer
                return answer if isinstance(answer, Answer) else Answer(answer)
        return Answer({'error': "no such app on this host's list"}, 404)


def host_and_app(s, owner, key='web', name='vm-1', **facts):
    """Rows of a host and of one app on it, as if its agent had told of them."""
    host, app = (s.db("insert into tocsin.monitor (owner, type, name, url, interval_s, retries) "
                      "values (%s, %s, %s, '', 30, 1) returning id", owner, kind, called)[0][0]
                 for kind, called in (('host', name), ('app', f'{key} on {name}')))
    s.db("insert into tocsin.host (monitor, address, pin) values (%s, '10.0.0.1:7443', repeat('x', 43))", host)
    s.db("insert into tocsin.app (monitor, host, key, title, kind, unit, state, facts) "
         "values (%s, %s, %s, %s, 'systemd', 'x.service', 'running', %s)", app, host, key, key, json.dumps({'deploy': True, **facts}))
    for monitor in (host, app):
        s.db('insert into tocsin.monitor_state (monitor, status) values (%s, 1) on conflict (monitor) do nothing', monitor)
    return host, app
