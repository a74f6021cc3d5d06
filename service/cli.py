"""``panhuo``: the command line.

Exit codes: 0 done, 1 failed with one sentence, 2 wrong usage, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from matcher.errors import InputError, MatcherError
from service.commands.acts import audit_all
from service.commands.audit import audit
from service.commands.bench import bench
from service.commands.build import build
from service.commands.contacts import contacts
from service.commands.demo import demo
from service.commands.doctor import doctor
from service.commands.evaluate import evaluate
from service.commands.export import export
from service.commands.grade import grade
from service.commands.history import history
from service.commands.imports import import_
from service.commands.keys import keys
from service.commands.openapi import openapi
from service.commands.options import Context, home_option, quiet_option, unusable
from service.commands.policy import policy
from service.commands.privacy import privacy
from service.commands.push import push
from service.commands.recommend import firms_for, recommend
from service.commands.segments import segments
from service.commands.serve import serve
from service.commands.store import store
from service.commands.synth import synth
from service.commands.webhooks import webhooks


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="panhuo")
@home_option
@quiet_option
def panhuo(context: Context) -> None:
    """Match university patents and small firms (盘活).

    First: panhuo import patents FILE, panhuo import firms FILE, panhuo build. Then: panhuo
    recommend, panhuo firms-for, panhuo eval, panhuo serve.
    """


for command in (
    import_,
    export,
    grade,
    history,
    contacts,
    keys,
    build,
    recommend,
    firms_for,
    evaluate,
    policy,
    push,
    segments,
    serve,
    openapi,
    store,
    webhooks,
    audit,
    privacy,
    doctor,
    demo,
    bench,
    synth,
):
    panhuo.add_command(command)
audit_all(panhuo)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; a user's mistake is a sentence, never a traceback."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of one command line."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if garbled := _garbled(given):
        click.echo(f"panhuo: {garbled}", err=True)
        return 2
    try:
        code = panhuo.main(
            args=given,
            prog_name="panhuo",
            standalone_mode=False,
        )
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except MatcherError as error:
        click.echo(f"panhuo: {error}", err=True)
        return 1
    except (KeyboardInterrupt, click.Abort):
        click.echo("panhuo: stopped.", err=True)
        return 130
    except BrokenPipeError:  # the reader of a pipe went away, as `head` does
        sys.stderr.close()
        return 0
    except OSError as error:
        click.echo(f"panhuo: {unusable(error)}", err=True)
        return 1


def _garbled(arguments: Sequence[str]) -> InputError | None:
    """Return the complaint about the first argument that no text encoding can hold.

    Python keeps bytes that are no UTF-8, as a GBK terminal sends them, as lone surrogates.
    """
    for argument in arguments:
        shown = argument.encode("utf-8", "backslashreplace").decode("utf-8")
        if shown != argument:
            return InputError(
                f"found argument {shown} with bytes that are no UTF-8",
                "UTF-8",
                "set terminal and locale to UTF-8 (such as LANG=C.UTF-8), or rename the file",
            )
    return None
