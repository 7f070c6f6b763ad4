"""What a program in a pod tries at the API server, and the token that it would need."""

TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105

ASK_API = """
import ssl, urllib.error, urllib.request
context = ssl._create_unverified_context()
try:
    urllib.request.urlopen("https://kubernetes.default.svc/api/v1/namespaces", context=context, timeout=5)
except urllib.error.HTTPError as error:
    print(error.code)
"""
