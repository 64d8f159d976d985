"""github: plays GitHub's REST API for one repository: paging, ETags, limits, and trouble when told."""
import hashlib
import http.server
import json
import threading
import time
import urllib.parse

NOW = '2025-11-05T12:00:00Z'


class Refusal(Exception):
    def __init__(self, status, message, **headers):
        super().__init__(message)
        self.status, self.headers = status, headers


class GitHub:
    """.issues by number; .trouble is a list of functions, each asked once before an answer."""

    def __init__(self, token='ghp_secret0123456789', per_page=100):
        self.token, self.per_page = token, per_page
        self.issues, self.comments, self.log, self.trouble = {}, {}, [], []
        self.remaining = 5000
        self.lock = threading.Lock()
        double = self

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            wbufsize = -1  # an answer in one piece

            def answer(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                with double.lock:
                    status, headers, out = double.handle(self.command, self.path, self.headers, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header('Content-Length', str(len(out)))
                self.end_headers()
                self.wfile.write(out)
                if double.after:
                    double.after(self.command, self.path)

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *_):
                pass

        self.after = None
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Answer)
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    # ---- what is there

    def issue(self, number, title, labels=(), body='', created='2025-11-01T10:00:00Z', closed=None, updated=None, **more):
        self.issues[number] = {
            'url': f'{self.url}/repos/acme/site/issues/{number}', 'id': 9_000_000_000 + number, 'number': number,
            'node_id': f'I_{number}', 'title': title, 'html_url': f'https://github.com/acme/site/issues/{number}',
            'user': {'login': 'alice', 'id': 1, 'type': 'User'},
            'labels': [{'id': i, 'name': name, 'color': 'd73a4a', 'default': False} for i, name in enumerate(labels)],
            'state': 'closed' if closed else 'open', 'locked': False, 'assignees': [], 'milestone': None,
            'comments': 0, 'created_at': created, 'updated_at': updated or closed or created, 'closed_at': closed,
            'author_association': 'MEMBER', 'state_reason': None, 'body': body, **more}
        self.comments[number] = []
        return self.issues[number]

    def comment(self, number, body, at='2025-11-02T10:00:00Z', author='bob'):
        user = {'login': author, 'id': 2, 'type': 'User'} if author else None
        self.comments[number].append({'id': len(self.comments[number]) + 1, 'user': user, 'body': body,
                                      'created_at': at, 'updated_at': at, 'author_association': 'NONE'})
        self.issues[number]['comments'] += 1
        self.issues[number]['updated_at'] = max(self.issues[number]['updated_at'], at)

    # ---- answers

    def handle(self, method, path, headers, body):
        url = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.log.append((method, path))
        limits = {'Content-Type': 'application/json; charset=utf-8', 'X-GitHub-Media-Type': 'github.v3; format=json',
                  'X-RateLimit-Limit': '5000', 'X-RateLimit-Reset': str(int(time.time()) + 1800)}
        try:
            if self.trouble:
                trouble = self.trouble.pop(0)
                if trouble:
                    trouble()
            if self.token and headers.get('Authorization') != f'Bearer {self.token}':
                raise Refusal(401, 'Bad credentials')
            out, more = self.route(method, url.path, query, json.loads(body) if body else None)
        except Refusal as no:
            text = json.dumps({'message': str(no), 'documentation_url': 'https://docs.github.com/rest'}).encode()
            return no.status, {**limits, 'X-RateLimit-Remaining': str(self.remaining), **no.headers}, text
        text = json.dumps(out).encode()
        more['ETag'] = f'W/"{hashlib.sha256(text).hexdigest()}"'
        if headers.get('If-None-Match') == more['ETag']:
            return 304, {**limits, 'X-RateLimit-Remaining': str(self.remaining), 'ETag': more['ETag']}, b''
        self.remaining -= 1
        return more.pop('status', 200), {**limits, 'X-RateLimit-Remaining': str(self.remaining), **more}, text

    def route(self, method, path, query, body):
        parts = path.strip('/').split('/')
        if parts[:3] != ['repos', 'acme', 'site'] or parts[3:4] != ['issues']:
            raise Refusal(404, 'Not Found')
        if method == 'POST' and len(parts) == 4:
            number = max(self.issues, default=0) + 1
            self.issue(number, body['title'], body.get('labels', ()), body.get('body', ''), created=NOW)
            return self.issues[number], {'status': 201}
        if len(parts) == 4:
            wanted = [x.lower() for x in query.get('labels', '').split(',') if x]
            found = [i for i in self.issues.values()
                     if query.get('state', 'open') in ('all', i['state'])
                     and all(w in [label['name'].lower() for label in i['labels']] for w in wanted)]
            found.sort(key=lambda i: i['updated_at' if query.get('sort') == 'updated' else 'created_at'], reverse=True)
            return self.page(path, query, found)
        number = int(parts[4])
        if number not in self.issues:
            raise Refusal(404, 'Not Found')
        if parts[5:] == ['comments'] and method == 'POST':
            self.comment(number, body['body'], at=NOW, author='tocsin[bot]')
            return self.comments[number][-1], {'status': 201}
        if parts[5:] == ['comments']:
            return self.page(path, query, self.comments[number])
        if method == 'PATCH':
            if body.get('state') == 'closed':
                self.issues[number].update(state='closed', closed_at=NOW, updated_at=NOW)
            return self.issues[number], {}
        return self.issues[number], {}

    def page(self, path, query, found):
        size = min(int(query.get('per_page', 30)), self.per_page)
        at = int(query.get('page', 1))
        last = max(1, -(-len(found) // size))

        def link(n, rel):
            words = urllib.parse.urlencode({**query, 'page': n})
            return f'<{self.url}{path}?{words}>; rel="{rel}"'
        links = ([link(at - 1, 'prev'), link(1, 'first')] if at > 1 else []) + \
                ([link(at + 1, 'next'), link(last, 'last')] if at < last else [])
        return found[(at - 1) * size:at * size], {'Link': ', '.join(links)} if links else {}


def limited(seconds=None, reset=None):
    """A primary or a secondary rate limit, as GitHub says it."""
    def trouble():
        if seconds is not None:
            raise Refusal(403, 'You have exceeded a secondary rate limit.', **{'Retry-After': str(seconds)})
        raise Refusal(403, 'API rate limit exceeded for installation ID 1.',
                      **{'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': str(int(time.time()) + reset)})
    return trouble


def answers(status, message='Server Error'):
    def trouble():
        raise Refusal(status, message)
    return trouble


