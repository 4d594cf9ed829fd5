"""What routes about devices ask for: the services, and a device that is the caller's."""

from typing import Annotated

from fastapi import Depends

from smriti.auth.dependencies import CurrentUser
from smriti.core.clock import Id
from smriti.core.edge import provide
from smriti.devices.models import Device
from smriti.devices.service import DeviceService

Devices = Annotated[DeviceService, Depends(provide(DeviceService))]


async def owned_device(client_id: Id, user: CurrentUser, devices: Devices) -> Device:
    return await devices.get(user.email, client_id)


OwnedDevice = Annotated[Device, Depends(owned_device)]
