"""A member of a pack in a process of its own, which a test kills: `pack_member.py <settings> <run> <given>` requests a
cluster, prints its id when EMR has accepted the request, and hangs."""

import json
import sys
import time
from datetime import datetime

from nightshift.compute import targets
from nightshift.compute.emr.client import EmrClient
from nightshift.compute.target import Ingredients
from nightshift.config import Settings
from nightshift.pipelines import PIPELINES
from nightshift.run.run_context import from_run


def member(settings, pipeline, run_id, since):
    return from_run(settings, PIPELINES[pipeline], run_id, datetime.fromisoformat(since), {})


def hang(cluster_id):
    print(cluster_id, flush=True)
    time.sleep(600)


def main(settings, run, given):
    known = json.loads(settings)
    night = member(Settings(**{**known, "packs": tuple(known["packs"])}), *json.loads(run))
    made_from = Ingredients(**json.loads(given))
    create = EmrClient.create
    EmrClient.create = lambda hook, body: hang(create(hook, body))
    targets.join(night, made_from.foundation).built(made_from.transient)
    targets.of(night).start(night, made_from)


if __name__ == "__main__":
    main(*sys.argv[1:])
