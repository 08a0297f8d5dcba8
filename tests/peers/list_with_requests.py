"""Gets URLs by one session of Python's requests, with Digest, and prints the bodies byte for byte.

The key is in USER and PASSWORD, the URLs are the arguments.
"""

import os
import sys

import requests
from requests.auth import HTTPDigestAuth

session = requests.Session()
session.trust_env = False
session.auth = HTTPDigestAuth(os.environ["USER"], os.environ["PASSWORD"])
for url in sys.argv[1:]:
    answer = session.get(url, timeout=10)
    answer.raise_for_status()
    sys.stdout.buffer.write(answer.content)
