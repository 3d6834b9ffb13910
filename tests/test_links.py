"""What stands in an address comes back as it was; what makes no sense is passed over and told."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spikeboard.links import LONGEST_QUERY, Link, read_link, spell, write_link
from spikeboard.selection import Selection, select
from spikeboard.view import MOVED, Choice, Flag, Moved, Number, Pick, Whole
from spikeboard.views import views

names = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
seconds = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-1000, 1000).map(float)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    return select(
        draw(st.none() | seconds),
        draw(st.none() | seconds),
        draw(st.none() | st.sets(st.integers(0, 10**6), max_size=30)),
        draw(st.none() | st.lists(names, min_size=1, max_size=4)),
        draw(st.none() | st.tuples(names, st.integers(0, 10**8))),
    )


def values(setting: object) -> st.SearchStrategy:
    match setting:
        case Whole():
            return st.integers(setting.low, setting.high)
        case Number():
            return st.floats(setting.low, setting.high, allow_nan=False)
        case Choice():
            return st.sampled_from(list(setting.options))
        case Flag():
            return st.booleans()
        case Pick():
            return st.integers(0, 2**31 - 1) if setting.kind == "unit" else names
        case Moved():
            return st.from_regex(MOVED, fullmatch=True) | st.just("")
    raise TypeError(setting)


@st.composite
def given_settings(draw: st.DrawFn) -> dict[str, dict]:
    found: dict[str, dict] = {}
    for name in draw(st.sets(st.sampled_from(list(views())), max_size=3)):
        chosen = draw(st.sets(st.sampled_from(list(views()[name].settings)), min_size=1, max_size=4))
        found[name] = {key: draw(values(views()[name].settings[key])) for key in sorted(chosen)}
    return found


@given(selections())
def test_a_selection_comes_back_as_it_was(selection: Selection) -> None:
    back = read_link(write_link(Link("demo", selection)))
    assert back.selection == selection and back.recording == "demo" and not back.complaints


@given(given_settings())
def test_settings_come_back_to_the_last_digit(settings: dict[str, dict]) -> None:
    back = read_link(write_link(Link(settings=settings)))
    assert not back.complaints
    for name, view in views().items():
        assert view.check(back.settings.get(name, {})) == view.check(settings.get(name, {}))


@given(st.text(max_size=300) | st.text(string.printable, max_size=300))
def test_whatever_stands_in_an_address_nothing_is_raised(text: str) -> None:
    read_link(text)
    link = read_link("?rec=demo&t=" + text + "&raster.sort=" + text)
    assert link.settings.get("raster", {"sort": "id"})["sort"] in ("id", "rate", "first_spike", "similarity")


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
def test_a_number_is_spelled_in_full_and_no_longer(value: float) -> None:
    assert float(spell(value)) == value
    assert len(spell(value)) <= len(repr(value))


def test_only_what_differs_from_the_default_is_written() -> None:
    assert write_link(Link()) == ""
    assert write_link(Link("demo", select(), {"raster": {"sort": "id", "marginals": True}})) == "?rec=demo"
    written = write_link(Link("demo", select(0.5, 2), {"raster": {"sort": "rate", "marginals": False}}))
    assert written == "?rec=demo&t=0.5_2.0&raster.sort=rate&raster.marginals=0"


def test_nonsense_is_passed_over_and_told_while_the_rest_holds() -> None:
    link = read_link(
        "?t=9&units=3-1&pop=E&raster.sort=banana&firing_rate.bin_ms=25&no_view.x=1&raster.nothing=2"
    )
    assert link.selection == Selection(populations=("E",))
    assert link.settings == {"firing_rate": {"bin_ms": 25.0}}
    told = " ".join(link.complaints)
    assert len(link.complaints) == 5
    for word in ("t='9'", "units='3-1'", "banana", "no_view.x", "nothing"):
        assert word in told


def test_parts_of_the_address_that_are_not_ours_are_left_alone() -> None:
    assert read_link("?utm_source=mail&x=1") == Link()


def test_an_address_that_is_too_long_is_not_read_in_part() -> None:
    units = ",".join(str(2 * k) for k in range(20_000))
    link = read_link(f"?rec=demo&units={units}")
    assert len(units) > LONGEST_QUERY and link.selection == select() and "longer than" in link.complaints[0]


@pytest.mark.parametrize("said", [None, "", "?", "&&&", "=", "?=x", "?rec", "?units"])
def test_next_to_nothing_is_nothing(said: str | None) -> None:
    link = read_link(said)
    assert link.recording == "" and not link.settings and link.selection.populations is None
