"""The import budget: a cold start imports what imports.txt names, and nothing else."""

from tests.benchmarks import imports


def test_the_first_answer_imports_what_the_budget_names() -> None:
    """The message names each import that is missing in the list, and each that is no longer imported."""
    found = imports.third_party(imports.measure())
    assert sorted(found - imports.budget()) == [], "not in tests/benchmarks/imports.txt"
    assert sorted(imports.budget() - found) == [], "no longer imported: take it out of tests/benchmarks/imports.txt"


def test_nothing_of_the_optional_packages_is_imported() -> None:
    """Tracing and retries cost nothing until they are needed."""
    optional = {"opentelemetry", "urllib3", "tenacity", "flask", "werkzeug", "cloudevents", "click"}
    assert not optional & imports.budget()
