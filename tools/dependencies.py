"""Dependencies that may not be shipped: too old to be safe, or under a licence that ours does not go with.

`python -m tools.dependencies`, part of `./yingda check`.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-test.lock")
# GPL and AGPL, but not LGPL, which a library may carry.
_REFUSED = re.compile(
    r"(?<!L)(?<!Lesser )(?<!Library )\b(?:A?GPL|GNU (?:Affero )?General Public|Affero)", re.IGNORECASE
)
_LOCKED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def main() -> int:
    """Prints what is wrong; the exit status is 1 if anything is."""
    locked = {name: version for lock in LOCKS for name, version in read_lock((ROOT / lock).read_text())}
    floors = tomllib.loads((ROOT / "tools" / "floors.toml").read_text(encoding="utf-8"))["floors"]
    findings = [*below_floor(locked, floors), *refused_licences(locked)]
    print("\n".join(findings) or f"依赖 {len(locked)} 个：{len(floors)} 条最低版本与许可全部满足。")
    return 1 if findings else 0


def read_lock(text: str) -> list[tuple[str, str]]:
    """Names and versions in a lock file."""
    return _LOCKED.findall(text)


def below_floor(locked: dict[str, str], floors: dict[str, dict[str, str]]) -> Iterator[str]:
    """Locked packages that are older than their floor, and floors of packages that nobody locks any more."""
    for name, floor in floors.items():
        version = locked.get(name)
        if version is None:
            yield f"floors.toml: {name} 已不在锁文件里，请删掉这一行"
        elif _numbers(version) < _numbers(floor["version"]):
            yield f"{name} {version} 低于 {floor['version']}（{floor['advisory']}），请升级"


def refused_licences(locked: dict[str, str]) -> Iterator[str]:
    """Installed packages of the locks whose licence is refused or not told."""
    for name in sorted(locked):
        try:
            licence = licence_of(metadata(name))
        except PackageNotFoundError:
            continue  # for another platform or Python
        if not licence or is_refused(licence):
            yield f"{name} 的许可是 {licence or '未知'}，不能用"


def is_refused(licence: str) -> bool:
    """Whether a licence text names the GPL or AGPL without a choice of another."""
    return all(_REFUSED.search(choice) for choice in re.split(r"\bOR\b", licence))


def licence_of(about: PackageMetadata) -> str:
    """What a package says about its licence, in the best of the three places for it."""
    classifiers = [line.split(" :: ")[-1] for line in about.get_all("Classifier") or [] if line.startswith("License")]
    told = about.get_all("License-Expression") or classifiers or about.get_all("License") or [""]
    return " AND ".join(told).split("\n")[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0]))


if __name__ == "__main__":
    sys.exit(main())
