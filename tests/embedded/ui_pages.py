"""A user at Airflow's UI who sends a run by its form and looks at Nightshift's pages, taking pictures of them.

    python ui_pages.py form ADDRESS USER PASSWORD PICTURES DAG DATE     prints the id of the run that the form started
    python ui_pages.py approve ADDRESS USER PASSWORD PICTURES DAG WORDS     approves what waits, having read these words
    python ui_pages.py pages ADDRESS USER PASSWORD PICTURES DAG RUN     prints one line a page: its name, what it says

In the environment of requirements/browser.txt. Ends with an error if the browser's console has one of our scripts', if
axe-core finds a fault in one of our fragments, or if a link does not open.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Locator, Page, expect, sync_playwright

PAGE_MS = 60_000
DESKTOP, PHONE = {"width": 1400, "height": 1000}, {"width": 420, "height": 900}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
# The names that stay while the nights scroll sideways cover half a night: it is whole when scrolled on.
ON_A_PHONE = {**RULES, "rules": {"target-size": {"enabled": False}}}
SIDEBAR = {  # link and heading: words of the page, the heading for a reader of Portuguese
    "Nights": ("Latest nights", "Noites"),
    "Money": ("Most expensive nights", "Custos"),
    "Alive": ("Running now", "Ativos"),
    "Products": ("Newest date", "Produtos"),
    "Dictionary": ("word_counts", "Dicionário de dados"),
}
LINKS = {  # task: its links, where each leads and what is there
    "start_compute": {"Compute": ("/nightshift/compute", "STARTING|BOOTSTRAPPING|RUNNING|WAITING")},
    "job_wordcount": {"Step log": ("/nightshift/log", "Counting words")},
    "report": {
        "Record": ("/nightshift/record", "business_date"),
        "Gold": ("/nightshift/gold", "word_counts"),
        "Page": ("/plugin/nightshift_run", "Gold tables"),
    },
}


def sign_in(page: Page, address: str, user: str, password: str) -> None:
    page.goto(address)
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Dags").first).to_be_visible()


def at(page: Page, path: str) -> None:
    """Another page of Airflow's UI as its own links open it: to load the whole UI anew costs ten times as much."""
    page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)


def send(page: Page, dag: str, date: str, pictures: Path) -> str:
    """Fill the trigger form and send it, after a mistake that it explains; gives the run's id."""
    at(page, f"/dags/{dag}")
    page.get_by_role("button", name="Trigger").first.click()
    form, sent = page.get_by_role("dialog"), page.get_by_role("dialog").get_by_role("button", name="Trigger")
    form.locator("[name=element_business_date]").fill(date)
    form.locator("[name=element_input_prefix]").fill("../elsewhere")
    sent.click()
    expect(page.get_by_text("folder in the raw bucket, like inbox/2026/").first).to_be_visible()
    page.screenshot(path=pictures / "10-form.png")
    form.locator("[name=element_input_prefix]").fill("inbox/")
    form.get_by_role("button", name="What the run does").click()
    form.locator("[id='switch:element_dry_run']").click()
    page.screenshot(path=pictures / "11-form.png")
    with page.expect_response(lambda r: r.request.method == "POST" and r.url.endswith("/dagRuns")) as answered:
        sent.click()
    run = answered.value.json()
    wanted = {"business_date": date, "input_prefix": "inbox/", "dry_run": True}
    assert wanted.items() <= run["conf"].items(), run
    return str(run["dag_run_id"])


def approve(page: Page, words: str, pictures: Path) -> None:
    """From Home to what waits for a person, why it does, and the button that lets it go on."""
    page.get_by_text("Required Actions").click()
    expect(page.get_by_text(words)).to_be_visible()
    page.screenshot(path=pictures / "16-held.png")
    with page.expect_response(lambda r: r.request.method == "PATCH" and r.url.endswith("/hitlDetails")) as answered:
        page.get_by_role("button", name="Approve").click()
    assert answered.value.ok, answered.value.text()


def headed(page: Page, heading: str) -> None:
    """Wait until the fragment with this heading is there: its words alone may be of the page that was left."""
    expect(page.locator(".ns h2")).to_contain_text(heading, ignore_case=True)


def shown(page: Page, words: str, name: str, pictures: Path) -> None:
    """Wait until one of our fragments has these words; take its picture, check it and print its text."""
    fragment = page.locator(".ns").filter(has_text=words).first
    expect(fragment).to_be_visible()
    page.screenshot(path=pictures / f"{name}.png")
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        accessible(page, name, ".ns", RULES if size == DESKTOP else ON_A_PHONE)
    print(f"{name}: {' '.join(fragment.inner_text().split())}")


def accessible(page: Page | Frame, name: str, part: str | None = None, rules: dict = RULES) -> None:
    """axe-core's rules of WCAG 2.2 AA hold in our part of the page, unfolded: the rest is Airflow's."""
    page.evaluate("for (const each of document.querySelectorAll('.ns details')) each.open = true")
    found = Axe().run(page, context=part, options=rules).response["violations"]
    faults = [
        (f["id"], f["help"], [n["target"] for n in f["nodes"][:3]], f["nodes"][0]["failureSummary"]) for f in found
    ]
    assert faults == [], f"{name}: {faults}"


