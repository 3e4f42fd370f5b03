"""The gate: everything that can be proved of the template without an account. `bash infra/check` runs it."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import checkov
import lake
import laws
import lint
import mutants
import permissions
import rules
import translate
import watching

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
GOLDEN = ROOT / "infra/translated.json"


class Report:
    """Prints what was checked, keeps whether anything was found."""

    def __init__(self):
        self.failed = False
        self.started = time.monotonic()

    def add(self, what, found):
        seconds = time.monotonic() - self.started
        print(f"{'FAIL' if found else 'ok  '} {what} ({seconds:.0f} s so far)", flush=True)
        for each in found:
            print(f"     {each}")
        self.failed |= bool(found)


def text_of(template):
    return json.dumps(template, indent=1, sort_keys=True) + "\n"


def golden_findings(template, write):
    if write:
        GOLDEN.write_text(text_of(template))
    if not GOLDEN.exists() or GOLDEN.read_text() != text_of(template):
        return [f"{GOLDEN.relative_to(ROOT)} is not what the template comes to; look at the difference after bash infra/check --write"]
    return []


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("template", nargs="?", default=str(TEMPLATE))
    arguments.add_argument("--write", action="store_true", help="write what is made from other files anew")
    arguments.add_argument("--checkov", required=True, help="the program")
    said = arguments.parse_args()
    path, report = Path(said.template), Report()
    ours = path.resolve() == TEMPLATE

    if ours:
        report.add("tables, views and questions are those of the code", lake.findings(path, said.write))
    sam = translate.parsed(path.read_text())
    try:
        template = translate.translated(sam)
    except translate.Refused as refused:
        report.add("SAM takes the template", str(refused).splitlines())
        return 1
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "translated.json"
        file.write_text(text_of(template))
        checking = checkov.started(said.checkov, str(file))
        count = len(template["Resources"])
        if ours:
            report.add(f"{count} resources, as recorded in translated.json", golden_findings(template, said.write))
        report.add("cfn-lint on what is deployed", lint.findings(template))
        report.add("cfn-lint on template.yaml", lint.findings_of_text(path.read_text()))
        report.add(f"{len(laws.LAWS)} laws", laws.findings(sam, template))
        report.add("alarms, filters and dashboard name what exists", watching.findings(sam, template))
        found, samples = rules.sample_findings()
        report.add(f"{samples} bad samples each break their own rule", found)
        report.add("guard rules", rules.findings(template))
        report.add("permissions.yaml is what the code calls", permissions.code_findings())
        report.add("permissions.yaml is what the roles allow", permissions.template_findings(template))
        if ours:
            score, found = mutants.findings(sam)
            report.add(f"mutants: {score}", found)
        found, left, passed = checkov.findings(checking)
        report.add(f"checkov: {passed} passed, {left} left with a reason", found)
    print(f"infra/check: {path.name} {'does not pass' if report.failed else 'passes'}")
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main())
