"""What a run may be asked for: whatever is accepted stays inside its prefix and out of every shell."""

import re
import string
import unicodedata
from datetime import UTC, date, datetime
from encodings.aliases import aliases

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nightshift import dag_factory
from nightshift.config import Settings
from nightshift.failures.errors import ParameterError
from nightshift.run import parameters, run_context
from tests.nightshift.emr import spark_submit
from wordcount.definition import PIPELINE as WORDCOUNT
from wordcount.jobs.lines import judged_file
from wordcount.jobs.text_encoding import encoding_named

TODAY = date(2026, 1, 5)
MIDNIGHT = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
TRICKS = ["..", ".", "/", "//", " ", "a", "é", "e\u0301", "🚀", "%2e", "%", "\\", "$(x)", "`x`", ";", "'", '"', "\n"]
TRICKS += ["\0", "*", "?", "[a]", "{a,b}", "s3://b/k", "~", "-", "--lake", "_x", "#", "+", "=", "\u202e", "x" * 300]
TAG_VALUE = re.compile(r"[\w\s_.:/=+\-@]{0,256}")  # what EC2 and EMR take: letters, digits, blanks and these
VALID_TEXT = st.one_of(st.text(max_size=40), st.lists(st.sampled_from(TRICKS), max_size=6).map("".join))


def night_with(settings, run_id="manual__x", **params):
    return run_context.from_run(settings, WORDCOUNT, run_id, MIDNIGHT, params)


@pytest.mark.parametrize(
    "asked",
    [
        *("../other", "a/../b", "a/..", "a/./b", "a/.", ".", "..", "/etc", "s3://b/k", "a//b", "a/b//", "a;rm -rf"),
        *("$(x)", "a\nb", "a\n", "a\0", "`id`", "a'b", 'a"b', "a\\b", "a%2e%2e", "a*", "a?b", "[ab]", "{a,b}", "a#b"),
        *("a|b", "~a", "-rf", "--lake", "a\u202eb", "a\ud800", "x" * 256, "é" * 128, "a/" * 300, 7, ["a"], True),
    ],
)
def test_a_prefix_that_reaches_outside_or_into_a_shell_is_refused_by_its_name_and_with_what_is_allowed(asked):
    with pytest.raises(ParameterError, match=r"input_prefix is .*: expected a folder .*, like inbox/2026/") as refused:
        parameters.input_prefix(asked)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 600


@pytest.mark.parametrize(
    "asked", ["inbox", "inbox/2026-01/café com leite/", "cafe\u0301/", "a.b/c=d", "🚀/1..2", "_x/y"]
)
def test_an_ordinary_folder_is_taken_as_it_is(asked):
    assert parameters.input_prefix(asked) == asked.removesuffix("/") + "/"


@given(asked=VALID_TEXT)
def test_whatever_prefix_is_accepted_stays_one_folder_and_one_word(settings, asked):
    assume(asked)
    try:
        night = night_with(settings, input_prefix=asked)
    except ParameterError as refused:
        assert "input_prefix" in str(refused)
        return
    parts = night.input_prefix.removesuffix("/").split("/")
    assert not {"", ".", ".."} & set(parts)
    assert not set(night.input_prefix) & set("\0\r\n\t!\"#$%&'()*,:;<>?[\\]^`{|}~")
    assert len(night.input_prefix.encode()) <= 512
    words = spark_submit(night, WORDCOUNT.steps[0], "s3://jobs/")
    assert words[words.index("--input") + 1] == f"s3://acme-night-raw/{asked.removesuffix('/')}/"
    form(asked, "input_prefix")  # what the library takes, the form does not keep from asking


@given(asked=VALID_TEXT)
@pytest.mark.parametrize("name", ["input_prefix", "encoding", "ssh_cidr", "business_date"])
def test_what_the_form_lets_through_the_library_judges_and_never_crashes_on(settings, name, asked):
    try:
        night_with(settings, **{name: asked})
    except ParameterError as refused:
        assert str(refused).startswith(f"{name} is ") and "expected" in str(refused)


def form(value, name):
    return dag_factory.form(WORDCOUNT, Settings())[name].resolve(value)


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        (None, None),
        ("", None),
        ("198.51.100.7/32", "198.51.100.7/32"),
        ("10.1.0.0/16", "10.1.0.0/16"),
        ("2001:db8::/64", "2001:db8::/64"),
    ],
)
def test_a_narrow_network_is_taken(asked, taken):
    assert parameters.ssh_cidr(asked) == taken
    assert not taken or form(taken, "ssh_cidr") == taken


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/8",
            "198.51.100.7",
            "198.51.100.7/24",
            "300.1.1.1/32",
            "10.0.0.0/16\n",
            "here",
        ),
        *("10.0.0.0/16; reboot", "2001:db8::/32", "٣.1.1.1/32", "10.0.0.0/255.255.0.0", 7),
    ],
)
def test_a_wide_network_or_none_at_all_is_refused_before_anything_is_made(asked):
    with pytest.raises(ParameterError, match=r"ssh_cidr is .*: expected a network"):
        parameters.ssh_cidr(asked)


