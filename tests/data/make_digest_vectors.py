#!/usr/bin/env python3
"""Writes digest-vectors.json beside itself: Digest answers computed by Python's hashlib alone.

An independent second opinion for src/digest (RFC 7616 3.4.1 to 3.4.4 and 3.5, RFC 8187 3.2), which tests each case
against its own answer. Run it again after a change and commit both files; it has no input and no randomness. With
--print it writes to standard output instead.
"""
import hashlib
import itertools
import json
import pathlib
import sys
import urllib.parse

HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def hash_hex(algorithm, *parts):
    data = b":".join(part.encode() if isinstance(part, str) else part for part in parts)
    return hashlib.new(HASHES[algorithm.removesuffix("-sess")], data).hexdigest()


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def vector(name, algorithm, qop, *, username="Mufasa", password="Circle of Life", realm="http-auth@example.org",
           nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", method="GET", uri="/dir/index.html", body="",
           nc=1, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", opaque=None, userhash=False,
           answer_body="{}", named=True):
    params = ["realm=" + quoted(realm), "nonce=" + quoted(nonce)]
    params += ["algorithm=" + algorithm] if named else []
    params += ["qop=" + quoted(qop)] if qop else []
    params += ["opaque=" + quoted(opaque)] if opaque is not None else []
    params += ["userhash=true"] if userhash else []
    ha1 = hash_hex(algorithm, username, realm, password)
    if algorithm.endswith("-sess"):
        ha1 = hash_hex(algorithm, ha1, nonce, cnonce)

    def response(method, body):
        ha2 = [method, uri] + ([hash_hex(algorithm, body)] if qop == "auth-int" else [])
        middle = [nonce] + ([f"{nc:08x}", cnonce, qop] if qop else [])
        return hash_hex(algorithm, ha1, *middle, hash_hex(algorithm, *ha2))

    if userhash:
        sent = {"username": hash_hex(algorithm, username, realm)}
    elif username.isascii():
        sent = {"username": username}
    else:
        sent = {"username*": "UTF-8''" + urllib.parse.quote(username, safe="!#$&+-.^_`|~")}

    return {
        "name": name, "challenge": "Digest " + ", ".join(params), "username": username, "password": password,
        "method": method, "uri": uri, "body": body, "nc": nc, "cnonce": cnonce,
        "response": response(method, body), "answerBody": answer_body, "rspauth": response("", answer_body),
        "sent": sent,
    }


def main():
    algorithms = [base + suffix for base in HASHES for suffix in ("", "-sess")]
    vectors = []
    for algorithm, qop in itertools.product(algorithms, ("auth", "auth-int", None)):
        case = f"{algorithm} {qop or 'without qop'}"
        vectors.append(vector(case, algorithm, qop))
        vectors.append(vector(
            case + ", non-ASCII, escapes and a body", algorithm, qop, username='Jäsøn "Doe" \\ 東京',
            password='pässwörd: "\\" ☃', realm='a "realm", with \\ and ünïcode', nonce='n"on\\ce, ==',
            uri="/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=2&itemsPerPage=500",
            method="POST", body="content: ☃\n", nc=0xABCDEF, opaque='op"a\\que', answer_body='{"é": 1}'))
        vectors.append(vector(case + ", userhash", algorithm, qop, username="Jäsøn Doe", userhash=True, opaque="",
                              nc=0xFFFFFFFF))
    vectors.append(vector("no algorithm named is MD5", "MD5", "auth", named=False))
    vectors.append(vector("everything empty", "MD5", "auth", username="", password="", realm="", nonce="", cnonce=""))
    text = json.dumps(vectors, ensure_ascii=False, indent=1) + "\n"
    if sys.argv[1:] == ["--print"]:
        sys.stdout.buffer.write(text.encode())
        return
    path = pathlib.Path(__file__).with_name("digest-vectors.json")
    path.write_text(text, encoding="utf-8")
    print(f"{len(vectors)} vectors in {path}")


main()
