"""Files that were read: one that has not changed since, and was dealt with, is not read again."""

from collections.abc import Mapping

from sqlalchemy import select, union_all, update

from incumbent.gateways.ledger.database import Database, insert_once
from incumbent.gateways.ledger.schema import batches, files, labels
from incumbent.records import BatchStatus


class Files(Database):
    """What was in which file, as it was when it was read."""

    def record_file(self, model: str, path: str, stamp: str, digest: str) -> None:
        """Note what a file held: the digest of a batch, or of an arrival of labels."""
        mine = (files.c.model == model, files.c.path == path)
        content = {"stamp": stamp, "digest": digest}
        with self._writing_about(model) as connection:
            new = insert_once(connection, files).values(model=model, path=path, **content)
            connection.execute(new)
            connection.execute(update(files).where(*mine).values(content))

    def files_done(self, model: str) -> Mapping[str, str]:
        """The files whose batch was handled, or whose labels were recorded: path to stamp."""
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
            .where(files.c.model == model)
        )
        with self._reading() as connection:
            found = connection.execute(union_all(handled, recorded))
            return {row.path: row.stamp for row in found}