@pytest.mark.parametrize(
    "asked",
    [
        *("2026-13-01", "yesterday", "29/12/2025", "2026-01-06", "2026-1-2", "2026-01-02\n", " 2026-01-02", "20260102"),
        *("0001-01-01", "1899-12-31", "٢٠٢٦-01-02", "2026-W01-1", "$(date)", 20260102, date(2026, 1, 2)),
    ],
)
def test_a_day_that_is_none_or_beyond_the_calendar_is_refused(asked):
    with pytest.raises(ParameterError, match=r"business_date is .*: expected a "):
        parameters.business_date(asked, TODAY)


@given(asked=st.dates(date(1900, 1, 1), TODAY))
def test_every_day_until_today_is_taken_and_names_a_folder_with_all_its_zeros(settings, asked):
    night = night_with(settings, business_date=asked.isoformat())
    assert night.input_prefix == f"wordcount/{asked.isoformat().replace('-', '/')}/"


@pytest.mark.parametrize(
    "asked",
    [
        *("klingon", "hex", "rot13", "punycode", "unicode_escape", "undefined", "utf-8\n", "a\0b", "../x", "-c", 8),
        *("utf 8; reboot", "$(x)", "x" * 300),
    ],
)
def test_an_encoding_that_is_unknown_or_none_of_files_is_refused(asked):
    with pytest.raises(ParameterError, match=r"encoding is .*: expected a name like utf-8"):
        parameters.encoding(asked)


@pytest.mark.parametrize(
    "name", sorted({*aliases.values(), "utf-8-sig", "UTF8", "Latin 1", "windows-1252", "ISO-8859-15"})
)
def test_every_encoding_that_a_run_may_name_is_one_that_the_job_reads_any_bytes_in(name):
    try:
        taken = parameters.encoding(name)
    except ParameterError:
        return
    form(name, "encoding")
    text = bytes([9, 10, 13, *range(32, 256)]) * 2 + "olá\n\ud7ff𐀀".encode()
    for content in (text, bytes(range(256)) + "olá\n\ud7ff𐀀".encode("utf-16")):
        assert list(judged_file("f", content, encoding_named(taken)))


RUN_IDS = [
    ("manual__2026-01-05T03:00:00+00:00", "manual__2026-01-05T03-00-00-00-00"),
    ("scheduled__2026-01-05T03:00:00.123456+00:00_aB3", "scheduled__2026-01-05T03-00-00.123456-00-00_aB3"),
    ("my-run_1.2", "my-run_1.2"),
]


@pytest.mark.parametrize(("run_id", "slug"), RUN_IDS)
def test_airflows_own_run_ids_and_plain_ones_keep_their_words(settings, run_id, slug):
    assert night_with(settings, run_id).slug == slug


@pytest.mark.parametrize(
    "run_id", ["../../x", "$(reboot)", "a b", "'; rm -rf /'", "a\nb", "x" * 300, ".", "..", "_x", ""]
)
def test_an_odd_run_id_is_told_apart_from_the_one_it_would_look_like(settings, run_id):
    slug = night_with(settings, run_id).slug
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,98}", slug) and re.search(r"-[0-9a-f]{8}$", slug)


@given(run_id=st.one_of(VALID_TEXT, st.text(string.printable, max_size=300)))
@example(run_id="a/../../b")
@example(run_id="x._COPYING_")
@example(run_id="a\n")
def test_every_name_of_any_run_is_inside_its_prefix_and_valid_for_tag_and_state(settings, run_id):
    night = night_with(settings, run_id)
    assert re.fullmatch(r"transient/wordcount/[A-Za-z0-9][A-Za-z0-9._-]*\.tfstate", night.state_key)
    assert len(f"wordcount/{night.slug}.tfstate.tflock") <= 255
    for prefix in (night.staging_prefix, night.record_prefix, night.certificates_key):
        assert not {"", ".", ".."} & set(prefix.removesuffix("/").split("/")) and len(prefix) < 900
    assert all(TAG_VALUE.fullmatch(value) for value in night.tags.values())
    # The pattern of the transient stack's variable `run`.
    assert re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9._-]+", night.run) and len(night.run) <= 256
    assert unicodedata.is_normalized("NFC", night.place_name) and night.place_name.isprintable()


@given(one=VALID_TEXT, other=VALID_TEXT)
@example(one="a b", other="a-b")
@example(one="manual__2026-01-05T03:00:00+00:00", other="manual__2026-01-05T03-00-00-00-00")
@example(one="x" * 299 + "a", other="x" * 299 + "b")
def test_no_two_run_ids_share_a_name(settings, one, other):
    assume(one != other)
    assert night_with(settings, one).slug != night_with(settings, other).slug


@given(run_id=VALID_TEXT)
def test_nobody_takes_another_runs_name_by_choosing_it_as_run_id(settings, run_id):
    slug = night_with(settings, run_id).slug
    assume(slug != run_id)
    assert night_with(settings, slug).slug != slug
