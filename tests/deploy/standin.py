#!/usr/bin/env python
"""Stands in for the AWS CLI where localcloud has nothing (MWAA): answers as told, refuses what AWS's API does not know.

Reads $STANDIN/answers.json: {"mwaa get-environment": [answer, ...], …}; the last answer of a list stays. An answer with
"error" ends as the CLI does. Each call is appended to $STANDIN/calls.jsonl with its parameters.
"""

import json
import os
import sys
from pathlib import Path

import botocore.session
import jmespath
from botocore import xform_name
from botocore.validate import validate_parameters

HOME = Path(os.environ["STANDIN"])
GLOBAL = ("query", "output")


def main():
    service, operation, *rest = sys.argv[1:]
    if service == "s3":
        return note({"call": f"s3 {operation}", "arguments": rest})
    options = {name.removeprefix("--"): value for name, value in zip(rest[::2], rest[1::2], strict=True)}
    query = options.get("query", "@")
    parameters = known(service, operation, {k: v for k, v in options.items() if k not in GLOBAL})
    note({"call": f"{service} {operation}", **parameters})
    return say(answer(f"{service} {operation}", parameters), query)


def known(service, operation, options):
    """The options as parameters of the API, validated against botocore's model of it."""
    model = botocore.session.get_session().get_service_model(service.removesuffix("api"))
    [name] = [o for o in model.operation_names if xform_name(o, "-") == operation]
    shape = model.operation_model(name).input_shape
    names = {xform_name(member, "-"): member for member in shape.members}
    parameters = {names[option]: value for option, value in options.items()}
    if "Body" in parameters:
        parameters["Body"] = json.loads(parameters["Body"])
    validate_parameters(parameters, shape)
    return parameters


def answer(call, parameters):
    answers = json.loads((HOME / "answers.json").read_text())
    keys = [" ".join(filter(None, (call, parameters.get("Method"), parameters.get("Path")))), call]
    [key] = [k for k in answers if any(fits(k, wanted) for wanted in keys)][:1]
    given = answers[key].pop(0) if len(answers[key]) > 1 else answers[key][0]
    (HOME / "answers.json").write_text(json.dumps(answers))
    return given


def fits(key, wanted):
    return key == wanted or (key.endswith("*") and wanted.startswith(key[:-1]))


def say(given, query):
    if "error" in given:
        print(f"\nAn error occurred {given['error']}", file=sys.stderr)
        return 254
    found = jmespath.search(query, given)
    print("\t".join(map(str, found)) if isinstance(found, list) else found)  # as --output text does
    return 0


def note(call):
    with (HOME / "calls.jsonl").open("a") as file:
        file.write(json.dumps(call) + "\n")
    return 0


sys.exit(main())
