"""Alarms, filters and the dashboard: whether what they name exists."""

import functools
import json
import re
from pathlib import Path

import yaml

from permissions import of_type

ROOT = Path(__file__).resolve().parents[2]
# The metric filters' own namespace, which is the stack's.
OWN = {"Fn::Sub": "Pinpulse/${AWS::StackName}"}


@functools.cache
def known():
    """Of each namespace its dimensions and metrics; those of the functions are read from the code."""
    listing = yaml.safe_load((ROOT / "infra/metrics.yaml").read_text())
    source = (ROOT / "shared/aws/src/metrics.rs").read_text()
    ours = re.findall(r'Metric(?:::count\(| \{ name: )"(\w+)"', source)
    listing["Pinpulse"] = {"dimensions": ["function"], "metrics": ours, "alarmed": []}
    return listing


def findings(sam, template):
    listing, resources = dict(known()), template["Resources"]
    filtered, found = filters(template)
    listing["Pinpulse/${AWS::StackName}"] = {"dimensions": [], "metrics": sorted(filtered), "alarmed": sorted(filtered)}
    watched = set()
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        for namespace, metric, dimensions in metrics_of(alarm):
            watched.add((namespace, metric))
            found += wrong(name, listing, namespace, metric, dimensions)
    for namespace, said in listing.items():
        found += [f"no alarm watches {metric} of {namespace}" for metric in said["alarmed"] if (namespace, metric) not in watched]
    for name, dashboard in of_type(template, "AWS::CloudWatch::Dashboard").items():
        found += dashboard_findings(name, dashboard["DashboardBody"]["Fn::Sub"], listing, resources, sam)
    return found


@functools.cache
def source_of(function):
    return "".join(path.read_text() for path in sorted((ROOT / "functions" / function / "src").rglob("*.rs")))


def filters(template):
    """The metrics that filters make, and what is wrong with the filters."""
    made, found = set(), []
    for name, each in of_type(template, "AWS::Logs::MetricFilter").items():
        message = re.fullmatch(r'\{ \$\.message = "([^"]+)" \}', each["FilterPattern"])
        function = each["LogGroupName"].get("Ref", "").removesuffix("Logs").lower()
        if message is None or f'"{message.group(1)}"' not in source_of(function):
            found.append(f"{name}: {function} logs nothing that it matches")
        for transformation in each["MetricTransformations"]:
            made.add(transformation["MetricName"])
            if transformation["MetricNamespace"] != OWN:
                found.append(f"{name}: its metric is that of every stack of the account")
    return made, found


def metrics_of(alarm):
    """The (namespace, metric, dimensions) that an alarm reads."""
    parts = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    for part in parts or [alarm]:
        namespace = part["Namespace"]
        namespace = namespace["Fn::Sub"] if isinstance(namespace, dict) else namespace
        yield namespace, part["MetricName"], [dimension["Name"] for dimension in part.get("Dimensions", [])]


def wrong(name, listing, namespace, metric, dimensions):
    if namespace not in listing or metric not in listing[namespace]["metrics"]:
        return [f"{name}: there is no metric {metric} in {namespace}"]
    if sorted(dimensions) != sorted(listing[namespace]["dimensions"]):
        return [f"{name}: {metric} is not read by {', '.join(dimensions) or 'nothing'}"]
    return []


def dashboard_findings(name, text, listing, resources, sam):
    referred = {each.split(".")[0] for each in re.findall(r"\$\{([^}!]+)\}", text)}
    unknown = sorted(each for each in referred if not each.startswith("AWS::") and each not in {**resources, **sam["Parameters"]})
    found = [f"{name}: there is no {each}" for each in unknown]
    try:
        widgets = json.loads(text)["widgets"]
    except (ValueError, KeyError) as error:
        return [*found, f"{name}: is no dashboard ({error})"]
    alarms = {f"${{{alarm}.Arn}}" for alarm, each in resources.items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    shown = {arn for widget in widgets for arn in widget["properties"].get("alarms", [])}
    found += [f"{name}: does not show {arn}" for arn in sorted(alarms - shown)]
    for widget in widgets:
        for metric in widget["properties"].get("metrics", []):
            texts = [part for part in metric if isinstance(part, str)]
            if texts:
                found += wrong(name, listing, texts[0], texts[1], texts[2::2])
    return found
