"""What routes about devices ask for: the services, and a device that is the caller's."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Security

from smriti.auth.keys.dependencies import DevicesUser, ScopedUser
from smriti.core.clock import Id
from smriti.core.edge import provide
from smriti.devices.dispatch import Dispatcher
from smriti.devices.models import Device
from smriti.devices.service import DeviceService
from smriti.devices.sessions import Sessions
from smriti.devices.watching import Watch, Watches

DeviceSessions = Annotated[Sessions, Depends(provide(Sessions))]
Devices = Annotated[DeviceService, Depends(provide(DeviceService))]
Dispatching = Annotated[Dispatcher, Depends(provide(Dispatcher))]


async def watch(
    user: DevicesUser, watches: Annotated[Watches, Depends(provide(Watches))]
) -> AsyncIterator[Watch]:
    with watches.opened(user.email) as opened:
        yield opened


# A stream of the caller's machines, which counts until its response has ended.
Watching = Annotated[Watch, Depends(watch)]


async def owned_device(client_id: Id, user: ScopedUser, devices: Devices) -> Device:
    return await devices.get(user.email, client_id)


OwnedDevice = Annotated[Device, Security(owned_device, scopes=["devices"])]
