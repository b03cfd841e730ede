"""The app in Airflow's web server: fragments for its UI, a run's page, record, step logs and compute. Read-only.

Every route is authorised by Airflow's own rules for the DAG that it shows; without one, what the user may not read is
left out. Whatever the number of runs, a page costs one read of the index, or of one run's objects; nothing is listed.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.sdk import BaseXCom
from airflow.utils.session import create_session
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from sqlalchemy import select
from starlette.exceptions import HTTPException as StarletteHTTPException

from nightshift import config
from nightshift.aws import clients
from nightshift.compute import targets
from nightshift.config import Settings
from nightshift.contracts.pipeline import BACKFILL
from nightshift.failures.errors import NightshiftError, SettingsError
from nightshift.failures.shown import plain
from nightshift.report import night_index
from nightshift.run.ids import slug_of
from nightshift.run.links import JOB_KEY
from nightshift.run.tasks import Task
from nightshift.web import pages, run_page, words
from nightshift.web.markup import Markup, tag
from nightshift.web.view import DRIFT, Running, View
from nightshift.web.words import Words

HERE = Path(__file__).parent
READS = Depends(requires_access_dag("GET"))
READS_RUN = Depends(requires_access_dag("GET", DagAccessEntity.RUN))
READS_LOG = Depends(requires_access_dag("GET", DagAccessEntity.TASK_LOGS))
THEME = Query(pattern=r"^(light|dark)?$")
DAG_ID, RUN_ID = Query(max_length=250, pattern=r"^[\w.-]+$"), Query(max_length=500)
# A run's page runs the scripts that lie in it, in an origin of its own, and reaches nothing else.
FRAME_RULES = (
    f"sandbox {run_page.SANDBOX}; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src data: blob:; font-src data:; frame-ancestors 'self'"
)
SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
FAILED_DEPENDENCY = 424  # below 500, which may be the answer of a proxy: page.js shows it as it is
NO_PAGE = "Nightshift has no such page."
REFUSALS = {  # what Airflow refuses says no more than its number
    401: "Airflow does not know who asks: sign in to Airflow and open this again.",
    403: "You may not read this: whoever manages Airflow's users gives the right to read the DAG.",
}
UNREAD = "AWS gave Airflow's web server nothing to show: its role must be able to read the lake and the state bucket."
LOG = logging.getLogger(__name__)

app = FastAPI(title="Nightshift", docs_url=None, redoc_url=None, openapi_url=None)


def _words(request: Request) -> Words:
    """In the language that Airflow's UI has for the reader, which its pages name; else the browser's first."""
    return words.of(request.query_params.get("lang") or request.headers.get("accept-language", ""))


Reader = Annotated[Words, Depends(_words)]


@app.exception_handler(StarletteHTTPException)
def refused(request: Request, why: StarletteHTTPException) -> HTMLResponse:
    """Why there is no page, in the reader's words; within Airflow's UI as a fragment."""
    answer = _alert(request, why.status_code, REFUSALS.get(why.status_code, why.detail) or "")
    answer.headers.update(why.headers or {})
    return answer


@app.exception_handler(BotoCoreError)
@app.exception_handler(ClientError)
def unread(request: Request, why: BotoCoreError | ClientError) -> HTMLResponse:
    """AWS refused a read or did not answer: its code for the reader, all of it in the web server's log."""
    LOG.warning("%s %s: %s", UNREAD, request.url.path, why)
    code = why.response["Error"]["Code"] if isinstance(why, ClientError) else type(why).__name__
    return _alert(request, FAILED_DEPENDENCY, UNREAD, f" ({code})")


@app.exception_handler(NightshiftError)
def unset(request: Request, why: NightshiftError) -> HTMLResponse:
    """A setting of the web server is wrong, or a service gave no answer: what and what to do next."""
    LOG.warning("%s: %s", request.url.path, why)
    return _alert(request, FAILED_DEPENDENCY, str(why))


def _alert(request: Request, status: int, said: str, more: str = "") -> HTMLResponse:
    t = _words(request)
    body = tag("p", t(said), more, class_="ns-empty", role="alert")
    answer = _fragment(body) if "/fragment/" in request.url.path else _document(body, t)
    answer.status_code = status
    return answer


