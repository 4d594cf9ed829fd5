"""Addresses that users give."""

import httpcore2
import pytest

from smriti.core.outbound import AddressRefused, outbound_client, public_address

PRIVATE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - refused here
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:127.0.0.1",
    "localhost",
]


@pytest.mark.parametrize("host", PRIVATE)
async def test_a_private_address_is_refused_with_what_to_set(host: str) -> None:
    with pytest.raises(AddressRefused, match="ALLOW_PRIVATE_NETWORKS=on"):
        await public_address(host, 80)


@pytest.mark.parametrize("host", ["8.8.8.8", "2001:4860:4860::8888"])
async def test_a_public_address_is_taken_as_it_is(host: str) -> None:
    assert await public_address(host, 443) == host


async def test_a_name_that_does_not_exist_cannot_be_connected_to() -> None:
    with pytest.raises(httpcore2.ConnectError, match="cannot be resolved"):
        await public_address("nowhere.invalid", 80)


async def test_the_guarded_client_refuses_before_it_connects() -> None:
    async with outbound_client(allow_private=False) as http:
        with pytest.raises(AddressRefused):
            await http.get("http://127.0.0.1:9/")
