"""Asks for each URL with urllib, requests or botocore's session. One JSON object a line, in and out."""

import json
import os
import sys

sys.modules["socks"] = None  # the clients as they come: without the optional PySocks


def with_urllib(url):
    import urllib.request

    # What urlopen does, less the opener it keeps for the process.
    urllib.request.build_opener().open(url, timeout=3).read()


def with_requests(url):
    import requests

    requests.get(url, timeout=3)


def with_botocore(url):
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    # What botocore.utils.IMDSFetcher does for every metadata request.
    session = URLLib3Session(timeout=3, proxies=get_environ_proxies(url))
    session.send(AWSRequest(method="GET", url=url).prepare())


ask = {"urllib": with_urllib, "requests": with_requests, "botocore": with_botocore}[sys.argv[1]]
base = dict(os.environ)
for line in sys.stdin:
    asked = json.loads(line)
    os.environ.clear()
    os.environ.update(base)
    os.environ.update(asked["variables"])
    error = None
    try:
        ask(asked["url"])
    except Exception as e:
        error = f"{type(e).__name__}: {e}"
    print(json.dumps({"error": error}), flush=True)
