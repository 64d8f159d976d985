"""doubles: what Tocsin talks to. Sites to watch, receivers of webhooks, a mail server."""
import email
import email.policy
import http.server
import socket
import threading

from aiosmtpd.controller import Controller

from . import host


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024
    allow_reuse_address = True

    def handle_error(self, request, address):
        pass  # a client that went away is no failure of ours


class Listener:
    """An HTTP server in a thread, on one port for life; it can be stopped and started."""

    def __init__(self, port=0):
        self.port = port or host.free_port()
        self.server = None
        self.start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.port}/'

    def start(self):
        self.server = Server(('127.0.0.1', self.port), self.handler())
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """Connections are refused from here on."""
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class Site(Listener):
    """A web site: answers any request with .status, .headers and .body, .delay seconds late."""

    def __init__(self, status=200, body='<h1>it works</h1>', port=0):
        self.status, self.body, self.delay, self.headers = status, body, 0, {}
        self.hits, self.seen = 0, []
        self.go = threading.Event()
        super().__init__(port)

    def handler(self):
        site = self

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def answer(self):
                length = int(self.headers.get('Content-Length') or 0)
                sent = self.rfile.read(length)
                site.hits += 1
                site.seen = [*site.seen[-99:], (self.command, self.path, dict(self.headers), sent)]
                if site.delay:
                    site.go.wait(site.delay)
                body = site.body if isinstance(site.body, bytes) else site.body.encode()
                self.send_response(site.status)
                for name, value in site.headers.items():
                    self.send_header(name, value)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if self.command != 'HEAD':
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

            def log_message(self, *_):
                pass
        return Answer


class Hook(Listener):
    """A receiver of webhooks: .requests is a list of {path, headers, body} as they came."""

    def __init__(self, status=200, body=b'ok', port=0):
        self.status, self.body, self.requests, self.headers = status, body, [], {}
        super().__init__(port)

    def handler(self):
        hook = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                hook.requests.append({'path': self.path, 'headers': dict(self.headers), 'body': body})
                self.send_response(hook.status)
                for name, value in hook.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(hook.body)

            def log_message(self, *_):
                pass
        return Answer

    def wait(self, n=1, timeout=15):
        host.wait(lambda: len(self.requests) >= n, timeout, f'{n} requests at the webhook')
        return self.requests


class Smtp:
    """A mail server: .messages are parsed (EmailMessage with .mail_from, .rcpt_tos)."""

    def __init__(self, **options):
        self.messages, self.refuse = [], None
        self.port = host.free_port()
        self.controller = Controller(self, hostname='127.0.0.1', port=self.port, **options)
        self.controller.start()

    @property
    def url(self):
        return f'smtp://127.0.0.1:{self.port}'

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message.mail_from, message.rcpt_tos = envelope.mail_from, envelope.rcpt_tos
        self.messages.append(message)
        return '250 OK'

    def wait(self, n=1, timeout=15, to=None):
        """The messages, as soon as there are n (to that address)."""
        def found():
            return [m for m in self.messages if not to or to in m.rcpt_tos]
        host.wait(lambda: len(found()) >= n, timeout, f'{n} messages' + (f' to {to}' if to else ''))
        return found()

    def stop(self):
        self.controller.stop()


def dead_port():
    """A port that refuses connections as long as the returned socket is kept."""
    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    return s
