"""What routes about devices ask for: the services, and a device that is the caller's."""

from typing import Annotated

from fastapi import Depends, Security

from smriti.auth.keys.dependencies import ScopedUser
from smriti.core.clock import Id
from smriti.core.edge import provide
from smriti.devices.dispatch import Dispatcher
from smriti.devices.models import Device
from smriti.devices.service import DeviceService
from smriti.devices.sessions import Sessions

DeviceSessions = Annotated[Sessions, Depends(provide(Sessions))]
Devices = Annotated[DeviceService, Depends(provide(DeviceService))]
Dispatching = Annotated[Dispatcher, Depends(provide(Dispatcher))]


async def owned_device(client_id: Id, user: ScopedUser, devices: Devices) -> Device:
    return await devices.get(user.email, client_id)


OwnedDevice = Annotated[Device, Security(owned_device, scopes=["devices"])]
