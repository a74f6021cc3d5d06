"""Every law of the store, on SQLite and PostgreSQL (the ``store`` fixture's parameter)."""

from tests.contracts import (
    store_catalogue,
    store_changes,
    store_feedback,
    store_jobs,
    store_manners,
    store_stock,
)


class TestPatents(store_catalogue.PatentLaws):
    """Patents."""


class TestFirms(store_catalogue.FirmLaws):
    """Firms."""


class TestDemands(store_catalogue.DemandLaws):
    """Demands."""


class TestRelations(store_catalogue.RelationLaws):
    """Relations."""


class TestChanges(store_changes.ChangeLaws):
    """Changes of the catalogue."""


class TestTransactions(store_catalogue.TransactionLaws):
    """Transactions."""


class TestFeedback(store_feedback.FeedbackLaws):
    """Feedback."""


class TestDeclarations(store_stock.DeclarationLaws):
    """Declarations."""


class TestStatuses(store_stock.StatusLaws):
    """Statuses."""


class TestHistory(store_stock.HistoryLaws):
    """History."""


class TestContacts(store_stock.ContactLaws):
    """Contacts."""


class TestGroups(store_stock.GroupLaws):
    """Groups."""


class TestImportJobs(store_jobs.ImportJobLaws):
    """Import jobs."""


class TestKeptAnswers(store_manners.KeptAnswerLaws):
    """Kept answers."""


class TestSnapshots(store_manners.SnapshotLaws):
    """Snapshots of lists."""


def test_no_law_escapes() -> None:
    laws = {
        law
        for module in (
            *(store_catalogue, store_changes, store_feedback),
            *(store_jobs, store_manners, store_stock),
        )
        for law in vars(module).values()
        if isinstance(law, type) and law.__name__.endswith("Laws")
    }
    run = {base for test in globals().values() if isinstance(test, type) for base in test.__bases__}
    assert laws <= run
