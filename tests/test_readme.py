"""What the README says is so: its tables are the registry's, its code runs, its options exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dcviz import registry
from dcviz.records import RunConfig

ROOT = Path(__file__).parents[1]


def text():
    return (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", text(), re.M | re.S)


def tables():
    """Everything that is registered, as the README shows it."""
    rows = ["| kind | name | what it does | source |", "|---|---|---|---|"]
    for kind in ("divergence", "regime", "discrepancy", "preset", "objective"):
        for name, declaration in registry.known(kind).items():
            if getattr(declaration, "__module__", "dcviz").startswith("dcviz") and name != "match":
                source = declaration.source
                cited = f"[{source.authors}, {source.year}]({source.link})"
                rows.append(f"| {kind} | `{name}` | {declaration.sentence} | {cited} |")
    return "\n".join(rows)


def properties():
    """The evaluation suite, as the README shows it."""
    from dcviz.evaluation.suite import PROPERTIES

    rows = ["| property | what it does | figures | source |", "|---|---|---|---|"]
    for p in PROPERTIES.values():
        names = "; ".join(q.title for q in p.quantities)
        cited = f"[{p.source.authors}, {p.source.year}]({p.source.link})"
        rows.append(f"| `{p.name}` | {p.sentence} | {names} | {cited} |")
    return "\n".join(rows)


def commands():
    for block in blocks("sh"):
        for line in block.splitlines():
            yield shlex.split(line, comments=True)


def test_the_table_is_the_registry():
    assert tables() in text(), f"the table should be:\n{tables()}"


def test_the_suite_s_table_is_its_properties():
    assert properties() in text(), f"the table should be:\n{properties()}"


def test_the_two_commands_stand_there():
    assert "\n    pip install -e . && streamlit run app.py\n" in text()
    assert "\n    pip install -e '.[test]' && pytest\n" in text()


def test_the_protocol_in_words_is_the_default():
    from dcviz.cli.common import in_words

    quoted = " ".join(line.lstrip("> ") for line in text().splitlines() if line.startswith(">"))
    assert in_words(RunConfig().evaluation) in quoted
    assert RunConfig().live.updates * 2 == RunConfig().evaluation.updates  # "half of the updates"
    assert RunConfig().live.seeds == 1


def test_every_folder_has_its_sentence():
    folders = {path.parent.name for path in (ROOT / "dcviz").glob("*/__init__.py")}
    assert folders == set(re.findall(r"^\| `dcviz/(\w+)/` \|", text(), re.M))


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text()):
        if target != ".github/lab.png":  # a screenshot of the finished Lab
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_commands_and_options_exist(command):
    import typer

    from dcviz.cli import app

    program, name, *arguments = command
    assert program == "dcviz"
    known = {option for each in typer.main.get_command(app).commands[name].params for option in each.opts}
    assert {argument for argument in arguments if argument.startswith("--")} <= known


def test_the_library_examples_run(tmp_path, monkeypatch, capsys):
    from dcviz.runs.configure import configure
    from dcviz.runs.service import open_job
    from dcviz.runs.store import Store
    from dcviz.runs.worker import drive

    monkeypatch.setenv("DCVIZ_HOME", str(tmp_path))
    store = Store()
    settings = {"evaluation.updates": 10, "evaluation.seeds": 1}
    run = store.create(configure(budget=1, steps=2, start="noise", live=None, settings=settings), queue=False)
    assert drive(store, lambda claimed: open_job(store, claimed), run).status == "done"
    for block in blocks("python"):
        if not block.startswith("# "):
            exec(compile(block, "README.md", "exec"), globals())
    said = capsys.readouterr().out
    assert "50 " in said
    assert "CondensedSet" in said
    assert re.search(r"\d\d\.\d% ± \d+\.\d%", said)


def test_the_plugin_condenses(tmp_path):
    """In a process of its own: what it registers must not reach other tests."""
    plugin = next(block for block in blocks("python") if block.startswith("# phases.py"))
    (tmp_path / "phases.py").write_text(plugin)
    command = next(c for c in commands() if "--plugin" in c)
    quick = ["--steps", "40", "--start", "noise", "--budget", "1", "--no-live"]
    quick += ["--set", "evaluation.updates=10", "--set", "evaluation.seeds=1"]
    code = "from dcviz.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *command[1:], *quick],
        cwd=tmp_path,
        env={**os.environ, "DCVIZ_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    from dcviz.runs.store import Store

    store = Store(tmp_path / "home")
    run = store.runs()[0]
    assert run.config.terms[0].params["divergence"]["scale"] == 2
    _, objective = store.metrics(run.id)["objective"]
    assert objective[-5:].mean() < 0.7 * objective[:5].mean(), "it must have learned something"