@app.get("/reader.js")
def reader() -> Response:
    """The script of a page by itself: it asks for the language that the reader chose in Airflow's UI."""
    return _script("reader.js")


@app.get("/{name}.js")
def script(name: str) -> Response:
    """The component that Airflow's UI loads for a page: it fetches the page's fragment. It holds no data."""
    if name not in {*pages.PAGES, "dag", "run"}:
        raise HTTPException(404, NO_PAGE)
    return _script("page.js", name)


@app.get("/fragment/dag", dependencies=[READS])
def dag(dag_id: Annotated[str, DAG_ID], user: GetUserDep, t: Reader, theme: Annotated[str, THEME] = "") -> HTMLResponse:
    """A DAG's tab."""
    return _fragment(pages.dag(_view(user, t, theme), dag_id))


@app.get("/fragment/run", dependencies=[READS_RUN])
def run(
    dag_id: Annotated[str, DAG_ID], run_id: Annotated[str, RUN_ID], t: Reader, theme: Annotated[str, THEME] = ""
) -> HTMLResponse:
    """A run's tab: its page if there is one, else a summary of its record."""
    if _has(dag_id, run_id, "index.html"):
        return _fragment(run_page.framed(dag_id, run_id, t, theme))
    record = _object(dag_id, run_id, "record.json")
    return _fragment(run_page.waiting(t) if record is None else run_page.summary(json.loads(record), t))


@app.get("/fragment/{name}", dependencies=[READS])
def page(name: str, user: GetUserDep, t: Reader) -> HTMLResponse:
    """One of the pages that show many DAGs."""
    if name not in pages.PAGES:
        raise HTTPException(404, NO_PAGE)
    return _fragment(pages.PAGES[name](_view(user, t)))


@app.get("/page", dependencies=[READS_RUN])
def run_s_page(dag_id: Annotated[str, DAG_ID], run_id: Annotated[str, RUN_ID]) -> Response:
    """The run's own page, as it lies beside its record."""
    html = _required(_object(dag_id, run_id, "index.html"), "No page of this run yet.")
    return Response(
        html, media_type="text/html; charset=utf-8", headers={**SAFE, "Content-Security-Policy": FRAME_RULES}
    )


@app.get("/record", dependencies=[READS_RUN])
def record(dag_id: Annotated[str, DAG_ID], run_id: Annotated[str, RUN_ID]) -> JSONResponse:
    """The run's record."""
    body = _required(_object(dag_id, run_id, "record.json"), "No record of this run yet: report writes it.")
    return JSONResponse(json.loads(body), headers=SAFE)


@app.get("/gold", dependencies=[READS_RUN])
def gold(dag_id: Annotated[str, DAG_ID], run_id: Annotated[str, RUN_ID], t: Reader) -> HTMLResponse:
    """The partitions that the run published."""
    body = _required(_object(dag_id, run_id, "record.json"), "No record of this run yet: report writes it.")
    return _document(run_page.gold(json.loads(body), t), t)


@app.get("/compute", dependencies=[READS_RUN])
def compute(dag_id: Annotated[str, DAG_ID], run_id: Annotated[str, RUN_ID], t: Reader) -> HTMLResponse:
    """The cluster or the like that the run's jobs have, as its service describes it now."""
    tasks = (Task.WAIT_FOR_COMPUTE, Task.START_COMPUTE)
    handle = next((place for task in tasks if (place := _xcom(dag_id, run_id, task))), None)
    handle = _required(handle, "This run has no compute yet.")
    place = targets.named(_settings(), handle["target"]).place(handle["id"])
    return _document(run_page.place(place, handle["target"], t), t)


@app.get("/log", dependencies=[READS_LOG])
def log(dag_id: Annotated[str, DAG_ID], run_id: Annotated[str, RUN_ID], task_id: str, t: Reader) -> PlainTextResponse:
    """The end of the logs of the job that a task waited for."""
    job = _required(_xcom(dag_id, run_id, task_id, JOB_KEY), "This task has no job, or it has not ended.")
    ends = targets.named(_settings(), job["target"]).logs(job["place_id"], job["job_id"]).ends()
    texts = ["\n".join([f"===== {stream} =====", *lines]) for stream, lines in ends.items()]
    return PlainTextResponse(plain("\n\n".join(texts)) or t("The service has delivered no log yet."), headers=SAFE)


