"""The import budget: a cold start imports what imports.txt names, and nothing else."""

from tests.benchmarks import imports


def test_the_first_answer_imports_what_the_budget_names() -> None:
    """An import that nobody asked for, or one that is no longer needed, is named."""
    found = imports.third_party(imports.measure())
    assert sorted(found - imports.budget()) == [], "not in tests/benchmarks/imports.txt"
    assert sorted(imports.budget() - found) == [], "no longer imported: take it out of tests/benchmarks/imports.txt"


def test_nothing_of_the_optional_packages_is_imported() -> None:
    """Tracing and retries cost nothing until they are needed."""
    optional = {"opentelemetry", "urllib3", "tenacity", "flask", "werkzeug", "cloudevents", "click"}
    assert not optional & imports.budget()
