"""One thread: on small data several are slower, above all beside other test workers."""

import pytest
import sklearn.cluster  # noqa: F401  loads the libraries whose threads are limited
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield
