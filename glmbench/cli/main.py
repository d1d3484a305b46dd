"""The command line: verbs, and the one place where exceptions become exit codes."""

from __future__ import annotations

import errno
import signal
import sys
import traceback
from typing import Any, NoReturn

import click

from glmbench.about import __version__
from glmbench.cli.cassette import cassette
from glmbench.cli.compare import compare
from glmbench.cli.doctor import doctor
from glmbench.cli.drift import drift
from glmbench.cli.import_ import import_
from glmbench.cli.init import init
from glmbench.cli.list_ import list_, schema, validate
from glmbench.cli.output import give_up, show_any_text
from glmbench.cli.report import report
from glmbench.cli.run import record, run, smoke
from glmbench.cli.scan import scan
from glmbench.cli.serve import serve
from glmbench.cli.show import show
from glmbench.errors import CassetteError, GlmbenchError, SuiteError, UsageError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 80}

# The numbers are those of the documented table; they are here and not imported, because `--help`
# shall not load the results.
USAGE, INVALID, CASSETTE, BUG, INTERRUPTED, TERMINATED = 2, 3, 6, 70, 130, 143


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, "--version", prog_name="glmbench")
def cli() -> None:
    """Test and measure streaming chat providers, live or from recorded streams.

    Replay is the default: nothing goes to the network unless a mode is given that says so.
    """


for verb in (
    run,
    record,
    smoke,
    validate,
    list_,
    drift,
    show,
    cassette,
    compare,
    report,
    serve,
    doctor,
    init,
    schema,
):
    cli.add_command(verb)
for verb in (scan, import_):
    cassette.add_command(verb)


# Writing to a full disk, or to a reader that has gone.
_NOBODY_READS = {errno.ENOSPC, errno.EPIPE}


class _Termination:
    """Makes SIGTERM do what Ctrl-C does, and remembers that it was SIGTERM."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, *_: Any) -> None:
        self.came = True
        # Whoever knows how to stop at Ctrl-C, asyncio's runner first of all, does so now.
        signal.raise_signal(signal.SIGINT)


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with the documented code."""
    show_any_text()
    termination = _Termination()
    signal.signal(signal.SIGTERM, termination)
    code = _guarded(args)
    sys.exit(TERMINATED if termination.came and code == INTERRUPTED else code)


def _guarded(args: list[str] | None) -> int:
    try:
        # Click's own handling would turn Ctrl-C into exit code 1.
        code = cli.main(args, prog_name="glmbench", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except (SuiteError, UsageError) as error:
        click.echo(str(error), err=True)
        return INVALID if isinstance(error, SuiteError) else USAGE
    except GlmbenchError as error:
        click.echo(str(error), err=True)
        return CASSETTE if isinstance(error, CassetteError) else INVALID
    except Exception as error:  # noqa: BLE001 -- a bug: whatever it is, it shall be shown
        if isinstance(error, OSError) and error.errno in _NOBODY_READS:
            # Click prints help texts itself, and not as `print_text` does.
            give_up(sys.stdout)
            click.echo(f"The output could not be written: {error.strerror}", err=True)
            return USAGE
        traceback.print_exc()
        click.echo(
            "This is a bug in glmbench. Please report it with the lines above and the command.",
            err=True,
        )
        return BUG
    return int(code or 0)
