"""Every law of the store, on SQLite and PostgreSQL (the ``store`` fixture's parameter)."""

from tests.contracts import store_catalogue, store_feedback


class TestPatents(store_catalogue.PatentLaws):
    """Patents."""


class TestFirms(store_catalogue.FirmLaws):
    """Firms."""


class TestDemands(store_catalogue.DemandLaws):
    """Demands."""


class TestRelations(store_catalogue.RelationLaws):
    """Relations."""


class TestTransactions(store_catalogue.TransactionLaws):
    """Transactions."""


class TestFeedback(store_feedback.FeedbackLaws):
    """Feedback."""


def test_no_law_escapes() -> None:
    laws = {
        law
        for module in (store_catalogue, store_feedback)
        for law in vars(module).values()
        if isinstance(law, type) and law.__name__.endswith("Laws")
    }
    run = {base for test in globals().values() if isinstance(test, type) for base in test.__bases__}
    assert laws <= run
