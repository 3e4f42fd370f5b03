"""Turns the SAM template into the CloudFormation that AWS would make of it, without calling AWS.

Linting the SAM file itself checks little: the values of event sources, the references inside functions and the
actions in policies only become visible in the translated form.
"""

import copy
import json
import os

# The translator wants a region to be set; it calls nothing.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics  # noqa: E402
from samtranslator.model.exceptions import InvalidDocumentException  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402


class Refused(Exception):
    """The translator does not take the template, with a line for each cause."""


def parsed(text):
    """A SAM template as values, calls in their long spelling."""
    return yaml_parse(text)


def translated(template):
    """The CloudFormation template. The one given stays as it is."""
    template = with_packaged_code(copy.deepcopy(template))
    defaults = without_defaults(template)
    # No managed policy is named anywhere in the template, so the map that translates their names stays empty.
    metrics = Metrics(metrics_publisher=DummyMetricsPublisher())
    translator = Translator({}, Parser(), metrics=metrics)
    try:
        made = translator.translate(sam_template=template, parameter_values={})
    except InvalidDocumentException as refused:
        raise Refused("\n".join(cause.message for cause in refused.causes)) from refused
    finally:
        # To nobody; without it, it complains on its way out.
        metrics.publish()
    for name, default in defaults.items():
        made["Parameters"][name]["Default"] = default
    return json.loads(json.dumps(made))


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
