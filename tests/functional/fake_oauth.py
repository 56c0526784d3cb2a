"""A token endpoint (RFC 6749): hands out token after token, exchanges refresh tokens, refuses."""
import http.server
import json
import threading
import urllib.parse


class TokenEndpoint:
    def __init__(self):
        self.life, self.exchange, self.refuse = 3600, False, None
        self.asked, self.last = [], None
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, reply = endpoint.answer(urllib.parse.parse_qs(body, strict_parsing=True))
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def renew(self):
        """What was given out is good no more."""
        self.last = None

    def answer(self, form):
        self.asked.append(form)
        if self.refuse:
            return 400, {"error": self.refuse, "error_description": "the sign-in is no more"}
        self.last = f"access-{len(self.asked)}-token"
        reply = {"access_token": self.last, "expires_in": self.life, "token_type": "Bearer"}
        if self.exchange:
            reply["refresh_token"] = f"refresh-{len(self.asked)}"
        return 200, reply

    def close(self):
        self.server.shutdown()
        self.server.server_close()
