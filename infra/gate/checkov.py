"""checkov on the translated template, held against infra/checkov.yaml both ways."""

import json
import subprocess
from pathlib import Path

import yaml

REASONS = Path(__file__).resolve().parents[1] / "checkov.yaml"


def started(program, file):
    """checkov at work on a file. It takes a while: whoever started it has something else to do meanwhile."""
    command = [program, "--file", file, "--framework", "cloudformation", "--skip-download", "--quiet", "--compact"]
    return subprocess.Popen([*command, "--output", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def findings(process):
    """What it found and nobody left, what was left and is found no more, and how many it found in all."""
    out, errors = process.communicate()
    try:
        report = json.loads(out)
        failed = report["results"]["failed_checks"]
        passed = report["summary"]["passed"]
    except (ValueError, KeyError):
        return [f"checkov said nothing that can be read: {errors.strip()[-500:]}"], 0, 0
    found = {(check["check_id"], check["resource"].rsplit(".", 1)[-1]): check["check_name"] for check in failed}
    left = {(check, place) for check, said in yaml.safe_load(REASONS.read_text()).items() for place in said["where"]}
    new = [f"checkov {check} on {place}: {found[check, place]}" for check, place in sorted(found.keys() - left)]
    gone = [f"checkov {check} on {place} is left in checkov.yaml and found no more" for check, place in sorted(left - found.keys())]
    return new + gone, len(found), passed