def _fragment(body: Markup) -> HTMLResponse:
    return HTMLResponse(tag("div", tag("style", Markup(_style())), body, class_="ns"), headers=SAFE)


def _document(body: Markup, t: Words) -> HTMLResponse:
    """A page by itself, for a link that leaves Airflow's UI: such a link cannot name a language, so the page does."""
    style, asks = tag("style", Markup(_style())), tag("script", src="reader.js")
    head = tag("head", Markup('<meta charset="utf-8">'), tag("title", "Nightshift"), style, asks)
    page = tag("html", head, tag("body", tag("main", body, class_="ns")), lang=t.tag)
    rules = {**SAFE, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'"}
    return HTMLResponse(f"<!doctype html>{page}", headers=rules)


def _script(file: str, name: str = "") -> Response:
    source = (HERE / file).read_text(encoding="utf-8").replace("@NAME@", name)
    return Response(source, media_type="text/javascript", headers={"X-Content-Type-Options": "nosniff"})


def _view(user: Any, t: Words, theme: str = "") -> View:
    """The index as far as the user may read its DAGs."""
    settings = _settings()
    index = night_index.read(settings) or night_index.empty(_contracts())
    dag_ids = {DRIFT, *index["products"], *index["nights"], *(f"{BACKFILL}{name}" for name in index["products"])}
    readable = get_auth_manager().filter_authorized_dag_ids(dag_ids=dag_ids, user=user, method="GET")
    return View(
        index=index,
        readable=readable,
        now=datetime.now(UTC),
        limit=settings.max_usd_per_night,
        timezone=settings.timezone,
        running=_running(readable),
        t=t,
        theme=theme,
        prices_max_age_days=settings.prices_max_age_days,
        is_kept_here=bool(settings.kept_dir),
    )


def _running(dag_ids: set[str]) -> list[Running]:
    """The runs of these DAGs that Airflow has not ended; one query."""
    columns = (DagRun.dag_id, DagRun.run_id, DagRun.state)
    query = select(*columns).where(DagRun.dag_id.in_(dag_ids), DagRun.state.in_(("queued", "running")))
    with create_session(scoped=False) as session:
        return [Running(dag_id, run_id, str(state)) for dag_id, run_id, state in session.execute(query)]


def _contracts() -> dict[str, Any]:
    """The products before the first report, where this process has their contracts."""
    try:
        from nightshift.report import products  # noqa: PLC0415 - reads the contracts

        return products.all_of_them()
    except SettingsError as absent:
        LOG.info("No contracts here; the first report brings them: %s", absent)
        return {}


@cache
def _settings() -> Settings:
    return config.of_reader()


@cache
def _style() -> str:
    return (HERE / "style.css").read_text(encoding="utf-8")


def _key(dag_id: str, run_id: str, name: str) -> str:
    """The key of a run's object. `dag_id` is one that Airflow let the user read, so it is no path."""
    return f"runs/{dag_id}/{slug_of(run_id)}/{name}"


def _has(dag_id: str, run_id: str, name: str) -> bool:
    s3, lake = clients.client(_settings(), "s3"), _settings().bucket("lake")
    with suppress(ClientError):
        s3.head_object(Bucket=lake, Key=_key(dag_id, run_id, name))
        return True
    return False


def _object(dag_id: str, run_id: str, name: str) -> bytes | None:
    """One of the run's objects, from the lake or, before there is one, the state bucket."""
    buckets = (_get(bucket, _key(dag_id, run_id, name)) for bucket in _settings().record_buckets)
    return next((body for body in buckets if body is not None), None)


def _get(bucket: str, key: str) -> bytes | None:
    s3 = clients.client(_settings(), "s3")
    with suppress(s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return None


def _xcom(dag_id: str, run_id: str, task_id: str, key: str = BaseXCom.XCOM_RETURN_KEY) -> Any:
    """What a task of the run returned; None if there is nothing."""
    query = XComModel.get_many(run_id=run_id, key=key, task_ids=task_id, dag_ids=dag_id, limit=1)
    with create_session(scoped=False) as session:
        stored = session.scalar(query)
        return XComModel.deserialize_value(stored) if stored else None


def _required(body: Any, refusal: str) -> Any:
    if body is None:
        raise HTTPException(404, refusal)
    return body
