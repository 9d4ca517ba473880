"""`ganzoo show`: a component and its options, or a run."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ganzoo.cli.completion import complete_runs
from ganzoo.cli.output import say
from ganzoo.cli.parameters import complete_kinds, complete_names
from ganzoo.cli.run_details import describe_run
from ganzoo.config.recipes import recipe_text
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component, default_host
from ganzoo.discovery.specs import KINDS, LISTED, RecipeSpec
from ganzoo.errors import UsageError, at_shell, command, did_you_mean, setting
from ganzoo.interfaces.options import describe


def _complete_first(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a kind, or a name of any kind."""
    names = [item for kind in KINDS for item in complete_names(kind, incomplete)]
    return [*complete_kinds(ctx, param, incomplete), *names]


def _complete_name(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a name of the kind that is given, or a run."""
    if ctx.params.get("kind") == "run":
        return complete_runs(ctx, param, incomplete)
    try:
        kind = registry.kind_named(ctx.params.get("kind") or "")
    except UsageError:
        return []
    return complete_names(kind.name, incomplete)


def _recipe(component: Component) -> str:
    """The file of a recipe, with summary and reference as comments."""
    spec = component.spec
    head = [
        f"ganzoo train --recipe {spec.name}",
        f"{spec.summary} [{component.provider}]",
        *filter(None, [spec.reference]),
    ]
    return "\n".join([*(f"# {line}" for line in head), "", recipe_text(component).rstrip()])


@click.command(
    short_help="Explain one component and its options, or a run.",
    help="Explain a component: summary, paper, options and what it brings; or a run.\n\n"
    f"KIND is one of {', '.join(kind.name for kind in KINDS.values())}; it can be left out where "
    "one kind has the name: `ganzoo show wgan-gp`, `ganzoo show RUN`.\n\n"
    "`ganzoo show recipe NAME` prints the settings as a file for `ganzoo train --config`. "
    "`ganzoo show run RUN` prints the state, provenance and journal of a run directory.",
)
@click.argument("kind", metavar="[KIND]", shell_complete=_complete_first)
@click.argument("name", metavar="NAME", required=False, shell_complete=_complete_name)
def show(kind: str, name: str | None) -> None:
    """Explain a component or a run."""
    # A run or a recipe.
    if name is None:
        kind, name = _kind_of(kind), kind
    if kind == "run":
        say(describe_run(name))
        return
    component = registry.find(registry.kind_named(kind).name, name)
    spec = component.spec
    if isinstance(spec, RecipeSpec):
        say(_recipe(component))
        return

    # A component. What it brings is in its code, which takes seconds to import.
    say(_component(component))
    say(_conditions(component), nl=False)
    say(_brought(component), nl=False)


def _kind_of(name: str) -> str:
    """Return the only kind that has something of this name; recipes come last.

    Raises:
        UsageError: there is none, or there are several.
    """
    # A run directory.
    if (Path(name) / "config.toml").is_file():
        return "run"

    # Kinds that have the name.
    host = default_host()
    names = {kind: host.components(kind) for kind in LISTED}
    kinds = [kind for kind in names if any(c.answers_to(name) for c in names[kind])]
    if len(kinds) > 1:
        kinds = [kind for kind in kinds if kind in KINDS]
    if len(kinds) == 1:
        return kinds[0]

    # None or several.
    if kinds:
        choices = " or ".join(f"`{command('show', kind, name)}`" for kind in kinds)
        raise UsageError(f"{len(kinds)} kinds have a component named '{name}': say {choices}")
    if any(name in (kind.name, kind.plural) for kind in LISTED.values()):
        raise UsageError(f"name one of them: `{command('list', name)}` shows their names")
    known = [c.spec.name for components in names.values() for c in components]
    raise UsageError(
        f"nothing is named '{name}'.{did_you_mean(name, known)} `ganzoo list` shows all names"
    )


def _component(component: Component) -> str:
    """A component's summary, reference, provider and options."""
    # Summary and facts.
    spec = component.spec
    formatter = click.HelpFormatter()
    formatter.write(f"{spec.kind} {spec.name}\n")
    formatter.indent()
    formatter.write_text(spec.summary)
    formatter.dedent()
    formatter.write_paragraph()
    facts = [
        ("reference", spec.reference),
        ("provided by", component.provider),
        ("code", spec.factory),
    ]
    formatter.write_dl([(name, fact) for name, fact in facts if fact])

    # Options.
    options = describe(registry.options_model(component))
    if not options:
        formatter.write("\nIt has no options.\n")
        return formatter.getvalue().rstrip()
    kind = KINDS[spec.kind]
    prefix = f"{kind.section}.{spec.name}" if kind.several else kind.section
    rows = []
    for option in options:
        details = [option.type, option.range, f"default {option.default}"]
        rows.append((option.name, f"{option.description} [{'; '.join(filter(None, details))}]"))
    with formatter.section(f"options (set with -o {prefix}.OPTION=VALUE)"):
        formatter.write_dl(rows, col_max=28)
    return formatter.getvalue().rstrip()


def _conditions(component: Component) -> str:
    """What an architecture is conditioned on; empty for other kinds."""
    if component.spec.kind != "architecture":
        return ""
    from ganzoo.run.compatibility import condition_names

    try:
        return f"\nIt is conditioned on {condition_names(registry.make(component, {}))}.\n"
    except Exception:  # required options, missing files, an error in a plugin
        return ""


def _brought(component: Component) -> str:
    """Components and settings that a loss or an architecture brings; empty for other kinds."""
    # Read them from the component, with its default options.
    if component.spec.kind not in ("loss", "architecture"):
        return ""
    try:
        made = registry.make(component, {})
        settings = dict(made.settings())
        tables = {
            kind: dict(getattr(made, f"default_{kind.plural}", dict)())
            for kind in KINDS.values()
            if kind.several
        }
    except Exception as error:  # required options, a missing package, an error in a plugin
        return f"\nWhat else it brings is not known: {error}\n"

    # Rows: each component with its options, and the settings as flags.
    rows = []
    for kind, brought in tables.items():
        for name, options in brought.items():
            values = ", ".join(f"{key} {value}" for key, value in options.items())
            rows.append((f"{kind.name} {name}", values or "with its default options"))
    if settings:
        flags = (at_shell(setting(name, value)) for name, value in settings.items())
        rows.append(("settings", " ".join(flags)))
    if not rows:
        return ""
    formatter = click.HelpFormatter()
    with formatter.section("brings (your own settings win)"):
        formatter.write_dl(rows)
    return formatter.getvalue()
