"""Files that were read: one that has not changed since, and was dealt with, is not read again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select, union_all, update

from incumbent.gateways.ledger.database import Database, insert_once
from incumbent.gateways.ledger.schema import batches, files, labels
from incumbent.records import BatchStatus


@dataclass(frozen=True)
class ReadFile:
    """A file that was read.

    Attributes:
        path: Where it is.
        stamp: Tells it from what it is once it has changed.
        digest: That of the batch, or of the arrival of labels, that it holds.
        until: Labels without their rows wait for a batch newer than this ordinal; None: none do.
    """

    path: str
    stamp: str
    digest: str
    until: int | None = None


class Files(Database):
    """What was in which file, as it was when it was read."""

    def record_file(self, model: str, file: ReadFile) -> None:
        """Note what a file held, in the place of what it held before."""
        mine = (files.c.model == model, files.c.path == file.path)
        content = {"stamp": file.stamp, "digest": file.digest, "until": file.until}
        with self._writing_about(model) as connection:
            new = insert_once(connection, files)
            connection.execute(new.values(model=model, path=file.path, **content))
            connection.execute(update(files).where(*mine).values(content))

    def looked_until(self, model: str, path: str, stamp: str) -> int | None:
        """The newest batch that was looked at for the rows of a file of labels.

        None where it was never read, or has changed since.
        """
        mine = (files.c.model == model, files.c.path == path, files.c.stamp == stamp)
        with self._reading() as connection:
            found: int | None = connection.scalar(select(files.c.until).where(*mine))
        return found

    def labels_waiting(self, model: str) -> tuple[str, ...]:
        """Paths of the files of labels that wait for their rows, in alphabetical order."""
        mine = (files.c.model == model, files.c.until.is_not(None))
        with self._reading() as connection:
            query = select(files.c.path).where(*mine).order_by(files.c.path)
            return tuple(connection.scalars(query))

    def contents(self, model: str, paths: Collection[str]) -> Mapping[str, str]:
        """Digest of what each of some files held when it was read last, by path."""
        mine = (files.c.model == model, files.c.path.in_(paths))
        with self._reading() as connection:
            found = connection.execute(select(files.c.path, files.c.digest).where(*mine))
            return {row.path: row.digest for row in found}

    def files_done(self, model: str) -> Mapping[str, str]:
        """The files whose batch was handled, or whose labels have all found their rows.

        Returns:
            Path to stamp.
        """
        handled = (
            select(files.c.path, files.c.stamp)
            .join(
                batches,
                (files.c.model == batches.c.model) & (files.c.digest == batches.c.digest),
            )
            .where(files.c.model == model, batches.c.status != BatchStatus.STARTED.value)
        )
        recorded = (
            select(files.c.path, files.c.stamp)
            .join(labels, (files.c.model == labels.c.model) & (files.c.digest == labels.c.digest))
            .where(files.c.model == model, files.c.until.is_(None))
        )
        with self._reading() as connection:
            found = connection.execute(union_all(handled, recorded))
            return {row.path: row.stamp for row in found}
