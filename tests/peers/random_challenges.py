"""A server that puts random Digest challenges, and judges each answer by hashlib and by a parser of its own.

    random_challenges.py SEED COUNT HASH...

Case N depends on the seed and on N alone. The first line on standard output is JSON: the port, and for each case what
the client is to send: {"port": 1, "cases": [{"method", "target", "body", "username", "password"}]}. A request to a
case's target is answered with 401 and a challenge, 200 (right), or 400 and in the body what is wrong.
"""
import hashlib
import json
import random
import re
import socketserver
import sys
import urllib.parse

HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
QUOTED = {"username", "realm", "nonce", "uri", "response", "cnonce", "opaque"}
TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PARAMETER = re.compile(rb'([a-z]+\*?)=(?:"((?:[^"\\]|\\.)*)"|(' + TOKEN + rb'))(?:, |$)', re.DOTALL)


class Wrong(Exception):
    """What is wrong with an answer."""


def hash_hex(hash_name, *parts):
    return hashlib.new(HASHES[hash_name], b":".join(parts)).hexdigest().encode()


class Case:
    """One challenge, and what the answers to it must be."""

    def __init__(self, seed, number, hash_names):
        self.random = random.Random(f"{seed}/{number}")
        pick = self.random.choice
        self.method = pick(["GET", "GET", "POST", "PUT", "DELETE"])
        query = "".join(self.random.choices("abc&=%+?/:@!$'()*,;-._~\"\\", k=self.random.randrange(30)))
        self.target = f"/{number}" + (f"?{query}" if query else "")
        self.body = self.text(20, "ab{}\n☃").encode() if self.method in ("POST", "PUT") else b""
        self.username = self.text(12, pick(["abc", 'ab" \\,:=', "aäø東 '%*", "a\r\n\t\0"]))
        self.password = self.text(20, pick(["abc0-", ' "\\:=', "pä☃"]))

        self.hash_name = pick(hash_names)
        self.session = pick([False, True])
        self.algorithm = self.any_case(self.hash_name + ("-sess" if self.session else ""))
        if self.hash_name == "MD5" and not self.session and pick([False, True]):
            self.algorithm = None
        self.offered_qop, self.qop = pick([
            (None, None), ("", None), ("auth", b"auth"), ("auth-int", b"auth-int"), ("auth,auth-int", b"auth"),
            ("auth-int , auth", b"auth"), ("auth-conf,AUTH", b"auth"), ("x, auth-int,", b"auth-int")])
        self.realm = self.octets(20)
        self.nonce = self.octets(40)
        self.opaque = pick([None, b"", self.octets(20)])
        self.userhash = pick([False, False, True])
        self.fields = self.make_fields()
        # What the next answer must say; none was given yet.
        self.count = 0
        self.first_nonce, self.session_cnonce = self.nonce, None

    def text(self, longest, alphabet):
        return "".join(self.random.choices(alphabet, k=self.random.randrange(longest)))

    def octets(self, longest):
        """Anything that a quoted string can say; plain text more often than not."""
        alphabet = self.random.choice([b"abc019+/==", b"ab c,=", b'a"\\,= \t', bytes([*range(0x20, 0x7F), *range(0x80, 0x100)])])
        return bytes(self.random.choices(alphabet, k=self.random.randrange(1, longest)))

    def any_case(self, text):
        return self.random.choice([str, str, str.lower, str.upper, str.swapcase])(text)

    def quoted(self, value):
        """Quoted pairs where they must be, and sometimes where they need not."""
        needless = self.random.choice([0, 0, 0.3])
        pairs = (b"\\" if byte in b'"\\' or self.random.random() < needless else b"" for byte in value)
        return b'"' + b"".join(pair + bytes([byte]) for pair, byte in zip(pairs, value)) + b'"'

    def token_or_quoted(self, value):
        is_token = re.fullmatch(TOKEN, value) is not None
        return value if is_token and self.random.choice([False, True]) else self.quoted(value)

    def parameters(self, pairs):
        """Shuffled, spaced and spelt at random. White space around the equals sign is bad, and legal to receive."""
        pick = self.random.choice
        pairs = list(pairs)
        self.random.shuffle(pairs)
        equals = [b"=", b"=", b" = ", b"\t="]
        written = [self.any_case(name).encode() + pick(equals) + value for name, value in pairs]
        return self.join(written)

    def join(self, elements):
        joined = elements[0]
        for element in elements[1:]:
            joined += self.random.choice([b", ", b", ", b",", b" ,\t", b",, ,"]) + element
        return joined

    def right_challenge(self):
        pairs = [("realm", self.token_or_quoted(self.realm)), ("nonce", self.token_or_quoted(self.nonce))]
        if self.algorithm is not None:
            pairs.append(("algorithm", self.token_or_quoted(self.algorithm.encode())))
        if self.offered_qop is not None:
            pairs.append(("qop", self.token_or_quoted(self.offered_qop.encode())))
        if self.opaque is not None:
            pairs.append(("opaque", self.token_or_quoted(self.opaque)))
        if self.userhash:
            pairs.append(("userhash", self.token_or_quoted(b"true")))
        optional = [
            ("userhash", b"false"), ("stale", b"false"), ("stale", b"TRUE"), ("charset", b"UTF-8"),
            ("charset", b'"utf-8"'), ("domain", b'""'), ("domain", b'"/a https://b.example/c"'),
            ("new", b'"x, Digest realm=\\"y\\""'), ("op", b"auth"), ("_", self.quoted(self.octets(10)))]
        for name, value in self.random.sample(optional, self.random.randrange(4)):
            if name not in (taken for taken, _ in pairs):
                pairs.append((name, value))
        return self.any_case("Digest").encode() + self.random.choice([b" ", b"  ", b"\t"]) + self.parameters(pairs)

    def unanswerable_challenge(self):
        realm, nonce = ("realm", b'"other, realm"'), ("nonce", b"other")
        return self.random.choice([
            b"Negotiate", b"Negotiate YII=", b"NTLM TlRMTVNTUAAB==", b"Basic " + self.parameters([realm, ("charset", b"UTF-8")]),
            b"Bearer " + self.parameters([realm, nonce, ("scope", b'"a b"')]),
            b"Digest " + self.parameters([realm]), b"Digest " + self.parameters([nonce]),
            b"Digest " + self.parameters([realm, nonce, ("algorithm", b"SHA3-256")]),
            b"Digest " + self.parameters([realm, nonce, ("qop", b"auth-conf")]),
            b"Digest " + self.parameters([realm, nonce, nonce]),
            b"Digest " + self.parameters([realm, nonce]) + b", opaque="])

    def make_fields(self):
        """The right challenge behind any that cannot be answered, and before any others, in one field or in several."""
        before = [self.unanswerable_challenge() for _ in range(self.random.choice([0, 0, 1, 2, 3]))]
        after = [self.unanswerable_challenge() for _ in range(self.random.choice([0, 0, 1, 2]))]
        if self.random.choice([False, False, True]):
            after.append(b'Digest realm="second", nonce="second", qop="auth", algorithm=MD5')
        challenges = [*before, self.right_challenge(), *after]
        fields = [[challenges[0]]]
        for challenge in challenges[1:]:
            if self.random.choice([False, True]):
                fields.append([])
            fields[-1].append(challenge)
        return [self.join(field) for field in fields]

    def response(self, method, body, cnonce):
        def hashed(*parts):
            return hash_hex(self.hash_name, *parts)

        a1 = hashed(self.username.encode(), self.realm, self.password.encode())
        if self.session:
            a1 = hashed(a1, self.first_nonce, self.session_cnonce)
        a2 = [method, self.target.encode()] + ([hashed(body)] if self.qop == b"auth-int" else [])
        protection = [] if self.qop is None else [b"%08x" % self.count, cnonce, self.qop]
        return hashed(a1, self.nonce, *protection, hashed(*a2))

    def judge(self, authorization, method, body):
        """Checks an answer; returns the fields of the response to it."""
        sent = read_authorization(authorization)
        self.count += 1
        cnonce = sent.get("cnonce", b"")
        if self.session and self.session_cnonce is None:
            self.session_cnonce = cnonce
        expected = {"realm": self.realm, "nonce": self.nonce, "uri": self.target.encode(),
                    "response": self.response(method.encode(), body, cnonce)}
        expected.update(self.expected_name(sent))
        if self.algorithm is not None:
            expected["algorithm"] = self.algorithm.encode()
        if self.opaque is not None:
            expected["opaque"] = self.opaque
        if self.qop is not None:
            expected.update(qop=self.qop, nc=b"%08x" % self.count)
        if self.qop is not None or self.session:
            expected["cnonce"] = self.session_cnonce if self.session else cnonce
            if not re.fullmatch(rb"[0-9a-f]{32}", cnonce):
                raise Wrong(f"the cnonce is {cnonce!r}")
        if sent != expected:
            raise Wrong(f"sent {sent}, expected {expected}")
        return self.authentication_info(cnonce)

    def expected_name(self, sent):
        name = self.username.encode()
        if self.userhash:
            return {"username": hash_hex(self.hash_name, name, self.realm), "userhash": b"true"}
        if re.fullmatch(rb"[\t -~]*", name):
            return {"username": name}
        extended = sent.get("username*", b"")
        if not re.fullmatch(rb"UTF-8''(?:[0-9A-Za-z!#$&+.^_`|~-]|%[0-9A-F]{2})*", extended):
            raise Wrong(f"username* is {extended!r}")
        if urllib.parse.unquote_to_bytes(extended[7:]) != name:
            raise Wrong(f"username* is {extended!r}, expected {name!r}")
        return {"username*": extended}

    def authentication_info(self, cnonce):
        parts = []
        if self.random.choice([False, True]):
            parts.append(b'rspauth="' + self.response(b"", ANSWER, cnonce) + b'"')
            if self.qop is not None:
                parts.append(b"qop=" + self.qop)
        if self.random.choice([False, False, True]):
            self.nonce, self.count = self.nonce + b"next", 0
            parts.append(b"nextnonce=" + self.quoted(self.nonce))
        return [self.join(parts)] if parts else []


