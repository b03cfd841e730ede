"""A reader of nights' pages: opens them, changes language and colours, chooses, downloads, at two widths.

    python pages_in_browser.py PICTURES PAGE...      (in the environment of requirements/browser.txt)

A page is a file, or an address such as a presigned link.

Prints one JSON list a page: what is wrong with it, in words; an empty list is a good page.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response, sync_playwright

PAGE_MS = 180_000  # for what a page does at once
PAPER = {"width": 703, "height": 1032}  # A4 less the margins of 12 mm, in CSS pixels
DESKTOP, TABLET, PHONE = ({"width": w, "height": h} for w, h in ((1280, 900), (1024, 768), (390, 844)))
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}

TOO_WIDE = """[...document.querySelectorAll("main *")].filter(each =>
  !each.closest(".scroll, .flow, svg") && each.getBoundingClientRect().right > innerWidth
).slice(0, 5).map(each => each.outerHTML.slice(0, 80))"""

OUT_OF_CARD = """[...document.querySelectorAll(".card, .facts > div")].flatMap(card => {
  const edge = card.getBoundingClientRect().right + 1, texts = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
  const out = [], range = document.createRange();
  while (texts.nextNode()) {
    range.selectNodeContents(texts.currentNode);
    const isLoose = !texts.currentNode.parentElement.closest(".scroll, .flow, .vh, svg, select");
    if (isLoose && range.getBoundingClientRect().right > edge) out.push(texts.currentNode.textContent.slice(0, 80));
  }
  return out;
}).slice(0, 5)"""

# A row of the phone's page that is mostly empty: what makes it tall is out of sight on the right.
TALL = """[...document.querySelectorAll("main tbody tr")].filter(row => row.offsetHeight > 260 &&
  ![...row.cells].some(cell => {
    const text = document.createRange(); text.selectNodeContents(cell);
    return cell.getBoundingClientRect().left < innerWidth && text.getBoundingClientRect().height > 130;
  })).map(row => `${row.closest("table").id}, ${row.offsetHeight} pixels`).slice(0, 5)"""

NAMELESS = """[...document.querySelectorAll("[tabindex='0']")].filter(each =>
  !document.getElementById(each.getAttribute("aria-labelledby"))?.textContent.trim()
).map(each => each.outerHTML.slice(0, 80))"""

# How light what is printed is: the red of a card, of paper and of ink.
LIGHT = """[[".card", "backgroundColor"], ["body", "backgroundColor"], ["body", "color"]].map(([part, of]) =>
  Number(getComputedStyle(document.querySelector(part))[of].match(/\\d+/)[0]))"""

BEFORE_PRINT, AFTER_PRINT = (f'dispatchEvent(new Event("{name}"))' for name in ("beforeprint", "afterprint"))
FOLD = "for (const each of document.querySelectorAll('details')) each.open = {}"

# Of a table that is printed in parts, the columns of which nothing is on paper.
NOT_PRINTED = """[...document.querySelectorAll("[data-parted]")].flatMap(table => {
  const heads = [...table.parentElement.querySelectorAll("thead th")].filter(each => !each.hidden);
  const printed = new Set(heads.map(each => each.textContent));
  return [...table.querySelectorAll("thead th")].map(each => each.textContent).filter(name => !printed.has(name));
})"""

CUT_OFF = """[...document.querySelectorAll(".scroll, .flow")].filter(each =>
  each.scrollWidth > each.clientWidth).map(each => each.outerHTML.slice(0, 80))"""


def faults(browser: Browser, address: str, pictures: Path) -> Iterator[str]:
    """Everything that is wrong with one page."""
    asked, said, name = [], [], Path(urlsplit(address).path).parent.name
    page = browser.new_page(viewport=DESKTOP, locale="pt-BR", color_scheme="light")
    page.set_default_timeout(PAGE_MS)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield from served(page.goto(address))
    yield from languages(page)
    yield from colours(page, pictures / name)
    yield from choices(page)
    yield from csv(page)
    yield from printed(page, pictures / f"{name}.pdf")
    yield from (f"what scrolls has no name: {part}" for part in page.evaluate(NAMELESS))
    for size in (DESKTOP, TABLET):
        page.set_viewport_size(size)
        if over := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
            yield f"{over} pixels too wide at {size['width']}: {page.evaluate(TOO_WIDE)}"
        yield from (f"{part} leaves its card" for part in page.evaluate(OUT_OF_CARD))
    page.set_viewport_size(PHONE)
    page.screenshot(path=pictures / f"{name}-phone.png")
    if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
        yield f"{over} pixels too wide for a phone: {page.evaluate(TOO_WIDE)}"
    yield from (f"a row is too tall for a phone: {row}" for row in page.evaluate(TALL))
    yield from (
        f"it asked for {url}" for url in asked if url.partition("?lang=")[0] != address and not url.startswith("blob:")
    )
    yield from (f"the console says {text}" for text in said)
    page.close()


def served(answer: Response | None) -> Iterator[str]:
    """A page that a server gives says what it is, and opens instead of being saved (a browser saves an attachment)."""
    if answer and answer.url.startswith("http"):
        kind, disposition = (answer.header_value(name) for name in ("content-type", "content-disposition"))
        yield from [] if (kind, disposition) == ("text/html; charset=utf-8", None) else [f"it is {kind}, {disposition}"]


def languages(page: Page) -> Iterator[str]:
    """Portuguese by the browser's language, English by a click; both kept in the page."""
    before = page.inner_text("main")
    yield from [] if page.get_attribute("html", "lang") == "pt-BR" else ["it does not begin in the browser's language"]
    page.locator("[data-language=en]").click()
    after = page.inner_text("main")
    if page.get_attribute("html", "lang") != "en" or "Gold tables" not in after or "A execução" in after:
        yield "English does not come by a click"
    page.reload()
    yield from [] if page.get_attribute("html", "lang") == "en" else ["the choice of language is forgotten"]
    page.locator("[data-language=pt]").click()
    yield from [] if page.inner_text("main") == before else ["Portuguese does not come back as it was"]
    if page.url.startswith("file:"):
        page.goto(f"{page.url}?lang=pt-BR")  # as Airflow's UI names the language
        if not page.locator("[data-language=pt][aria-pressed=true]").count():
            yield "the switch does not say that Airflow's Portuguese is Portuguese"