def follow(page: Page, address: str, dag: str, run: str, pictures: Path) -> None:
    """Click each link of the run's tasks; each opens here and shows what it is of."""
    for task, links in LINKS.items():
        for title, (place, words) in links.items():
            at(page, f"/dags/{dag}/runs/{run}/tasks/{task}/details")
            link = page.locator(f"a[href*='{place.lstrip('/')}']", has_text=title)
            expect(link).to_be_visible()
            page.screenshot(path=pictures / f"12-{task}.png")
            opened = _opened(page, link)
            opened.wait_for_url(lambda url, place=place: url.startswith(address) and place in url)
            framed = opened.frame_locator("iframe.ns-frame") if "plugin" in place else opened
            expect(framed.locator("body")).to_contain_text(re.compile(words))
            print(f"{title}: {opened.url}")
            if opened == page:
                page.goto(address)
            else:
                opened.close()


def _opened(page: Page, link: Locator) -> Page:
    """The page that a click leads to: a new tab, or this one."""
    if link.get_attribute("target") != "_blank":
        link.click()
        return page
    with page.expect_popup() as popup:
        link.click()
    return popup.value


def look(page: Page, dag: str, run: str, pictures: Path) -> None:
    """Home, the sidebar's pages, the tabs of DAG and run, and the dark colours."""
    shown(page, "Last night", "1-home", pictures)
    for number, (title, (words, _)) in enumerate(SIDEBAR.items(), 2):
        page.get_by_role("link", name=title, exact=True).first.click()
        headed(page, title)
        shown(page, words, f"{number}-{title.lower().replace(' ', '-')}", pictures)
    at(page, f"/dags/{dag}")
    page.get_by_role("link", name="Nightshift nights").click()
    shown(page, "All nights of this DAG", "7-dag", pictures)
    at(page, f"/dags/{dag}/runs/{run}")
    page.get_by_role("link", name="Nightshift report").click()
    frame = page.frame_locator("iframe.ns-frame")
    expect(frame.locator("h1")).to_contain_text("WordCount")
    expect(frame.locator("#stolen")).to_have_text("nothing")
    page.screenshot(path=pictures / "8-run.png")
    accessible(page, "8-run", ".ns")
    accessible(next(each for each in page.frames if "/nightshift/page" in each.url), "the page in its frame")
    page.emulate_media(color_scheme="dark")
    at(page, "/plugin/nightshift_nights")
    headed(page, "Nights")
    shown(page, "Latest nights", "9-dark", pictures)


def read_in_portuguese(page: Page, dag: str, run: str, pictures: Path) -> None:
    """A reader who chooses Portuguese in Airflow's own menu reads our pages in it, and the times as there."""
    at(page, "/")
    page.get_by_role("button", name="User").click()
    page.get_by_role("menuitem", name="Select Language").click()
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name="Português").click()
    page.keyboard.press("Escape")
    shown(page, "Última noite", "13-início", pictures)
    for title, (_, heading) in SIDEBAR.items():
        page.get_by_role("link", name=title, exact=True).first.click()
        headed(page, heading)
    at(page, f"/dags/{dag}")
    page.get_by_role("link", name="Nightshift nights").click()
    headed(page, "Todas as noites deste DAG")
    shown(page, "sucesso com avisos", "14-noites", pictures)
    at(page, f"/dags/{dag}/runs/{run}")
    page.get_by_role("link", name="Nightshift report").click()
    switch = page.frame_locator("iframe.ns-frame").get_by_role("button", name="PT", pressed=True)
    expect(switch).to_be_visible()
    page.screenshot(path=pictures / "15-noite.png")


@contextmanager
def browsing(address: str, user: str, password: str, pictures: Path) -> Iterator[Page]:
    """A page whose user has signed in; without an error of its scripts in the end."""
    errors: list[str] = []
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport=DESKTOP, locale="en-US")
        page.set_default_timeout(PAGE_MS)
        expect.set_options(timeout=PAGE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        try:
            sign_in(page, address, user, password)
            yield page
            assert errors == [], errors
        except BaseException:
            page.screenshot(path=pictures / "0-stopped-here.png")
            raise
        finally:
            chromium.close()


def main(what: str, address: str, user: str, password: str, folder: str, dag: str, given: str) -> None:
    pictures = Path(folder)
    with browsing(address, user, password, pictures) as page:
        if what == "form":
            print(send(page, dag, given, pictures))
        elif what == "approve":
            approve(page, given, pictures)
        else:
            look(page, dag, given, pictures)
            follow(page, address, dag, given, pictures)
            read_in_portuguese(page, dag, given, pictures)


if __name__ == "__main__":
    main(*sys.argv[1:])
