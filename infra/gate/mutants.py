"""Whether the gate catches what it is there for: single faults of the template, each by the part that should see it."""

from pathlib import Path

import yaml

import laws
import lint
import permissions
import rules
import translate
import watching
from change import NoSuchPlace, changed

LIST = Path(__file__).with_name("mutants.yaml")


def findings(sam):
    """The score, and each fault that was not caught, or not by the part that is named for it."""
    listed = yaml.safe_load(LIST.read_text())
    whole = translate.translated(sam)
    # What the template itself is found to have is no catch.
    before = said_of(sam, whole)
    found, caught = [], 0
    for mutant in listed:
        try:
            parts = caught_by(changed(sam, mutant), whole, before)
        except NoSuchPlace as place:
            found.append(f"{mutant['fault']}: there is no {place} to change")
            continue
        caught += bool(parts)
        if mutant["by"] not in parts:
            found.append(f"{mutant['fault']}: caught by {', '.join(parts) or 'nothing'}, and not by {mutant['by']}")
    if len({mutant["fault"] for mutant in listed}) != len(listed):
        found.append("two faults have one name")
    return f"{caught} of {len(listed)} caught", found


def said_of(sam, template):
    """What each of the quick parts of the gate finds."""
    return {
        "laws": laws.findings(sam, template),
        "watching": watching.findings(sam, template),
        "permissions": permissions.template_findings(template),
        "guard": rules.findings(template),
    }


def caught_by(sam, whole, before):
    """The parts of the gate that a mutant's template does not pass."""
    try:
        template = translate.translated(sam)
    except translate.Refused:
        return ["translate"]
    parts = [part for part, said in said_of(sam, template).items() if set(said) - set(before[part])]
    # The slowest, and asked last: seconds where the others take none.
    return parts or (["lint"] if lint.findings_of_mutant(template, whole) else [])
