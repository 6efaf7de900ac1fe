"""`./yingda chaos [--minutes N] [--database sqlite|postgresql|both] [--seed N] …`: the long run.

Repeats rehearsals with growing seeds until the time is up, and writes what was counted and found as a Markdown page.
The exit status is 0 only if every invariant held in every rehearsal.
"""

import argparse
import sys
import time
from pathlib import Path

from core.settings import REPOSITORY
from tools.chaos.machines import Missing
from tools.chaos.rehearsal import Plan, Result
from tools.chaos.report import summary_line, write_report
from tools.chaos.scenarios import one_process, rehearse, two_machines

GROUNDS = {"sqlite": one_process, "postgresql": two_machines}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--database", choices=(*GROUNDS, "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=6, help="faults in one rehearsal")
    parser.add_argument("--visitors", type=int, default=40)
    parser.add_argument("--report", type=Path, default=REPOSITORY / "docs" / "chaos-report.md")
    options = parser.parse_args()
    names = list(GROUNDS) if options.database == "both" else [options.database]
    results: dict[str, list[Result]] = {}
    try:
        for name in names:
            until = time.monotonic() + options.minutes * 60 / len(names)
            with GROUNDS[name]() as ground:
                seed = options.seed
                while seed == options.seed or time.monotonic() < until:
                    result = rehearse(
                        ground, Plan(faults=(), rounds=options.rounds, visitors=options.visitors, seed=seed)
                    )
                    print(summary_line(ground.name, result), flush=True)
                    results.setdefault(ground.name, []).append(result)
                    seed += 1
    except Missing as error:
        print(f"错误：没有找到 {error}，这一组演练需要它；可用 --database sqlite 只演练 SQLite。", file=sys.stderr)
        return 1
    write_report(options.report, results)
    print(f"结果：{options.report}")
    return 0 if all(result.is_clean for found in results.values() for result in found) else 1


if __name__ == "__main__":
    sys.exit(main())
