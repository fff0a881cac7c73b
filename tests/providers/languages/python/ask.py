"""Asks the worker by OpenFeature's provider for Python, unmodified: a question a line in, the client's details a line out."""

import json
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

url, key = sys.argv[1:]
api.set_provider(OFREPProvider(url, headers_factory=lambda: {"Authorization": f"Bearer {key}"}))
client = api.get_client()
METHODS = {
    "boolean": client.get_boolean_details,
    "string": client.get_string_details,
    "integer": client.get_integer_details,
    "float": client.get_float_details,
    "object": client.get_object_details,
}

for line in sys.stdin:
    question = json.loads(line)
    attributes = dict(question["context"])
    context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
    fallback = float(question["fallback"]) if question["kind"] == "float" else question["fallback"]
    details = METHODS[question["kind"]](question["flag"], fallback, context)
    answer = {
        "flagKey": details.flag_key,
        "value": details.value,
        "variant": details.variant,
        "reason": details.reason,
        "errorCode": details.error_code,
        "metadata": details.flag_metadata,
    }
    print(json.dumps({name: value for name, value in answer.items() if value is not None}), flush=True)
