"""What people write on runs: a name, a note, tags."""

from __future__ import annotations

from collections.abc import Iterable

from dcviz.errors import Refused
from dcviz.runs.home import Home, number, touch

NAME_LENGTH, NOTE_LENGTH, TAG_LENGTH = 120, 20_000, 40  # characters, at most
MOST_TAGS = 20  # of one run


class Labels(Home):
    """Names, notes and tags. Who replaces a text is told what stood there: somebody else may just have written it."""

    def rename(self, run: str, name: str) -> str:
        """Give a run a name; returns the one before."""
        return self._set(run, "name", short("a name", name, NAME_LENGTH))

    def annotate(self, run: str, note: str) -> str:
        """Write a note about a run; returns the one before."""
        return self._set(run, "note", short("a note", note, NOTE_LENGTH))

    def _set(self, run: str, column: str, value: str) -> str:
        with self.db.write() as db:
            row = number(db, run)
            (before,) = db.execute(f"SELECT {column} FROM runs WHERE number = ?", (row,)).fetchone()
            db.execute(f"UPDATE runs SET {column} = ? WHERE number = ?", (value, row))
            touch(db, row)
        return str(before)

    def tag(self, run: str, *tags: str) -> None:
        """Add tags to a run; one that it has is left as it is, however it is spelled."""
        tags = tuple(check_tag(tag) for tag in tags)
        with self.db.write() as db:
            row = number(db, run)
            db.executemany("INSERT OR IGNORE INTO tags (run, tag) VALUES (?, ?)", [(row, tag) for tag in tags])
            (count,) = db.execute("SELECT COUNT(*) FROM tags WHERE run = ?", (row,)).fetchone()
            if count > MOST_TAGS:
                raise Refused(f"{run} would have {count} tags: keep it to {MOST_TAGS}.")
            touch(db, row)

    def untag(self, run: str, *tags: str) -> None:
        """Take tags off a run; one that it has not is passed over."""
        with self.db.write() as db:
            row = number(db, run)
            db.executemany("DELETE FROM tags WHERE run = ? AND tag = ?", [(row, tag) for tag in tags])
            touch(db, row)

    def tags(self) -> dict[str, int]:
        """Every tag in use, by the alphabet, and how many runs have it."""
        query = (
            "SELECT t.tag, COUNT(*) FROM tags t JOIN runs r ON r.number = t.run WHERE r.deleted IS NULL "
            "GROUP BY t.tag ORDER BY t.tag"
        )
        with self.db.read() as db:
            return dict(db.execute(query).fetchall())


def check_tag(tag: str) -> str:
    """The tag without spaces around it, or a refusal."""
    tag = short("a tag", tag, TAG_LENGTH)
    if not tag or "," in tag or not tag.isprintable():
        raise Refused(f"{tag!r} cannot be a tag: write a word or a few, without commas or line breaks.")
    return tag


def split_tags(text: str) -> Iterable[str]:
    """Tags from a text with commas between them.

    >>> list(split_tags("first try, , energy"))
    ['first try', 'energy']
    """
    return filter(None, map(str.strip, text.split(",")))


def short(what: str, text: str, length: int) -> str:
    """A text without spaces around it, or a refusal of one that is too long."""
    if len(text) > length:
        raise Refused(f"{what} of {len(text)} characters is too long: keep it to {length}.")
    return text.strip()
