"""A user at Airflow's UI who looks at Nightshift's pages and takes pictures of them.

    python ui_pages.py ADDRESS USER PASSWORD PICTURES DAG RUN      (in the environment of requirements/browser.txt)

Prints one line a page: its name and what it says. Ends with an error if the browser's console has one of our scripts'.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

PAGE_MS = 60_000
SIDEBAR = {
    "Nights": "Latest nights",
    "Money": "Most expensive nights",
    "Alive": "Running now",
    "Products": "Newest date",
    "Data dictionary": "word_counts",
}


def sign_in(page: Page, address: str, user: str, password: str) -> None:
    page.goto(address)
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Dags").first).to_be_visible()


def shown(page: Page, words: str, name: str, pictures: Path) -> None:
    """Wait until one of our fragments has these words; take its picture and print its text."""
    fragment = page.locator(".ns").filter(has_text=words).first
    expect(fragment).to_be_visible()
    page.screenshot(path=pictures / f"{name}.png")
    print(f"{name}: {' '.join(fragment.inner_text().split())}")


def main(address: str, user: str, password: str, folder: str, dag: str, run: str) -> None:
    pictures, errors = Path(folder), []
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1400, "height": 1000}, locale="en-US")
        page.set_default_timeout(PAGE_MS)
        expect.set_options(timeout=PAGE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        try:
            sign_in(page, address, user, password)
            shown(page, "Last night", "1-home", pictures)
            for number, (title, words) in enumerate(SIDEBAR.items(), 2):
                page.get_by_role("link", name=title, exact=True).first.click()
                shown(page, words, f"{number}-{title.lower().replace(' ', '-')}", pictures)
            page.goto(f"{address}/dags/{dag}")
            page.get_by_role("link", name="Nightshift nights").click()
            shown(page, "All nights of this DAG", "7-dag", pictures)
            page.goto(f"{address}/dags/{dag}/runs/{run}")
            page.get_by_role("link", name="Nightshift report").click()
            frame = page.frame_locator("iframe.ns-frame")
            expect(frame.locator("h1")).to_have_text("The page of a night")
            expect(frame.locator("#stolen")).to_have_text("nothing")
            page.screenshot(path=pictures / "8-run.png")
            page.goto(f"{address}/dags/{dag}")
            page.get_by_role("button", name="Trigger").first.click()
            expect(page.get_by_role("dialog").get_by_text("Business date").first).to_be_visible()
            page.screenshot(path=pictures / "10-form.png")
            page.emulate_media(color_scheme="dark")
            page.goto(f"{address}/plugin/nightshift_nights")
            shown(page, "Latest nights", "9-dark", pictures)
            assert errors == [], errors
        except BaseException:
            page.screenshot(path=pictures / "0-stopped-here.png")
            raise
        finally:
            chromium.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
