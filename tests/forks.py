"""`triage digest` in a process of its own for each run, forked from one that has imported it all already.

Such a run costs a tenth of a fresh interpreter and is as alone: its own environment, files, signals and exit code.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

_LOADED = (
    *("email.headerregistry", "filelock", "jinja2", "pylatexenc.latex2text", "smtplib", "wcwidth"),
    *("triage.cli.digest", "triage.cli.post", "triage.pipeline.coffee", "triage.pipeline.review", "triage.text"),
)
"""What a run would spend most of its time on."""


def run(home: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """As `test_cli.run`: nothing of this machine's environment but PATH, and nothing on standard input."""
    clean = {"PATH": os.environ["PATH"], "TRIAGE_HOME": str(home), "LANG": "C.UTF-8", "HF_HUB_OFFLINE": "1"}
    parent = _parent()
    assert parent.stdin is not None
    assert parent.stdout is not None
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        asked = {"arguments": arguments, "environ": {**clean, **environ}, "out": str(out), "err": str(err)}
        parent.stdin.write(json.dumps(asked) + "\n")
        parent.stdin.flush()
        code = int(parent.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, out.read_text("utf-8"), err.read_text("utf-8"))


@cache
def _parent() -> subprocess.Popen[str]:
    """The process that forks; it has no thread, and ends with its standard input."""
    parent = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    atexit.register(parent.communicate)
    return parent


def _serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(arguments: list[str], environ: dict[str, str], out: str, err: str) -> None:
    """Be `triage` with these arguments, and end."""
    from triage.cli import main

    code = 70
    try:
        os.environ.clear()
        os.environ.update(environ)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        code = main(arguments)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    from importlib import import_module

    sys.path.insert(0, str(Path(__file__).parents[1]))
    for name in _LOADED:
        import_module(name)
    _serve()
