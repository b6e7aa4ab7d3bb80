import pytest

from tools import CI, PROGRAM, Missing


def unavailable(reason: str):
    """What is missing is a reason to skip on a developer's machine, never where tests must be complete."""
    if CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except Missing as reason:
        unavailable(str(reason))


@pytest.fixture(scope="session")
def program():
    if not PROGRAM.exists():
        unavailable(f"there is no {PROGRAM}; scripts/build release tributary builds it")
    return PROGRAM
