"""A shop whose pages embed one of alice's agents."""

import pytest

from tests.home import Home
from tests.widget.shop import Shop


@pytest.fixture
async def shop(home: Home) -> Shop:
    return await Shop.opened(home)
