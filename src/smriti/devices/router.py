"""Devices over HTTP, as their owner sees them."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from smriti.auth.keys.dependencies import AdminUser, DevicesUser
from smriti.core.clock import Id
from smriti.core.edge import PROBLEMS, Paging
from smriti.core.paging import Page
from smriti.devices.dependencies import Devices, DeviceSessions, OwnedDevice, Watching
from smriti.devices.models import DeviceUpdate, DeviceView, SessionSummary
from smriti.realtime.sse import sse_response

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-Sent Events, each of them a device.",
        "content": {
            "text/event-stream": {
                "itemSchema": {
                    "type": "object",
                    "properties": {
                        "data": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "contentSchema": {"$ref": "#/components/schemas/DeviceView"},
                        }
                    },
                    "required": ["data"],
                }
            }
        },
    }
}

router = APIRouter(prefix="/devices", tags=["devices"], responses=PROBLEMS)


@router.get("", summary="List your devices, and which are online")
async def list_devices(user: DevicesUser, devices: Devices) -> list[DeviceView]:
    return await devices.listing(user.email)


@router.get(
    "/events",
    summary="Watch your devices: each as it is, and again whenever it changes",
    description="A device is told anew when it comes or goes, begins or ends a task, or is changed "
    "by its owner; what happens at other processes of the server, after some seconds. The stream "
    "ends after ten minutes: open it again. At most 4 of a user may be open (409).",
    response_class=StreamingResponse,
    responses=_STREAM,
)
async def watch_devices(watch: Watching) -> Response:
    return sse_response(await watch.follow())


@router.get("/{client_id}", summary="Get a device")
async def get_device(device: OwnedDevice, devices: Devices) -> DeviceView:
    return devices.view(device)


@router.patch("/{client_id}", summary="Change a device's label, agent, approvals or tool key")
async def update_device(
    client_id: Id, change: DeviceUpdate, user: AdminUser, devices: Devices
) -> DeviceView:
    return await devices.update(user.email, client_id, change)


@router.delete("/{client_id}", status_code=204, summary="Forget a device and hang up on it")
async def delete_device(client_id: Id, user: AdminUser, devices: Devices) -> None:
    await devices.delete(user.email, client_id)


@router.get("/{client_id}/sessions", summary="List what a device did, newest first")
async def list_sessions_of_device(
    device: OwnedDevice, sessions: DeviceSessions, page: Paging
) -> Page[SessionSummary]:
    return await sessions.page(device.created_by, page, client_id=device.client_id)
