"""The options that kubectl has too, under the same names."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from scheduledtask_operator.cli.problems import CommandProblem
from scheduledtask_operator.plugin.kubectl import Kubectl

Function = TypeVar("Function", bound=Callable[..., Any])
_PASSED_ON = ("kubeconfig", "context", "cluster", "user", "as", "request-timeout")


def cluster_options(function: Function) -> Function:
    """Which cluster, as whom, in which namespace: the verb gets `kubectl`."""
    wrapped: Any = click.pass_context(_with_kubectl(function))
    for decorate in reversed(_CLUSTER_OPTIONS):
        wrapped = decorate(wrapped)
    decorated: Function = wrapped
    return decorated


_CLUSTER_OPTIONS = (
    click.option("-n", "--namespace", default="", help="The namespace.  [default: that of the context]"),
    click.option("--context", default="", help="The context of the kubeconfig."),
    click.option("--kubeconfig", default="", help="The kubeconfig.  [default: as kubectl has it]"),
    click.option("--cluster", default="", hidden=True),
    click.option("--user", default="", hidden=True),
    click.option("--as", "as_", default="", help="The user to be, where that is allowed."),
    click.option("--request-timeout", default="", help="Of each request, such as 5s."),
)


def _with_kubectl(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(ctx: click.Context, **given: Any) -> Any:
        named = {name: given.pop(f"{name.replace('-', '_')}{'_' if name == 'as' else ''}") for name in _PASSED_ON}
        options = tuple(f"--{name}={value}" for name, value in named.items() if value)
        namespace = given.pop("namespace").removeprefix("=")  # kubectl takes `-n=team` too
        return ctx.invoke(function, kubectl=Kubectl(options, namespace), **given)

    call.__doc__, call.__name__ = function.__doc__, function.__name__
    call.__dict__.update(function.__dict__)  # the options that were put on it before
    return call


def listing_options(kubectl: Kubectl, *, all_namespaces: bool, selector: str) -> list[str]:
    """Of `kubectl get`; raises CommandProblem where -n and -A are both given."""
    if all_namespaces and kubectl.namespace:
        raise CommandProblem("-n and -A exclude each other; leave one out")
    return [*(["--all-namespaces"] if all_namespaces else []), *([f"--selector={selector}"] if selector else [])]


def all_namespaces_option(function: Function) -> Function:
    return click.option("-A", "--all-namespaces", is_flag=True, help="Of every namespace.")(function)


def output_option(*choices: str) -> Callable[[Function], Function]:
    """Text when it is left out."""
    return click.option("-o", "--output", type=click.Choice(choices), default=None, help="Instead of text for people.")


def operator_options(function: Function) -> Function:
    function = click.option(
        "--lease-name", default="scheduledtask-operator", show_default=True, help="The operator's Lease."
    )(function)
    return click.option(
        "--operator-namespace",
        default="",
        envvar="SCHEDULEDTASK_OPERATOR_NAMESPACE",
        help="Where the operator is installed.  [default: it is looked for]",
    )(function)


def name_argument(function: Function) -> Function:
    """NAME, of a ScheduledTask, which shells complete."""
    return click.argument("name", metavar="NAME", shell_complete=complete_names)(function)


def complete_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """None where they may not be seen: a shell's line is no place for an error."""
    from scheduledtask_operator.plugin.finding import names
    from scheduledtask_operator.plugin.refusals import KubectlRefusal

    given = {"as" if name == "as_" else name.replace("_", "-"): value for name, value in ctx.params.items()}
    options = tuple(f"--{name}={given[name]}" for name in _PASSED_ON if given.get(name))
    try:
        known = names(Kubectl(options, str(given.get("namespace") or "")))
    except KubectlRefusal:
        return []
    return [name for name in known if name.startswith(incomplete)]