def colours(page: Page, picture: Path) -> Iterator[str]:
    """axe-core's rules of WCAG 2.2 AA, everything unfolded, in light and in dark."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for theme in ("light", "dark"):
        page.locator(f"[data-theme-set={theme}]").click()
        page.mouse.move(0, 0)
        page.screenshot(path=f"{picture}-{theme}.png", full_page=True)
        for fault in Axe().run(page, options=RULES).response["violations"]:
            where = [" ".join(map(str, node["target"])) for node in fault["nodes"][:3]]
            yield f"{theme}: {fault['id']} ({fault['help']}) at {where}: {fault['nodes'][0]['failureSummary']}"


def printed(page: Page, file: Path) -> Iterator[str]:
    """On A4 paper nothing is cut off on the right, and what only a screen has is left out."""
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    before = page.inner_html("main")
    page.evaluate(FOLD.format("false"))
    page.evaluate(BEFORE_PRINT)
    if over := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
        yield f"{over} pixels too wide for paper: {page.evaluate(TOO_WIDE.replace('.scroll, .flow, svg', 'svg'))}"
    yield from (f"{text} is cut off on paper" for text in page.evaluate(CUT_OFF))
    yield from (f"{part} is printed" for part in (".top", ".csv") if page.locator(f"{part}:visible").count())
    card, paper, ink = page.evaluate(LIGHT)
    yield from [] if min(card, paper) > 240 and ink < 64 else [f"dark colours are printed: {card}, {paper}, {ink}"]
    yield from (f"the column {name} is not printed" for name in page.evaluate(NOT_PRINTED))
    folded, _ = page.locator("details:not([open])").count(), page.evaluate(AFTER_PRINT)
    open_after = page.locator("details[open]").count()
    yield from [f"{folded} parts stay folded on paper, {open_after} open after"] if folded or open_after else []
    page.evaluate(FOLD.format("true"))
    yield from [] if page.inner_html("main") == before else ["the page is another one after printing"]
    page.pdf(path=file, prefer_css_page_size=True)
    page.emulate_media(media="screen")


def choices(page: Page) -> Iterator[str]:
    """A chooser shows the panel that is chosen, and only that; it is reached and changed by the keyboard."""
    for name in page.eval_on_selector_all("select[data-choose]", "all => all.map(each => each.dataset.choose)"):
        select = page.locator(f"select[data-choose={name}]")
        select.focus()
        page.keyboard.press("End")
        shown = page.locator(f"[data-panel={name}]:visible")
        if shown.count() != 1 or shown.get_attribute("data-key") != select.input_value():
            yield f"the chooser {name} does not show what is chosen"
    if page.locator("input[data-stop-words]:visible").count():
        rows = page.locator("tr[data-word]:visible")
        before = rows.all_inner_texts()
        page.locator("input[data-stop-words]").press("Space")
        if rows.all_inner_texts() == before or rows.count() > 30:
            yield "the switch of the stop words does nothing"


def csv(page: Page) -> Iterator[str]:
    """A table comes as a file with its plain numbers, in Portuguese with semicolons."""
    button = page.locator("[data-csv]:visible").first
    if not button.count():
        return
    with page.expect_download() as download:
        button.click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    rows = page.locator(f"#{button.get_attribute('data-csv')} tr").count()
    if len(lines) != rows or ";" not in lines[0] or "R$" in lines[-1]:
        yield f"the CSV {download.value.suggested_filename} has {lines[:2]} of {rows} rows"


def main(pictures: str, *files: str) -> None:
    Path(pictures).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for file in files:
            address = file if "://" in file else Path(file).as_uri()
            print(json.dumps([*faults(browser, address, Path(pictures))]), flush=True)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
