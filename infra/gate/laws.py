"""What the template has to keep and no tool knows: each law takes the SAM template and its translation, and says what breaks it."""

import functools
import json
import re
import tomllib
from pathlib import Path

import yaml

from permissions import of_type

ROOT = Path(__file__).resolve().parents[2]
# What makes a resource's name; where one is given, it must begin with the stack's.
NAMES = {
    "AWS::Athena::WorkGroup": "Name",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}
READERS, KINDS = ["Archive", "Popularity"], ["Geo", "Pin", "User"]
OUTPUTS = {"AlarmTopic", "AthenaWorkGroup", "BucketName", "Catalog", "DashboardUrl", "Example", "Page", "TableName", "Url"}
ENVIRONMENTS = ["default", "dev", "staging", "prod"]
RATE = re.compile(r"rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)")


@functools.cache
def text_of(path):
    return path.read_text()


@functools.cache
def events_of(function):
    return [json.loads(path.read_text()) for path in (ROOT / "events" / function).glob("*.json")]


@functools.cache
def environments():
    paths = sorted((ROOT / "infra/params").glob("*.yaml"))
    return {path.name: yaml.safe_load(path.read_text()) or {} for path in paths}


def functions_have_the_variables_they_read(_, template):
    functions = of_type(template, "AWS::Lambda::Function")
    for folder in sorted((ROOT / "functions").iterdir()):
        given = functions.get(f"{folder.name.capitalize()}Function")
        if given is None:
            yield f"{folder.name} is not in the template"
            continue
        variables = given.get("Environment", {}).get("Variables", {}).keys()
        read = set(re.findall(r'required\("(\w+)"\)', text_of(folder / "src/config.rs")))
        yield from (f"{folder.name} reads {name}, which the template does not give it" for name in sorted(read - variables))
        yield from (f"{folder.name} is given {name}, which it does not read" for name in sorted(variables - read))


def functions_log_to_their_own_group(_, template):
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        own = name.replace("Function", "Logs")
        if function.get("LoggingConfig", {}).get("LogGroup") != {"Ref": own}:
            yield f"{name} does not log to {own}"


def each_reader_reads_each_stream_once(_, template):
    mappings = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    read = sorted((each["FunctionName"]["Ref"], each["EventSourceArn"]["Fn::GetAtt"][0]) for each in mappings)
    if read != [(f"{reader}Function", f"{kind}Stream") for reader in READERS for kind in KINDS]:
        yield f"the streams are read as {read}"


def streams_forget_before_live_pages_expire(_, template):
    kept_days = int(re.search(r"KEPT_DAYS: i32 = (\d+);", text_of(ROOT / "shared/posts/src/layout.rs")).group(1))
    for name, stream in of_type(template, "AWS::Kinesis::Stream").items():
        if not 24 <= stream.get("RetentionPeriodHours", 24) < kept_days * 24:
            yield f"{name} remembers as long as live pages live, {kept_days} days, or longer"


def nothing_says_parallelization_factor(sam, _):
    if "ParallelizationFactor" in json.dumps(sam):
        yield "a ParallelizationFactor stands in the template, whatever it says"


def what_answers_requests_answers_before_the_api_gives_up(_, template):
    functions = of_type(template, "AWS::Lambda::Function")
    for name in ("IngestFunction", "QueryFunction"):
        if not functions[name].get("Timeout", 3) < 30:
            yield f"{name} may take longer than the 30 s of an HTTP API"


def scheduled_runs_do_not_pile_up(_, template):
    functions = of_type(template, "AWS::Lambda::Function")
    invoked = {each["FunctionName"]["Ref"]: each for each in of_type(template, "AWS::Lambda::EventInvokeConfig").values()}
    for name in ("BatchFunction", "HistoryFunction"):
        reserved = functions[name].get("ReservedConcurrentExecutions")
        if reserved != {"Fn::If": ["ConcurrencyReserved", 1, {"Ref": "AWS::NoValue"}]}:
            yield f"{name} does not run one at a time by default"
        config = invoked.get(name, {})
        if config.get("MaximumRetryAttempts") != 0 or config.get("MaximumEventAgeInSeconds") != functions[name]["Timeout"]:
            yield f"{name} is tried again by Lambda, or waits longer than another run can take"


def schedules_are_what_scheduler_takes(sam, template):
    parameters = sam["Parameters"]
    for name, schedule in of_type(template, "AWS::Scheduler::Schedule").items():
        expression = schedule["ScheduleExpression"]
        parameter = parameters.get(expression.get("Ref")) if isinstance(expression, dict) else None
        if parameter is None:
            yield f"{name}: the expression is no parameter"
            continue
        said = str(parameter.get("Default"))
        if not re.fullmatch(parameter.get("AllowedPattern", ""), said) or not is_schedule(said):
            yield f"{name}: {said} is neither a rate nor a cron of six fields with one ?"


def is_schedule(text):
    fields = text.removeprefix("cron(").removesuffix(")").split(" ")
    cron = text.startswith("cron(") and len(fields) == 6 and [fields[2], fields[4]].count("?") == 1
    return bool(RATE.fullmatch(text)) or cron


def schedules_send_recorded_events(_, template):
    for name, schedule in of_type(template, "AWS::Scheduler::Schedule").items():
        function = schedule["Target"]["Arn"]["Fn::GetAtt"][0].removesuffix("Function").lower()
        try:
            sent = json.loads(schedule["Target"].get("Input", ""))
        except ValueError:
            yield f"{name}: the input is not JSON"
            continue
        if sent not in events_of(function):
            yield f"{name}: no file of events/{function} is {json.dumps(sent)}"


