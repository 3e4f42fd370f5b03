"""cfn-lint: an error is always a finding, and so are two warnings, an action that does not exist (W3037) and a parameter that
nothing reads (W2001)."""

import json

from cfnlint.api import ManualArgs, lint

CONFIG = {"regions": ["us-east-1"]}
WARNINGS = {"W3037", "W2001"}


def findings(template):
    """Of a translated template."""
    return findings_of_text(json.dumps(template))


def findings_of_text(text):
    matches = lint(text, config=ManualArgs(**CONFIG))
    kept = [match for match in matches if match.rule.id.startswith("E") or match.rule.id in WARNINGS]
    places = [(match.rule.id, "/".join(map(str, match.path or [])), match.message) for match in kept]
    return [f"{rule} {place}: {message}" for rule, place, message in sorted(set(places))]


# What no other part refers to and takes the longest to lint.
APART = {"AWS::Athena::NamedQuery", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Glue::Table"}


def findings_of_mutant(template, whole):
    """As `findings`, without the parts that a mutant has like everybody."""
    resources = {
        name: each
        for name, each in template["Resources"].items()
        if each.get("Type") not in APART or each != whole["Resources"].get(name)
    }
    found = findings({**template, "Resources": resources, "Outputs": {}})
    # With parts left out, some parameters and conditions are read by nobody.
    return [each for each in found if not each.startswith("W2001")]
