"""The house keeps its directions: who imports whom, what loads when, and what is nowhere."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dcviz"
LEAVES = {"dcviz.errors", "dcviz.randomness"}  # every module may import these

READS_TORCH = "dcviz.runs.importing.tensors"  # the published sets of others

STORE = (
    "database",
    "files",
    "rows",
    "home",
    "queue",
    "limits",
    "history",
    "pictures",
    "labels",
    "ledger",
    "bin",
    "litter",
    "search",
)
STORE += ("store",)

# room -> what it never imports (prefixes)
NEVER = {
    "dcviz.data": ["divergences", "discrepancies", "condensing", "evaluation", "runs", "ui", "figures"],
    "dcviz.nets": ["divergences", "discrepancies", "condensing", "evaluation", "runs", "ui", "figures"],
    "dcviz.augment": ["divergences", "discrepancies", "condensing", "evaluation", "runs", "ui", "figures"],
    "dcviz.attacks": ["data", "divergences", "discrepancies", "condensing", "evaluation", "runs", "ui", "figures"],
    "dcviz.training": ["divergences", "discrepancies", "condensing", "evaluation", "runs", "ui", "figures"],
    "dcviz.discrepancies": ["data", "condensing", "evaluation", "runs", "ui", "figures"],
    "dcviz.condensing": ["runs", "figures", "ui"],
    "dcviz.evaluation": ["runs", "figures", "ui"],
    "dcviz.embed": ["runs", "figures", "ui"],
    "dcviz.yardsticks": ["condensing", "runs", "figures", "ui"],
    **{f"dcviz.runs.{part}": ["condensing", "discrepancies", "evaluation", "ui"] for part in STORE},
    "dcviz.playground": ["runs", "figures", "ui"],
    "dcviz.figures": ["runs", "ui"],
    "dcviz.cli": ["ui"],
    "dcviz.atlas": ["ui", "figures", "cli"],
    "dcviz.learn": ["ui", "cli"],
    "dcviz.runs": ["ui", "figures", "inspect"],
    "dcviz.inspect": ["ui", "figures", "cli", "atlas"],
}
NEVER_OUTSIDE = {
    "dcviz.condensing": ["streamlit", "plotly", "umap"],
    "dcviz.evaluation": ["streamlit", "plotly", "umap"],
    "dcviz.embed": ["streamlit", "plotly"],
    "dcviz.yardsticks": ["streamlit", "plotly", "umap"],
    **{f"dcviz.runs.{part}": ["torch", "streamlit", "plotly", "umap"] for part in STORE},
    "dcviz.runs": ["streamlit", "plotly", "umap"],
    "dcviz.playground": ["streamlit", "plotly", "umap"],
    "dcviz.figures": ["torch", "streamlit"],
    "dcviz.cli": ["streamlit"],
    "dcviz.atlas": ["streamlit", "plotly", "umap"],
    "dcviz.inspect": ["streamlit", "plotly", "umap"],
    "dcviz.learn": ["streamlit", "plotly", "umap"],
    "dcviz.data": ["streamlit", "plotly", "umap"],
    "dcviz.discrepancies": ["streamlit", "plotly", "umap", "sklearn"],
    "dcviz.divergences": ["streamlit", "plotly", "umap", "sklearn", "scipy", "numpy"],
}


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path):
    """All names that a file imports anywhere, except for annotations only."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(name, room):
    return name == room or name.startswith(room + ".")


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=lambda v: v if isinstance(v, str) else "")
def test_imports_keep_their_direction(name, path):
    found = set(imports(path))
    own = {f for f in found if inside(f, "dcviz")} - LEAVES
    if name in ("dcviz.types", "dcviz.records", "dcviz.errors", "dcviz.randomness"):
        assert {f for f in own if not any(inside(f, leaf) for leaf in LEAVES)} == set()
    if inside(name, "dcviz.divergences"):
        strays = {f for f in own if not inside(f, "dcviz.types") and not inside(f, "dcviz.divergences")}
        assert {f for f in strays if not any(inside(f, leaf) for leaf in LEAVES)} == set()
    for room, banned in NEVER.items():
        if inside(name, room):
            assert not [f for f in own for b in banned if inside(f, f"dcviz.{b}")]
    for room, banned in NEVER_OUTSIDE.items():
        if inside(name, room):
            assert not [f for f in found for b in banned if inside(f, b)]
    if not inside(name, "dcviz.ui"):
        assert not [f for f in found if inside(f, "streamlit")], "only ui, pages and app.py import streamlit"


def test_pages_import_neither_torch_nor_each_other_and_stay_short():
    for path in [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]:
        found = set(imports(path))
        assert not [f for f in found if inside(f, "torch") or inside(f, "pages") or inside(f, "app")], path
        assert len(path.read_text().splitlines()) <= 80, f"{path.name} is longer than 80 lines"


def test_the_loop_stays_an_algorithm_box():
    source = (PACKAGE / "condensing" / "loop.py").read_text()
    tree = ast.parse(source)
    lengths = {
        node.name: len(ast.unparse(node).splitlines()) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    }
    assert lengths["step"] + lengths["condense"] <= 80


def test_no_pickle_anywhere():
    for name, path in modules():
        text = path.read_text()
        assert "torch.save(" not in text, path
        assert "allow_pickle=True" not in text, path
        assert "weights_only=False" not in text, path
        if name != READS_TORCH:
            assert "import pickle" not in text, path
            assert "torch.load" not in text, path


def test_one_place_reads_files_of_torch_and_reads_nothing_but_tensors():
    """`torch.load` is called once, with weights_only=True; pickle is imported for the name of its error alone."""
    tree = ast.parse(dict(modules())[READS_TORCH].read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "torch.load"]
    assert len(calls) == 1
    assert {k.arg: ast.unparse(k.value) for k in calls[0].keywords}["weights_only"] == "True"
    used = {ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    assert {u for u in used if u.startswith("pickle.")} == {"pickle.UnpicklingError"}
    assert [u for u in used if u.endswith(".load") and not u.startswith("json")] == ["torch.load"]


def test_the_engine_imports_without_the_screen():
    code = (
        "import sys\n"
        "for name in ('streamlit', 'plotly', 'umap'): sys.modules[name] = None\n"
        "import dcviz, dcviz.registry, dcviz.data, dcviz.condensing.loop, dcviz.evaluation, dcviz.embed, dcviz.cli\n"
        "import dcviz.yardsticks, dcviz.runs.service, dcviz.runs.job, dcviz.runs.worker, dcviz.runs.configure\n"
        "dcviz.registry.known('discrepancy'); dcviz.condense; dcviz.load\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_names_and_help_come_without_torch():
    code = (
        "import sys, dcviz, dcviz.registry, dcviz.data, dcviz.runs.configure, dcviz.cli\n"
        "[dcviz.registry.known(k) for k in dcviz.registry.KINDS]\n"
        "dcviz.data.catalogue()\n"
        "heavy = {'torch', 'torchvision', 'sklearn', 'umap', 'plotly', 'streamlit'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_no_parameter_of_a_term_is_called_as_a_setting_of_the_run():
    """Both go by the same paths: the run's would hide the term's."""
    from dataclasses import fields

    from dcviz import registry
    from dcviz.records import RunConfig

    run = {f.name for f in fields(RunConfig)}
    for name, declared in registry.known("discrepancy").items():
        assert not run & set(declared.hypers()), name