ANSWER = "right ☃".encode()


def read_authorization(value):
    if not value.startswith(b"Digest "):
        raise Wrong(f"the scheme of {value!r}")
    parameters, position = {}, len(b"Digest ")
    while position < len(value):
        match = PARAMETER.match(value, position)
        if match is None:
            raise Wrong(f"no parameter at {value[position:]!r} of {value!r}")
        name, position = match[1].decode(), match.end()
        if name in parameters:
            raise Wrong(f"{name} stands twice")
        if (name in QUOTED) != (match[3] is None):
            raise Wrong(f"the quotes of {name} in {value!r}")
        parameters[name] = re.sub(rb"\\(.)", rb"\1", match[2], flags=re.DOTALL) if match[3] is None else match[3]
    return parameters


class Handler(socketserver.StreamRequestHandler):
    """Serves the requests of one connection. Heads are bytes here, as http.server does not have them."""

    def handle(self):
        while line := self.rfile.readline():
            method, target, _ = line.decode().split(" ")
            headers = {}
            while (line := self.rfile.readline()) != b"\r\n":
                name, value = line.rstrip(b"\r\n").split(b": ", 1)
                headers[name.lower()] = value
            body = self.rfile.read(int(headers.get(b"content-length", b"0")))
            number = int(re.match(r"/(\d+)", target)[1])
            self.respond(self.server.cases[number], method, headers.get(b"authorization"), body)

    def respond(self, case, method, authorization, body):
        if authorization is None:
            self.send(401, [(b"WWW-Authenticate", field) for field in case.fields], b"")
            return
        try:
            fields = case.judge(authorization, method, body)
        except Wrong as wrong:
            self.send(400, [], f"{wrong}\nchallenge: {case.fields}".encode())
        else:
            self.send(200, [(b"Authentication-Info", field) for field in fields], ANSWER)

    def send(self, status, fields, body):
        lines = [b"HTTP/1.1 %d Judged" % status, b"Content-Length: %d" % len(body)]
        lines += [name + b": " + value for name, value in fields]
        self.wfile.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)


def main():
    seed, count, *hash_names = sys.argv[1:]
    cases = [Case(seed, number, hash_names) for number in range(int(count))]
    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        server.cases = cases
        to_send = [{"method": case.method, "target": case.target, "body": case.body.decode(),
                    "username": case.username, "password": case.password} for case in cases]
        print(json.dumps({"port": server.server_address[1], "cases": to_send}), flush=True)
        server.serve_forever()


main()
