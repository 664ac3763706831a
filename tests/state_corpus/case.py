"""The corpus as data: one journey of values through blocks, read from `cases/*.cases`.

== a title
tags: alias, list          words to select by
needs: sklearn             packages that numpy, pandas and pyarrow do not bring; the case runs in `libraries`
unstable: figure           variables whose bytes differ from run to run
portrait: no, because ...  do not compare with one process, only run `check`
bug: what is wrong         known to fail; runs only with EASEL_CORPUS_BUGS=1
-- make                    code of the block that makes the values
-- change                  optional: a block between
-- again                   optional: another one
-- check                   asserts of a block downstream
-- named                   optional: `variable: part of the reason` for each one that is not carried
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "cases"
IN_DEFAULT = {"numpy", "pandas", "pyarrow"}
_HEADERS = ("tags", "needs", "unstable", "portrait", "bug")
_SECTIONS = ("make", "change", "again", "check", "named")
CHAIN = _SECTIONS[:3]


@dataclass
class Case:
    name: str
    title: str
    where: str  # file:line
    headers: dict[str, str] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)

    def words(self, header: str) -> list[str]:
        return [w.strip() for w in self.headers.get(header, "").split(",") if w.strip()]

    @property
    def chain(self) -> dict[str, str]:
        """The blocks that make and change the values, in order."""
        return {part: self.sections[part] for part in CHAIN if part in self.sections}

    @property
    def last(self) -> str:
        return list(self.chain)[-1]

    @property
    def check(self) -> str:
        return self.sections.get("check", "pass\n")

    @property
    def named(self) -> dict[str, str]:
        """Variable -> part of the reason why it is not carried."""
        lines = [line for line in self.sections.get("named", "").splitlines() if line.strip()]
        pairs = [line.partition(":") for line in lines]
        return {name.strip(): reason.strip() for name, _, reason in pairs}

    @property
    def portrait(self) -> bool:
        return not self.headers.get("portrait", "yes").startswith("no")

    @property
    def environment(self) -> str:
        return "libraries" if set(self.words("needs")) - IN_DEFAULT else "default"


def read_cases(folder: Path = FOLDER) -> list[Case]:
    found: list[Case] = []
    for path in sorted(folder.glob("*.cases")):
        found += _read(path)
    names = [case.name for case in found]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"these titles are there twice: {sorted(twice)}"
    return found


def _read(path: Path) -> list[Case]:
    cases: list[Case] = []
    section = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.name}:{number}"
        if line.startswith("== "):
            title = line[3:].strip()
            slug = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:40]
            cases.append(Case(f"{path.stem}_{slug}".rstrip("_"), title, where))
            section = ""
        elif line.startswith("-- "):
            section = line[3:].strip()
            assert section in _SECTIONS, f"{where}: there is no section `{section}`"
            assert section not in cases[-1].sections, f"{where}: `{section}` is there twice"
            cases[-1].sections[section] = ""
        elif section:
            cases[-1].sections[section] += line + "\n"
        elif line.strip() and not line.startswith("#"):
            key, _, value = line.partition(":")
            assert cases and key in _HEADERS, f"{where}: what is `{line}`?"
            cases[-1].headers[key] = value.strip()
    for case in cases:
        assert case.sections.get("make", "").strip(), f"{case.where}: it makes nothing"
        assert case.named or case.sections.get("check", "").strip(), f"{case.where}: it checks nothing"
    return cases
