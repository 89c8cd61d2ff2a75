"""`segment COMMAND overrides...`: the way in.

Nothing heavy is imported here, so that help and completion answer at once.
"""

import os
import signal
import sys
import threading
import time
from types import FrameType

from segmentation import __version__
from segmentation.errors import InputError, nearest

STARTED = time.perf_counter()
"""When this process began, nearly; what the seconds of a result count from."""

INTERRUPTED = threading.Event()
"""Set by SIGTERM. An exception that is raised within a library's callback may be swallowed or become another one;
long jobs look here between their steps."""

COMMANDS = {
    "explore": "look at the data alone: missing values, distributions, relations, outliers",
    "fit": "cluster with one configuration; with -m, with a grid of them",
    "sweep": "search algorithms and their parameters, keep every trial, register the winner",
    "promote": "show the challenger beside the champion and make it the champion, if the gate lets it",
    "rollback": "make the version before the champion the champion again",
    "score": "put new customers into the champion's segments",
    "serve": "answer over HTTP with the champion's segments, by MLflow's scoring server",
    "monitor": "compare later customers with the champion's own: ok, watch or retrain",
    "renew": "monitor, and where it says so train again and ask the gate; for a scheduler",
    "stream": "put records into segments as they arrive, each once, and tell who changed segment",
    "ui": "open the MLflow UI on the store",
}

HELP = """segment: which groups of customers are there, what are they like, and where does a new customer belong?

Usage: segment COMMAND [key=value ...] [Hydra's flags]

Commands
{commands}

Examples
  segment sweep                                                  search on generated demo customers
  segment sweep data=mall data.path=Mall_Customers.csv           search on your own
  segment fit algorithm=kmeans algorithm.n_clusters=5            one configuration
  segment fit -m algorithm=kmeans,dbscan scaler=standard,robust  a grid
  segment ui                                                     compare the runs
  segment promote                                                make the winner the champion
  segment score data.path=new.csv output=scored.csv              score new customers

`segment COMMAND --help` lists a command's options, `--cfg job` prints its config, `--info` how it came about.
Tab completion: eval "$(segment -sc install=bash)"
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        The words after `segment`; by default those of the process.

    Returns
    -------
    int
        0 where it went well, 1 where the program failed, 2 for a user's mistake, 3 where a gate refused, 4
        where a segmentation should be trained again, 130 where it was interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in ("-sc", "--shell-completion"):
        return _complete(words)
    if not words or words[0] in ("-h", "--help"):
        width = max(map(len, COMMANDS))
        print(
            HELP.format(commands="\n".join(f"  {c:<{width}}  {text}" for c, text in COMMANDS.items())), end=""
        )
        return 0
    if words[0] == "--version":
        print(__version__)
        return 0
    return _run(words[0], words[1:])


def _run(command: str, words: list[str]) -> int:
    try:
        if command not in COMMANDS:
            raise InputError(f"There is no command '{command}'; {nearest(command, COMMANDS)}")
        from segmentation.commands import launch

        # A scheduler's SIGTERM ends a run as KILLED, as Ctrl-C does, instead of leaving it RUNNING.
        signal.signal(signal.SIGTERM, _terminate)
        return launch(command, words)
    except InputError as error:
        print(f"segment: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("segment: interrupted; what was logged so far is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader (head, less) has gone; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception:
        if not INTERRUPTED.is_set():
            raise
        return 130
    finally:
        INTERRUPTED.clear()


def _terminate(signum: int, frame: FrameType | None) -> None:
    INTERRUPTED.set()
    raise KeyboardInterrupt


def _complete(words: list[str]) -> int:
    # Hydra completes the words of one application; the word of the command is ours.
    line = os.environ.get("COMP_LINE", "")
    done = line.split()[1:] if line.endswith(" ") else line.split()[1:-1]
    if words[1:] == ["query=bash"] and not done:
        print(" ".join(COMMANDS))
        return 0
    command = done[0] if done else "sweep"
    if command in COMMANDS:
        from segmentation.commands import launch

        os.environ["COMP_LINE"] = line.replace(f" {command}", "", 1)
        launch(command, words)
    return 0
