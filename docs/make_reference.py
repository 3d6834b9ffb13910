"""Write the reference page of each view from its declaration: `python -m docs.make_reference` in the checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from components.pages import PAGES
from spikeboard.view import Choice, Flag, Moved, Number, Pick, Setting, View, Whole
from spikeboard.views import views

DOCS = Path(__file__).resolve().parent
FOLDER = DOCS / "views"
MADE = (
    "<!-- Made by docs/make_reference.py from the view's declaration: change that, then run `make docs`. -->"
)
NEEDS = {
    "spikes": "spikes",
    "states": "at least one state variable",
    "projections": "projections",
    "rates": "a rate monitor",
    "intervals": "trials or other intervals",
    "units": "units, be they silent",
}
PICKED = {
    "state": "name of a state",
    "projection": "name of a projection",
    "population": "name of a population",
    "unit": "row of a unit",
    "interval": "name of a table of intervals",
    "rate": "name of a rate monitor",
}
ONLY_VALUES = re.compile(r'("\w+"|,| |or)*')
USES = {"time": "time window", "units": "units or populations"}
# Sections of a docstring: a name, and a line of dashes below it.
SECTION = re.compile(r"^(Parameters|Returns|Raises|Notes|References|Examples)\n-{3,}\n", re.MULTILINE)


def pages() -> dict[str, str]:
    """Every reference page by the name of its file."""
    texts = {f"{name}.md": page(view) for name, view in views().items()}
    return {"README.md": index(), **texts}


def page(view: View) -> str:
    """The reference page of one view."""
    body, parameters, returns = parts(view.definition())
    lead, _, rest = body.partition("\n\n")
    sections = (
        MADE,
        f"# {view.title}",
        lead,
        _picture(view),
        rest,
        "## In a script",
        f"```python\n{python_line(view)}\n```",
        _facts(view),
        _settings(view, meanings(parameters)),
        f"## The numbers\n\nThe CSV of its card holds: {_plain(returns)}" if returns else "",
    )
    return "\n\n".join(filter(None, sections)) + "\n"


def _facts(view: View) -> str:
    return (
        f"Name in links and scripts: `{view.name}`. On the page {_page_title(view)}. "
        f"Needs {_listed(NEEDS[need] for need in view.needs) or 'no data of a particular kind'}. "
        f"Follows of the selection: {_listed(USES[part] for part in view.uses) or 'nothing'}."
    )


def index() -> str:
    """The page that lists the views."""
    lines = [
        MADE,
        "# The views\n",
        "Each figure is a view: one file that declares what it needs, its settings, its numbers and its picture.\n",
    ]
    lines += ["| view | page | shows |", "|---|---|---|"]
    for name, view in views().items():
        first = " ".join(view.definition().split("\n\n")[0].split())
        lines.append(f"| [{view.title}]({name}.md) | {_page_title(view)} | {_cell(first)} |")
    return "\n".join(lines) + "\n"


def parts(definition: str) -> tuple[str, str, str]:
    """The text, the parameters and the returns of a docstring."""
    text, *sections = SECTION.split(definition)
    named = dict(zip(sections[::2], sections[1::2], strict=True))
    return text.strip(), named.get("Parameters", ""), named.get("Returns", "")


def meanings(parameters: str) -> dict[str, str]:
    """What the Parameters section says, by name; lines that are indented belong to the one above."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", parameters.strip()):
        names, colon, text = entry.partition(" : ")
        if colon:
            found |= {name.strip(): " ".join(text.split()) for name in names.split(",")}
    return found


def python_line(view: View) -> str:
    """A call that draws it, with one setting that is not the default, where there is one."""
    for name, setting in view.settings.items():
        others = (
            [value for value in setting.options if value != setting.default]
            if isinstance(setting, Choice)
            else []
        )
        if others:
            return f'rec.figure("{view.name}", {name}="{others[0]}")'
    return f'rec.figure("{view.name}")'


def _picture(view: View) -> str:
    if not (DOCS / "images" / f"view-{view.name}.png").exists():
        return ""
    return f"![{view.title} of the demo recording](../images/view-{view.name}.png)"


def _settings(view: View, said: dict[str, str]) -> str:
    rows = [
        f"| `{name}` | {_cell(setting.label)} | {default(setting)} | {takes(setting)} "
        f"| {_cell(_meaning(view, name, said.get(name, '')))} |"
        for name, setting in view.settings.items()
    ]
    head = ["## Settings", "", "| setting | control | default | takes | meaning |", "|---|---|---|---|---|"]
    return "\n".join(head + rows) if rows else ""


def default(setting: Setting) -> str:
    """The default, as a script spells it."""
    if isinstance(setting, Number | Whole):
        return f"{setting.default:,g}" if isinstance(setting, Number) else f"{setting.default:,}"
    return f"`{setting.default!r}`"


def takes(setting: Setting) -> str:
    """The values that a setting takes."""
    match setting:
        case Number() | Whole():
            unit = f" {setting.unit}" if setting.unit else ""
            return _cell(f"{_number(setting.low)} to {_number(setting.high)}{unit}")
        case Choice():
            return ", ".join(f"`{value}` {_cell(words)}" for value, words in setting.options.items())
        case Flag():
            return "`True`, `False`"
        case Pick():
            return f"{PICKED[setting.kind]}; `None` {_cell(setting.empty)}"
        case Moved():
            return "nodes with their x and y in px, such as `p0_120_-40,n17_3_4`"
    return ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _meaning(view: View, name: str, said: str) -> str:
    setting = view.settings[name]
    # Which values a choice takes stands in the column before.
    said = "" if isinstance(setting, Choice) and ONLY_VALUES.fullmatch(said) else said
    return "; ".join(filter(None, [said, getattr(setting, "help", ""), *_when(view, setting)]))


def _when(view: View, setting: Setting) -> Iterator[str]:
    for name, values in setting.when.items():
        other = view.settings[name]
        known = list(other.options) if isinstance(other, Choice) else list(values)
        rest = [value for value in known if value not in values]
        few, is_ = (values, "is") if len(values) <= max(len(rest), 1) else (rest, "is not")
        yield f"where {other.label} {is_} {' or '.join(f'`{value}`' for value in few)}"


def _page_title(view: View) -> str:
    return next((page.title for page in PAGES if page.name == view.page), view.page)


def _listed(words: Iterator[str]) -> str:
    return " and ".join(words)


def _plain(returns: str) -> str:
    return " ".join(returns.split()).removeprefix("Result : ").rstrip(".") + "."


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write the pages, and remove those of views that are gone."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for gone in {path.name for path in FOLDER.glob("*.md")} - set(made):
        (FOLDER / gone).unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
