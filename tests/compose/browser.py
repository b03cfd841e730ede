"""A user at Airflow's UI: logs in, triggers a night through its form, waits for its end, takes pictures.

    python browser.py ADDRESS PASSWORDS PICTURES DAG      (in the environment of requirements/browser.txt)

Prints the run's id; the exit status is 0 only when the page says that the run succeeded.
"""

import json
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

NIGHT_MS = 1_800_000  # on a machine with much else to do
PAGE_MS = 60_000


def sign_in(page: Page, address: str, user: str, password: str) -> None:
    page.goto(address)
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Dags").first).to_be_visible()


def trigger(page: Page, address: str, dag: str, pictures: Path) -> str:
    """Send the form of a DAG as it stands; gives the run's id."""
    page.goto(f"{address}/dags/{dag}")
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    expect(form.get_by_text("Business date").first).to_be_visible()
    page.screenshot(path=pictures / "2-form.png", full_page=True)
    with page.expect_response(lambda r: r.request.method == "POST" and r.url.endswith("/dagRuns")) as sent:
        form.get_by_role("button", name="Trigger").click()
    return sent.value.json()["dag_run_id"]


def wait(page: Page, address: str, dag: str, run: str) -> None:
    """Look at the run's page until it says success."""
    page.goto(f"{address}/dags/{dag}/runs/{run}")
    expect(
        page.get_by_test_id("state-badge").or_(page.get_by_text(re.compile("^(Success|Failed)$"))).first
    ).to_have_text(re.compile("^Success$"), timeout=NIGHT_MS)


def main(address: str, passwords: str, folder: str, dag: str) -> None:
    [(user, password)] = json.loads(passwords).items()
    pictures = Path(folder)
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PAGE_MS)
        expect.set_options(timeout=PAGE_MS)
        try:
            sign_in(page, address, user, password)
            page.goto(f"{address}/dags")
            expect(page.get_by_text(dag).first).to_be_visible()
            page.screenshot(path=pictures / "1-dags.png")
            run = trigger(page, address, dag, pictures)
            wait(page, address, dag, run)
            for name, place in (("3-run", f"{dag}/runs/{run}"), ("4-dag", dag)):
                page.goto(f"{address}/dags/{place}")
                page.wait_for_load_state("networkidle")
                page.screenshot(path=pictures / f"{name}.png")
            report = f"/dags/{dag}/runs/{run}/plugin/nightshift_run"
            for name, place in (("5-report", report), ("6-home", ""), ("7-nights", "/plugin/nightshift_nights")):
                page.goto(f"{address}{place}")
                expect(page.locator(".ns").first).to_be_visible()
                page.screenshot(path=pictures / f"{name}.png")
            print(run)
        except BaseException:
            page.screenshot(path=pictures / "0-stopped-here.png")
            raise
        finally:
            chromium.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
