"""Turns the SAM template into the CloudFormation that AWS would make of it, without calling AWS.

Linting the SAM file itself checks little: the values of event sources, the references inside functions and the
actions in policies only become visible in the translated form.
"""

import json
import sys
from pathlib import Path

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse


def with_packaged_code(template):
    """Puts a bucket where `sam package` would: the translator refuses code on the local disk."""
    template["Globals"]["Function"]["CodeUri"] = "s3://packaged/code"
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"].pop("CodeUri", None)
    return template


def without_defaults(template):
    """Takes the parameters' defaults out, and returns them: the translator would put some of them in for the
    references, and the linter would then find the parameter unused."""
    parameters = template.get("Parameters", {})
    return {name: parameter.pop("Default") for name, parameter in parameters.items() if "Default" in parameter}


def main(source, target):
    template = with_packaged_code(yaml_parse(Path(source).read_text()))
    defaults = without_defaults(template)
    # No managed policy is named anywhere in the template, so the map that translates their names stays empty.
    translator = Translator({}, Parser())
    try:
        translated = translator.translate(sam_template=template, parameter_values={})
    except InvalidDocumentException as refused:
        for cause in refused.causes:
            print(f"{source}: {cause.message}", file=sys.stderr)
        return 1
    for name, default in defaults.items():
        translated["Parameters"][name]["Default"] = default
    Path(target).write_text(json.dumps(translated, indent=2, sort_keys=True) + "\n")
    print(f"translated {len(template['Resources'])} resources into {len(translated['Resources'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
