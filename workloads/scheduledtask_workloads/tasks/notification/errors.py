"""What goes wrong with a notification.

NotificationError
├── TargetError        a target's URL cannot be used as one; nothing was sent
├── TemplateProblem    a template cannot be filled in; nothing was sent
└── NotDeliveredError  some targets did not acknowledge; the others did
"""


class NotificationError(Exception):
    """The base of all of them."""


class TargetError(NotificationError):
    """Names the target, never its URL, which may hold a password."""


class TemplateProblem(NotificationError):  # noqa: N818  beside jinja2's TemplateError
    """Names the template's place, what is wrong, and the line."""


class NotDeliveredError(NotificationError):
    """Names each target and why."""
