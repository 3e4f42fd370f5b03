"""One change at one place of a template: what samples and mutants are made of."""

import copy


class NoSuchPlace(Exception):
    """The place to change is not there."""


def changed(template, change):
    """A copy with the value at `at` (keys and positions with dots between) being `is`; gone, if the change has no `is`."""
    fresh = copy.deepcopy(template)
    *parents, last = [int(part) if part.isdigit() else part for part in change["at"].split(".")]
    place = fresh
    try:
        for part in parents:
            place = place[part]
        if "is" not in change:
            del place[last]
        elif isinstance(place, list):
            place[last] = change["is"]
        else:
            place.update({last: change["is"]})
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise NoSuchPlace(change["at"]) from error
    return fresh
