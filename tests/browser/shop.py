"""The page of a shop on an origin of its own, with the widget in it as its documentation says."""
import html
import http.server
import threading
import urllib.parse

PAGE = """<!doctype html>
<html lang="{lang}"{html}>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Acme shop</title>
<link rel="icon" href="data:,"></head>
<body>
<header><h1>Acme shop</h1><nav aria-label="Shop"><a href="#sale" id="first">Sale</a></nav></header>
<main><h2>Lamps</h2><p>All our lamps burn for a thousand nights.</p><p><button type="button" id="last">Buy</button></p></main>
{script}
</body>
</html>
"""


class Shop:
    """Its pages: /?lang=ar&csp=strict; what a page says is in the query, so that each test asks for its own.
    lang: of <html>; dir: likewise; csp: strict; any other (locale, remember, ...) becomes data-NAME of the script;
    widget=no: without."""

    def __init__(self):
        self.gateway = None
        self.violations = []		# reports of the policy
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, _, query = self.path.partition("?")
                body = shop.page(dict(urllib.parse.parse_qsl(query))).encode() if path == "/" else b""
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if "csp=strict" in query:
                    self.send_header("Content-Security-Policy", shop.policy())
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def policy(self):
        """As strict as it gets: what doc/widget.md says the widget needs, and nothing else."""
        return (f"default-src 'none'; script-src {self.gateway}; connect-src {self.gateway}; img-src {self.gateway} blob:; "
                "style-src 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'")

    def page(self, query):
        lang, direction = query.pop("lang", "en"), query.pop("dir", "")
        query.pop("csp", None)
        script = ""
        if query.pop("widget", "") != "no":
            data = "".join(f' data-{html.escape(name)}="{html.escape(value)}"'
                           for name, value in {"channel": "web", **query}.items())
            script = f'<script async src="{self.gateway}/widget/v1.js"{data}></script>'
        return PAGE.format(lang=html.escape(lang), html=f' dir="{html.escape(direction)}"' if direction else "", script=script)
