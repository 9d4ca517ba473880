"""`ganzoo show`: a component and its options, or a run."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from ganzoo.cli.parameters import complete_kinds, complete_names
from ganzoo.cli.run_details import describe_run
from ganzoo.config.recipes import recipe_text
from ganzoo.discovery import registry
from ganzoo.discovery.host import Component
from ganzoo.discovery.specs import KINDS, RecipeSpec
from ganzoo.errors import UsageError
from ganzoo.interfaces.options import describe


def _complete_name(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a name of the kind that is given."""
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


@click.command(short_help="Explain one component and its options, or a run.")
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", shell_complete=_complete_name)
def show(kind: str, name: str) -> None:
    """Explain a component: summary, paper and options; or a run.

    KIND is architecture, loss, penalty, dataset, observer, metric or extractor:
    `ganzoo show loss wgan-gp`.
    `ganzoo show recipe NAME` prints the settings as a file for `ganzoo train --config`.
    `ganzoo show run RUN` prints the state, provenance and journal of a run directory.
    """
    # A run or a recipe.
    if kind == "run":
        click.echo(describe_run(name))
        return
    component = registry.find(registry.kind_named(kind).name, name)
    spec = component.spec
    if isinstance(spec, RecipeSpec):
        click.echo(_recipe(component))
        return
    click.echo(_component(component))


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
    formatter.write_paragraph()

    # Options.
    options = describe(registry.options_model(component))
    if not options:
        formatter.write("It has no options.\n")
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
