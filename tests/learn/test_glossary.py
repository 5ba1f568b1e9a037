"""The glossary holds every word and every declaration, and finds them."""

import pytest

from dcviz import registry
from dcviz.learn.glossary import KINDS, WORDS, glossary, search

VOCABULARY = (
    "real set", "synthetic set", "budget", "discrepancy", "divergence", "regime", "unified view", "preset",
    "objective beyond", "run", "snapshot", "recipe", "yardstick",
)  # fmt: skip


@pytest.mark.parametrize("word", VOCABULARY)
def test_the_vocabulary_is_there(word):
    assert search(word)[0].name.casefold().startswith(word)


def test_every_declaration_speaks_for_itself():
    names = {name for entry in glossary() for name in entry.also}
    for kind in KINDS:
        assert set(registry.known(kind)) <= names
    assert all(entry.meaning.endswith((".", "…", "?", ")")) for entry in glossary())
    assert all(entry.formula for entry in glossary() if entry.kind == "divergence")


def test_a_search_wants_every_word_and_puts_names_first():
    assert search("Goodhart")[0].name == "parting"
    assert search("arno") == []
    assert {entry.kind for entry in search("transport divergence")} <= {"divergence", ""}
    assert search("mean")[0].name.startswith("mean")
    assert search("") == list(glossary())
    assert search("kernel", WORDS)[0].name == "bandwidth h"