def requests_go_where_they_should(_, template):
    paths = {}
    for api in of_type(template, "AWS::ApiGatewayV2::Api").values():
        for path, methods in api["Body"]["paths"].items():
            for method, operation in methods.items():
                if "x-amazon-apigateway-integration" in operation:
                    called = json.dumps(operation["x-amazon-apigateway-integration"])
                    paths[f"{method} {path}"] = re.search(r"\$\{(\w+)\.Arn\}", called).group(1)
    query = ["get /", "get /{proxy+}", "head /", "head /{proxy+}", "post /v1/quarantine/replay"]
    query = dict.fromkeys(query, "QueryFunction")
    if paths != query | {"x-amazon-apigateway-any-method /$default": "IngestFunction"}:
        yield f"requests go to {paths}"


def names_begin_with_the_stacks(_, template):
    for name, resource in template["Resources"].items():
        key = NAMES.get(resource["Type"])
        given = resource.get("Properties", {}).get(key) if key else None
        said = json.dumps(given)
        if given is not None and "AWS::StackName" not in said:
            yield f"{name} is called {said} in every stack of the account"
    for name, database in of_type(template, "AWS::Glue::Database").items():
        if "AWS::StackName" not in json.dumps(database["DatabaseInput"].get("Name")):
            yield f"{name} is called the same in every stack of the account"
    for name, budget in of_type(template, "AWS::Budgets::Budget").items():
        if "AWS::Region" not in json.dumps(budget["Budget"].get("BudgetName")):
            yield f"{name} is called the same in every region of the account"


def the_bucket_policy_covers_bucket_and_objects(_, template):
    for name, policy in of_type(template, "AWS::S3::BucketPolicy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            said = json.dumps(statement.get("Resource"))
            if "/*" not in said or '"Arn"' not in said:
                yield f"{name} does not cover both the bucket and its objects"


def outputs_say_where_everything_is(sam, _):
    yield from (f"there is no output {name}" for name in sorted(OUTPUTS - sam.get("Outputs", {}).keys()))


def written_to_only_with_a_key_or_on_purpose(sam, _):
    rules = json.dumps(sam.get("Rules", {}))
    if not all(word in rules for word in ("Assertions", "WriteKeys", "OpenWrites", "yes, anyone may write")):
        yield "a stack without write keys could be deployed by accident"
    if sam["Parameters"]["WriteKeys"].get("NoEcho") is not True or sam["Parameters"]["OpenWrites"].get("Default") != "no":
        yield "hashes of keys are shown, or writing is open by default"


def documents_name_every_alarm_and_parameter(sam, template):
    text = text_of(ROOT / "docs/OPERATING.md")
    named = list(of_type(template, "AWS::CloudWatch::Alarm")) + list(sam["Parameters"])
    yield from (f"docs/OPERATING.md says nothing about {name}" for name in named if f"`{name}`" not in text)


def environments_give_what_the_template_takes(sam, _):
    for environment, given in environments().items():
        for name, value in given.items():
            parameter = sam["Parameters"].get(name)
            if parameter is None:
                yield f"{environment}: there is no parameter {name}"
            elif not takes(parameter, value):
                yield f"{environment}: {name} does not take {value}"


def every_environment_can_be_deployed(sam, _):
    config = tomllib.loads(text_of(ROOT / "samconfig.toml"))
    stacks = [config.get(name, {}).get("global", {}).get("parameters", {}).get("stack_name") for name in ENVIRONMENTS]
    if None in stacks or len(set(stacks)) != len(stacks):
        yield f"samconfig.toml deploys the stacks {stacks}"
    for name in ENVIRONMENTS:
        said = config.get(name, {}).get("deploy", {}).get("parameters", {})
        if said.get("confirm_changeset") is not True or said.get("capabilities") != "CAPABILITY_IAM":
            yield f"samconfig.toml: {name} is deployed without being asked, or cannot make roles"
        if name != "default" and said.get("parameter_overrides") != f"file://infra/params/{name}.yaml":
            yield f"samconfig.toml: {name} is not deployed with infra/params/{name}.yaml"
        if name != "default" and f"{name}.yaml" not in environments():
            yield f"there is no infra/params/{name}.yaml"


def takes(parameter, value):
    allowed = [str(each) for each in parameter.get("AllowedValues", [value])]
    if str(value) not in allowed or not re.fullmatch(parameter.get("AllowedPattern", ".*"), str(value)):
        return False
    if parameter["Type"] != "Number":
        return True
    return parameter.get("MinValue", value) <= value <= parameter.get("MaxValue", value)


LAWS = [
    functions_have_the_variables_they_read,
    functions_log_to_their_own_group,
    each_reader_reads_each_stream_once,
    streams_forget_before_live_pages_expire,
    nothing_says_parallelization_factor,
    what_answers_requests_answers_before_the_api_gives_up,
    scheduled_runs_do_not_pile_up,
    schedules_are_what_scheduler_takes,
    schedules_send_recorded_events,
    requests_go_where_they_should,
    names_begin_with_the_stacks,
    the_bucket_policy_covers_bucket_and_objects,
    outputs_say_where_everything_is,
    written_to_only_with_a_key_or_on_purpose,
    documents_name_every_alarm_and_parameter,
    environments_give_what_the_template_takes,
    every_environment_can_be_deployed,
]


def findings(sam, template):
    found = []
    for law in LAWS:
        try:
            found += list(law(sam, template))
        except (AttributeError, KeyError, TypeError, IndexError) as error:
            # A part that a law looks into is gone; which one, the law's name says.
            found.append(f"{law.__name__.replace('_', ' ')}: cannot be told ({error!r})")
    return found
