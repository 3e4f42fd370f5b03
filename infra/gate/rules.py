"""The rules in infra/guard, run by the Guard engine, and their samples: each bad one must break the rule it names."""

import functools
from pathlib import Path

import cfn_guard_rs
import yaml

from change import changed

FOLDER = Path(__file__).resolve().parents[1] / "guard"


def files():
    return sorted(FOLDER.glob("*.guard"))


@functools.cache
def text_of(path):
    return path.read_text()


def broken(template, path):
    """The rules of a file that a template breaks."""
    try:
        report = cfn_guard_rs.run_checks(template, text_of(path))
    except (ValueError, cfn_guard_rs.errors.GuardError) as error:
        # The engine gives up where a value is of a kind that it cannot compare. That is no pass.
        return [f"cannot be told ({error})"]
    return sorted(clause.Rule.name for clause in report.not_compliant)


def findings(template):
    return [f"{path.name}: {name}" for path in files() for name in broken(template, path)]


def sample_findings():
    """What is wrong with the rules themselves: a good sample that fails, a bad one that does not, a rule without one."""
    found, count = [], 0
    for path in files():
        samples = yaml.safe_load((FOLDER / "samples" / f"{path.stem}.yaml").read_text())
        good = samples["good"]
        found += [f"{path.name}: the good sample breaks {name}" for name in broken(good, path)]
        for bad in samples["bad"]:
            count += 1
            names = broken(changed(good, bad), path)
            if names != [bad["rule"]]:
                found.append(f"{path.name}: {bad['at']} should break {bad['rule']} alone, and breaks {names}")
        checked = cfn_guard_rs.run_checks(good, text_of(path))
        seen = {bad["rule"] for bad in samples["bad"]}
        found += [f"{path.name}: {name} has no bad sample" for name in sorted(set(checked.compliant) - seen)]
        found += [f"{path.name}: the good sample says nothing about {name}" for name in checked.not_applicable]
    return found, count
