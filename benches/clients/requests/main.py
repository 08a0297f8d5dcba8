"""Lists a project with Python's requests.

main.py BASE-URL PROJECT-ID CA-FILE, with the API key in the environment.
"""

import os
import sys

import requests
from requests.auth import HTTPDigestAuth

base_url, project, ca_file = sys.argv[1:]
session = requests.Session()
# Otherwise REQUESTS_CA_BUNDLE would win over `verify`.
session.trust_env = False
session.auth = HTTPDigestAuth(
    os.environ["MONGODB_ATLAS_PUBLIC_API_KEY"], os.environ["MONGODB_ATLAS_PRIVATE_API_KEY"]
)
session.verify = ca_file
session.headers["Accept"] = "application/json"
url = f"{base_url}/api/atlas/v1.0/groups/{project}/backup/exportBuckets"
count, page_num, has_next = 0, 1, True
while has_next:
    response = session.get(url, params={"pageNum": page_num, "itemsPerPage": 500})
    response.raise_for_status()
    page = response.json()
    count += len(page["results"])
    has_next = any(link["rel"] == "next" for link in page["links"])
    page_num += 1
print(count)
