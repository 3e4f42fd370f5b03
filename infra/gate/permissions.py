"""infra/permissions.yaml held against the code and against the roles of the template, both ways."""

from pathlib import Path

import yaml

import calls

LIST = Path(__file__).resolve().parents[1] / "permissions.yaml"


def listed():
    return yaml.safe_load(LIST.read_text())


def code_findings():
    """Where the list and the code differ."""
    listing, methods = listed(), calls.sent_by_adapters()
    found = []
    sent = {call for called in methods.values() for call in called}
    found += [f"shared/aws calls {call}, which permissions.yaml does not have" for call in sorted(sent - listing["calls"].keys())]
    found += [f"permissions.yaml has {call}, which shared/aws does not call" for call in sorted(listing["calls"].keys() - sent)]
    words = {name: lake["word"] for name, lake in listing["lake"].items()}
    folders = {path.name for path in (calls.ROOT / "functions").iterdir() if path.is_dir()}
    found += [f"permissions.yaml does not have {name}" for name in sorted(folders - listing["functions"].keys())]
    for function, made in listing["functions"].items():
        reached = {call for method in calls.used_by(function, methods) for call in methods[method]}
        reached |= calls.lake_of(function, words)
        found += [f"{function} makes the call {call}, which permissions.yaml does not list" for call in sorted(reached - made.keys())]
        found += [f"permissions.yaml lists {call} of {function}, which makes no such call" for call in sorted(made.keys() - reached)]
    return found


def template_findings(template):
    """Where the list and the roles differ."""
    found, listing = [], listed()
    functions = of_type(template, "AWS::Lambda::Function")
    readers = {mapping["FunctionName"]["Ref"] for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values()}
    for function, made in listing["functions"].items():
        logical_id = f"{function.capitalize()}Function"
        if logical_id not in functions:
            found.append(f"there is no {logical_id}")
            continue
        role = functions[logical_id].get("Role", {}).get("Fn::GetAtt", [None])[0]
        granted = set()
        if role == f"{function.capitalize()}Role" and role in template["Resources"]:
            granted = grants(template["Resources"][role]["Properties"])
        else:
            found.append(f"{logical_id} does not have its own role")
        wanted = needs(function, made, listing, logical_id in readers)
        found += [f"{logical_id} may not {action} on {on}" for action, on in sorted(wanted - granted)]
        found += [f"{logical_id} may {action} on {on} for nothing" for action, on in sorted(granted - wanted)]
    return found


def needs(function, made, listing, reads_streams):
    """The (action, resource) pairs that a function needs."""
    wanted = set()
    for call, resources in made.items():
        actions = listing["lake"][call]["actions"] if call in listing["lake"] else listing["calls"][call]
        for action in actions:
            wanted |= {(action, on) for on in (["Bucket"] if action == "s3:ListBucket" else resources)}
    for part in listing["always"] + (listing["mapping"] if reads_streams else []):
        for on in part["resources"]:
            wanted |= {(action, on.replace("LOGS", f"{function.capitalize()}Logs")) for action in part["actions"]}
    return wanted


def grants(role):
    """The (action, resource) pairs that a role's own policies allow."""
    granted = set()
    for policy in role.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            for action in listing_of(statement.get("Action", [])):
                granted |= {(action, name(resource)) for resource in listing_of(statement["Resource"])}
    return granted


def listing_of(value):
    return value if isinstance(value, list) else [value]


def name(resource):
    """A resource as the list writes it: `Table`, `Bucket/raw/*`, `*`."""
    if isinstance(resource, dict) and resource.get("Fn::GetAtt", [None, None])[1] == "Arn":
        return resource["Fn::GetAtt"][0]
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        return str(resource["Fn::Sub"]).replace("${", "").replace(".Arn}", "")
    return str(resource)


def of_type(template, kind):
    return {name: resource["Properties"] for name, resource in template["Resources"].items() if resource["Type"] == kind}
